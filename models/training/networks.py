"""The two networks, with the weight names that the inference engine reads."""
import torch
import torch.nn as nn
from torchvision.models.densenet import DenseNet

UNET = dict(in_channels=1, out_channels=4, base_width=12, depth=5)
DENSENET = dict(growth_rate=16, block_config=(4, 8, 12, 8), init_features=32, bn_size=4)


class Level(nn.Module):
    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)

    def forward(self, x):
        x = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(x)))


class UNet(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, base_width: int, depth: int):
        super().__init__()
        width = [base_width * 2**i for i in range(depth)]
        self.depth = depth
        for i in range(depth):
            setattr(self, f"enc{i}", Level(in_channels if i == 0 else width[i - 1], width[i]))
        for i in reversed(range(depth - 1)):
            setattr(self, f"up{i}", nn.ConvTranspose2d(width[i + 1], width[i], 2, stride=2))
            setattr(self, f"dec{i}", Level(2 * width[i], width[i]))
        self.head = nn.Conv2d(base_width, out_channels, 1)

    def forward(self, x):
        skips = []
        for i in range(self.depth):
            x = getattr(self, f"enc{i}")(x if i == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        for i in reversed(range(self.depth - 1)):
            x = getattr(self, f"dec{i}")(torch.cat([skips[i], getattr(self, f"up{i}")(x)], 1))
        return self.head(x)


def densenet(n_classes: int, drop_rate: float = 0.0) -> DenseNet:
    """torchvision's DenseNet with a one-channel stem."""
    d = DENSENET
    network = DenseNet(d["growth_rate"], d["block_config"], d["init_features"], d["bn_size"], drop_rate, n_classes)
    network.features.conv0 = nn.Conv2d(1, d["init_features"], 7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(network.features.conv0.weight)
    return network


class Average:
    """Exponential moving average of weights and batch-norm buffers; `copy_to` puts it into a network."""

    def __init__(self, network: nn.Module, decay: float):
        self.decay, self.n_updates = decay, 0
        self.state = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module):
        self.n_updates += 1
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        for k, v in network.state_dict().items():
            if v.is_floating_point():
                self.state[k].lerp_(v, 1 - decay)
            else:
                self.state[k].copy_(v)

    def copy_to(self, network: nn.Module):
        network.load_state_dict(self.state)
