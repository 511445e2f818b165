"""Writes tiny random models with the outputs PyTorch gives: every network of the program, with reduced widths.

Run from the repository's root: python tests/cases/inference/tiny/make.py [function …] (needs models/training/requirements.txt).
"""
import hashlib
import sys
from pathlib import Path

import torch
import torch.nn as nn
from safetensors.torch import save_file
from torchvision.models.densenet import DenseNet
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import BasicBlock, Bottleneck

sys.path.insert(0, "models/training")
from networks import UNet  # noqa: E402

HERE = Path(__file__).parent


def shaken(network: nn.Module) -> nn.Module:
    """Batch norms with statistics that matter."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.3, 2.0)
    return network.eval()


def save(folder: str, network: nn.Module, golden: dict, card: str):
    (HERE / folder).mkdir(exist_ok=True)
    state = {k: v.contiguous() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(state, HERE / folder / "model.safetensors")
    save_file({k: v.detach().contiguous() for k, v in golden.items()}, HERE / folder / "golden.safetensors")
    for name in ("model", "golden"):
        digest = hashlib.sha256((HERE / folder / f"{name}.safetensors").read_bytes()).hexdigest()
        card = card.replace(f"<{name}>", digest)
    (HERE / folder / "model.toml").write_text(card)


def head(name: str, task: str) -> str:
    return f"""schema = 1
id = "{name}"
name = "Tiny {task}"
version = "0.0.1"
task = "{task}"
summary = "Random weights"
intended_use = "Tests"
not_for = "Anything else"
license = "As the repository"

[weights]
file = "model.safetensors"
sha256 = "<model>"

[golden]
file = "golden.safetensors"
sha256 = "<golden>"
tolerance = 1e-4
"""


def input_table(rows: int, cols: int) -> str:
    return f"""
[input]
modalities = ["DX"]
body_parts = ["CHEST"]
views = ["PA"]
orientation = ["L", "F"]
rows = {rows}
cols = {cols}
channels = 1
polarity = "bright_is_dense"
intensity = {{ kind = "percentile", low = 1.0, high = 99.0 }}
fit = "letterbox"
resize = "triangle_antialias"
mean = 0.5
std = 0.25
"""


def tiny_densenet():
    torch.manual_seed(11)
    network = DenseNet(4, (2, 3), 8, 2, 0.0, 2)
    network.features.conv0 = nn.Conv2d(1, 8, 7, stride=2, padding=3, bias=False)
    network = shaken(network)
    x = torch.randn(1, 1, 44, 58)
    features = torch.relu(network.features(x))
    logits = network.classifier(features.mean((2, 3)))
    cams = []
    for column in range(2):
        (gradient,) = torch.autograd.grad(logits[0, column], features, retain_graph=True)
        cams.append(torch.relu((gradient.mean((2, 3), keepdim=True) * features).sum(1))[0])
    labels = "".join(f"""
[[label]]
index = {i}
id = "label_{i}"
name = "Label {i}"
code = {{ scheme = "99TEST", value = "{i}", meaning = "Label {i}" }}
auroc = 0.5
auroc_ci = [0.4, 0.6]
operating_point = {{ threshold = 0.5, sensitivity = 0.5, specificity = 0.5, set = "none", n = 1 }}
""" for i in range(2))
    card = head("densenet", "classification") + """
[architecture]
network = "densenet"
in_channels = 1
n_classes = 2
growth_rate = 4
block_config = [2, 3]
init_features = 8
bn_size = 2
""" + input_table(44, 58) + """
[output]
activation = "sigmoid"
calibrated = true
temperature = 2.0

[calibration]
method = "temperature"
set = "none"
n = 1

[saliency]
method = "grad-cam"
layer = "features.norm5"
contour_fraction = 0.5
""" + labels
    save("densenet", network, {"input": x, "output": logits, "cam": torch.stack(cams)}, card)


def tiny_unet():
    torch.manual_seed(12)
    network = shaken(UNet(1, 3, 4, 3))
    x = torch.randn(1, 1, 24, 32)
    segments = "".join(f"""
[[segment]]
index = {i}
id = "part_{i}"
name = "Part {i}"
color = [{i}, 2, 3]
code = {{ scheme = "99TEST", value = "{i}", meaning = "Part {i}" }}
""" for i in (1, 2))
    card = head("unet", "segmentation") + """
[architecture]
network = "unet"
in_channels = 1
out_channels = 3
base_width = 4
depth = 3
norm = "batch"
up = "transposed"
""" + input_table(24, 32) + """
[output]
activation = "softmax"
calibrated = false
temperature = 1.0
""" + segments
    save("unet", network, {"input": x, "output": network(x)}, card)


class SmallResnet(nn.Module):
    """torchvision's blocks and names, from another width than 64."""

    def __init__(self, block: type, block_config: list, base: int, n_classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(1, base, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        n_in = base
        for i, n_blocks in enumerate(block_config):
            width, blocks = base * 2**i, []
            for j in range(n_blocks):
                stride, n_out = 2 if i > 0 and j == 0 else 1, width * block.expansion
                down = None
                if stride > 1 or n_in != n_out:
                    down = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
                blocks.append(block(n_in, width, stride, down))
                n_in = n_out
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.n_stages = len(block_config)
        self.fc = nn.Linear(n_in, n_classes)

    def features(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(self.n_stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return x


class PlainCnn(nn.Module):
    def __init__(self, widths: list, convs_per_stage: int, n_classes: int):
        super().__init__()
        n_in = 1
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


def tiny_classifier(name: str, network: nn.Module, head_layer: nn.Module, architecture: str, layer: str):
    torch.manual_seed(13)
    network = shaken(network)
    x = torch.randn(1, 1, 75, 90)
    features = network.features(x)
    logits = head_layer(features.mean((2, 3)))
    cams = []
    for column in range(2):
        (gradient,) = torch.autograd.grad(logits[0, column], features, retain_graph=True)
        cams.append(torch.relu((gradient.mean((2, 3), keepdim=True) * features).sum(1))[0])
    labels = "".join(f"""
[[label]]
index = {i}
id = "label_{i}"
name = "Label {i}"
code = {{ scheme = "99TEST", value = "{i}", meaning = "Label {i}" }}
operating_point = {{ threshold = 0.5, sensitivity = 0.5, specificity = 0.5, set = "none", n = 1 }}
""" for i in range(2))
    card = head(name, "classification") + f"""
[architecture]
in_channels = 1
n_classes = 2
{architecture}
""" + input_table(75, 90) + f"""
[output]
activation = "sigmoid"
calibrated = false
temperature = 1.0

[saliency]
method = "grad-cam"
layer = "{layer}"
contour_fraction = 0.5
""" + labels
    save(name, network, {"input": x, "output": logits, "cam": torch.stack(cams)}, card)


def tiny_resnets():
    for block, word, config in ((BasicBlock, "basic", [1, 2]), (Bottleneck, "bottleneck", [2, 1])):
        torch.manual_seed(14)
        network = SmallResnet(block, config, 8, 2)
        architecture = f'network = "resnet"\nblock = "{word}"\nblock_config = {config}\nbase_width = 8'
        tiny_classifier(f"resnet-{word}", network, network.fc, architecture, "layers")


def tiny_plain_cnn():
    torch.manual_seed(15)
    network = PlainCnn([8, 16, 20], 2, 2)
    architecture = 'network = "plain_cnn"\nwidths = [8, 16, 20]\nconvs_per_stage = 2'
    tiny_classifier("plain-cnn", network, network.classifier, architecture, "stages")


def tiny_efficientnet():
    torch.manual_seed(16)
    # Expansion, kernel, stride, inputs, outputs, blocks.
    stages = [(1, 3, 1, 8, 16, 1), (6, 5, 2, 16, 16, 2), (4, 3, 2, 16, 24, 2)]
    network = EfficientNet([MBConvConfig(*stage) for stage in stages], 0.0, num_classes=2, last_channel=40)
    network.features[0][0] = nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False)
    tables = ", ".join(
        f"{{ expansion = {e}, kernel = {k}, stride = {s}, width = {o}, n_blocks = {n} }}" for e, k, s, _, o, n in stages
    )
    architecture = f'network = "efficientnet"\nstem_width = 8\nhead_width = 40\nstages = [{tables}]'
    tiny_classifier("efficientnet", network, network.classifier[1], architecture, "features")


ALL = [tiny_densenet, tiny_unet, tiny_resnets, tiny_plain_cnn, tiny_efficientnet]
for make in ALL:
    if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
        make()
