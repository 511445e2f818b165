"""Writes what PyTorch gives for whole networks with hashed weights: only outputs are kept, weights and input are made again.

Run from the repository's root: python tests/cases/inference/full/make.py [name …] (needs models/training/requirements.txt).
"""
import json
import sys
from pathlib import Path

import torch
import torch.nn as nn
import torchvision.models as tv
from torchvision.models.densenet import DenseNet

sys.path.insert(0, str(Path(__file__).parent))
from hashed import fill, noise  # noqa: E402

HERE = Path(__file__).parent


class Level(nn.Module):
    def __init__(self, n_in: int, n_out: int, norm: str, residual: bool):
        super().__init__()
        kinds = {"batch": nn.BatchNorm2d, "instance": lambda n: nn.InstanceNorm2d(n, affine=True)}
        for i, width in ((1, n_in), (2, n_out)):
            setattr(self, f"conv{i}", nn.Conv2d(width, n_out, 3, padding=1, bias=norm == "none"))
            if norm != "none":
                setattr(self, f"norm{i}", kinds[norm](n_out))
        if residual:
            self.skip = nn.Conv2d(n_in, n_out, 1)
        self.norm, self.residual = norm, residual

    def forward(self, x):
        norm1, norm2 = (getattr(self, f"norm{i}") if self.norm != "none" else nn.Identity() for i in (1, 2))
        inner = norm2(self.conv2(torch.relu(norm1(self.conv1(x)))))
        return torch.relu(inner + self.skip(x) if self.residual else inner)


class UNet(nn.Module):
    def __init__(self, in_channels, out_channels, base_width, depth, norm="batch", residual=False):
        super().__init__()
        width = [base_width * 2**i for i in range(depth)]
        self.depth = depth
        for i in range(depth):
            setattr(self, f"enc{i}", Level(in_channels if i == 0 else width[i - 1], width[i], norm, residual))
        for i in range(depth - 1):
            setattr(self, f"up{i}", nn.ConvTranspose2d(width[i + 1], width[i], 2, stride=2))
            setattr(self, f"dec{i}", Level(2 * width[i], width[i], norm, residual))
        self.head = nn.Conv2d(base_width, out_channels, 1)

    def forward(self, x):
        skips = []
        for i in range(self.depth):
            x = getattr(self, f"enc{i}")(x if i == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        for i in reversed(range(self.depth - 1)):
            x = getattr(self, f"dec{i}")(torch.cat([skips[i], getattr(self, f"up{i}")(x)], 1))
        return self.head(x)


class PlainCnn(nn.Module):
    def __init__(self, in_channels, widths, convs_per_stage, n_classes):
        super().__init__()
        n_in = in_channels
        for i, width in enumerate(widths):
            stage = nn.Module()
            for j in range(1, convs_per_stage + 1):
                setattr(stage, f"conv{j}", nn.Conv2d(n_in, width, 3, padding=1, bias=False))
                setattr(stage, f"norm{j}", nn.BatchNorm2d(width))
                n_in = width
            setattr(self, f"stage{i}", stage)
        self.n_stages, self.convs_per_stage = len(widths), convs_per_stage
        self.classifier = nn.Linear(n_in, n_classes)

    def features(self, x):
        for i in range(self.n_stages):
            stage = getattr(self, f"stage{i}")
            x = x if i == 0 else nn.functional.max_pool2d(x, 2)
            for j in range(1, self.convs_per_stage + 1):
                x = torch.relu(getattr(stage, f"norm{j}")(getattr(stage, f"conv{j}")(x)))
        return x


def densenet(config: tuple):
    network = DenseNet(32, config, 64, 4, 0.0, 2)
    network.features.conv0 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    spec = dict(network="densenet", in_channels=1, n_classes=2, growth_rate=32, block_config=config, init_features=64, bn_size=4)
    return spec, network, lambda x: torch.relu(network.features(x)), network.classifier


def resnet(make, block: str, config: list):
    network = make(num_classes=2)

    def features(x):
        x = network.maxpool(torch.relu(network.bn1(network.conv1(x))))
        return network.layer4(network.layer3(network.layer2(network.layer1(x))))

    spec = dict(network="resnet", in_channels=3, n_classes=2, block=block, block_config=config, base_width=64)
    return spec, network, features, network.fc


def efficientnet():
    network = tv.efficientnet_b0(num_classes=2)
    keys = ("expansion", "kernel", "stride", "width", "n_blocks")
    rows = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]
    stages = [dict(zip(keys, row)) for row in rows]
    spec = dict(network="efficientnet", in_channels=3, n_classes=2, stem_width=32, head_width=1280, stages=stages)
    return spec, network, network.features, network.classifier[1]


def plain_cnn():
    network = PlainCnn(1, [32, 64, 128, 256], 2, 2)
    return dict(network="plain_cnn", in_channels=1, n_classes=2, widths=[32, 64, 128, 256], convs_per_stage=2), network, network.features, network.classifier


def unet(base_width: int, depth: int, norm: str, residual: bool):
    network = UNet(1, 3, base_width, depth, norm, residual)
    return dict(network="unet", in_channels=1, out_channels=3, base_width=base_width, depth=depth, norm=norm, up="transposed", residual=residual), network, None, None


CASES = {
    "densenet121": lambda: densenet((6, 12, 24, 16)),
    "densenet169": lambda: densenet((6, 12, 32, 32)),
    "resnet18": lambda: resnet(tv.resnet18, "basic", [2, 2, 2, 2]),
    "resnet34": lambda: resnet(tv.resnet34, "basic", [3, 4, 6, 3]),
    "resnet50": lambda: resnet(tv.resnet50, "bottleneck", [3, 4, 6, 3]),
    "efficientnet-b0": efficientnet,
    "plain-cnn": plain_cnn,
    "unet-batch": lambda: unet(32, 5, "batch", False),
    "unet-instance": lambda: unet(16, 4, "instance", False),
    "unet-none": lambda: unet(16, 3, "none", False),
    "unet-residual": lambda: unet(16, 5, "batch", True),
}
ROWS, COLS = 64, 96

for name in sys.argv[1:] or CASES:
    spec, network, features, head = CASES[name]()
    fill(network)
    shape = (1, spec["in_channels"], ROWS, COLS)
    x = torch.from_numpy(noise("input", shape[1] * ROWS * COLS)).float().reshape(shape)
    case = dict(torch=torch.__version__, architecture=spec, rows=ROWS, cols=COLS)
    with torch.inference_mode():
        if features is None:
            case["output_stride"] = 37
            case["output"] = network(x).flatten()[::37].tolist()
        else:
            maps = features(x)
            case["output"] = head(maps.mean((2, 3)))[0].tolist()
            # Grad-CAM for a linear head behind global pooling: the weights over the number of pixels.
            weights = head.weight[:, :, None, None] / (maps.shape[2] * maps.shape[3])
            case["maps"] = torch.relu((weights * maps).sum(1)).flatten().tolist()
            case["output_stride"] = 1
    (HERE / f"{name}.json").write_text(json.dumps(case))
    print(name, [round(v, 4) for v in case["output"][:4]], max(map(abs, case["output"])))
