"""Shared by both exports: safetensors without `num_batches_tracked`, the synthetic golden input, TOML, sha256."""
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter

from preprocess import preprocess

NOTICE = "Research use only. Not for diagnostic use."


def golden_input(rows: int, cols: int, seed: int) -> torch.Tensor:
    """A smooth random field, not square, so that it has letterbox padding. No patient is in it."""
    rng = np.random.default_rng(seed)
    field = sum(w * gaussian_filter(rng.standard_normal((300, 260)), s) * s for w, s in ((1.0, 24), (0.6, 8), (0.3, 2)))
    return torch.from_numpy(preprocess(field, rows, cols))


def save_weights(network: torch.nn.Module, path: Path) -> str:
    state = {k: v.float().contiguous() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    assert all(torch.isfinite(v).all() for v in state.values())
    save_file(state, path)
    return sha256(path)


def save_golden(tensors: dict, path: Path) -> str:
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, path)
    return sha256(path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def toml_value(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return "1e-4" if value == 1e-4 else repr(round(float(value), 4))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False)


def toml_table(name: str, table: dict, many: bool = False) -> str:
    head = f"[[{name}]]" if many else f"[{name}]"
    return "\n".join(["", head, *(f"{k} = {toml_value(v)}" for k, v in table.items()), ""])


def interval(value: float, bounds) -> str:
    return f"{value:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"
