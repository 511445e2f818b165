"""Writes maps of the tiny DenseNet's golden input as PyTorch's autograd gives them.

Run from the repository's root: python tests/cases/inference/explain/make.py (needs models/training/requirements.txt).
Grad-CAM++ as in jacobgil/pytorch-grad-cam.
"""
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torchvision.models.densenet import DenseNet

HERE = Path(__file__).parent
TINY = HERE / "../tiny/densenet"


def main():
    network = DenseNet(4, (2, 3), 8, 2, 0.0, 2)
    network.features.conv0 = torch.nn.Conv2d(1, 8, 7, stride=2, padding=3, bias=False)
    network.load_state_dict(load_file(TINY / "model.safetensors"), strict=False)
    network.eval()
    x = load_file(TINY / "golden.safetensors")["input"].reshape(1, 1, 44, 58)
    features = torch.relu(network.features(x))
    logits = network.classifier(features.mean((2, 3)))
    maps = {"grad-cam": [], "grad-cam++": [], "cam": []}
    for label in range(2):
        (g,) = torch.autograd.grad(logits[0, label], features, retain_graph=True)
        total = features.sum((2, 3), keepdim=True)
        alpha = g**2 / (2 * g**2 + total * g**3 + 1e-6)
        alpha = torch.where(g != 0, alpha, torch.zeros_like(alpha))
        weights = {
            "grad-cam": g.mean((2, 3), keepdim=True),
            "grad-cam++": (torch.relu(g) * alpha).sum((2, 3), keepdim=True),
            "cam": network.classifier.weight[label].reshape(1, -1, 1, 1),
        }
        for method, weight in weights.items():
            maps[method].append(torch.relu((weight * features).sum(1))[0])
    save_file({method: torch.stack(each).detach().contiguous() for method, each in maps.items()}, HERE / "maps.safetensors")


main()
