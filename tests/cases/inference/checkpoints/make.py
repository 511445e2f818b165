"""Writes the weights of ../tiny/densenet as PyTorch saves them, in every dress that is read, and one that is refused.

Run from the repository's root: python tests/cases/inference/checkpoints/make.py (needs models/training/requirements.txt).
"""
import re
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file
from torchvision.models.densenet import DenseNet

HERE = Path(__file__).parent


def old_name(name: str) -> str:
    """As DenseNets were named before PyTorch 0.4: `norm.1` for `norm1`."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name)


def main():
    state = load_file(HERE / "../tiny/densenet/model.safetensors")
    counted = OrderedDict(state)
    counted["features.norm0.num_batches_tracked"] = torch.tensor(7)
    torch.save(counted, HERE / "state_dict.pth")

    # CheXNet's checkpoint: data-parallel, its own class around, a classifier in a Sequential, the old file format.
    chexnet = OrderedDict(
        ("module.densenet121." + old_name(name).replace("classifier.", "classifier.0."), value)
        for name, value in state.items()
    )
    torch.save(
        {"epoch": 3, "best_loss": 0.5, "state_dict": chexnet, "optimizer": {"state": {}, "param_groups": [{"lr": 1e-3}]}},
        HERE / "chexnet.pth.tar",
        _use_new_zipfile_serialization=False,
    )

    # A whole module, as TorchXRayVision's files have it, with a buffer that no prediction needs.
    network = DenseNet(growth_rate=4, block_config=(2, 3), num_init_features=8, bn_size=2, num_classes=2)
    network.features.conv0 = torch.nn.Conv2d(1, 8, 7, 2, 3, bias=False)
    network.load_state_dict({k: v for k, v in state.items()}, strict=False)
    network.register_buffer("op_threshs", torch.tensor([0.1, 0.2]))
    torch.save(network, HERE / "module.pt")

    # Views of one storage, and halves: strides and kinds are honored.
    halves = OrderedDict((name, value.half()) for name, value in state.items())
    big = torch.zeros(4, state["classifier.weight"].shape[1])
    big[1:3] = state["classifier.weight"]
    halves["classifier.weight"] = big[1:3]
    stem = state["features.conv0.weight"]
    halves["features.conv0.weight"] = stem.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0)
    torch.save(halves, HERE / "views.pth")

    scripted = torch.jit.script(torch.nn.Conv2d(1, 1, 1))
    scripted.save(str(HERE / "scripted.pt"))
    torch.save({"epoch": 3, "name": "nothing"}, HERE / "empty.pth")


main()
