"""Writes two tiny random models with the outputs PyTorch gives: a densenet of odd sizes and a U-Net of three levels.

Run from the repository's root: python tests/cases/inference/tiny/make.py (needs models/training/requirements.txt).
"""
import hashlib
import sys
from pathlib import Path

import torch
import torch.nn as nn
from safetensors.torch import save_file
from torchvision.models.densenet import DenseNet

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


tiny_densenet()
tiny_unet()
