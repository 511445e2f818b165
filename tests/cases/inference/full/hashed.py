"""The weights of `src/inference/hashed_weights.rs`, made again with NumPy."""
import numpy as np


def noise(name: str, n: int) -> np.ndarray:
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0


def tensor(name: str, shape: tuple) -> np.ndarray:
    if len(shape) == 1:
        middle, spread = (1.0, 0.5) if name.endswith("running_var") else (1.0, 0.3) if name.endswith(".weight") else (0.0, 0.1)
    else:
        middle, spread = 0.0, np.sqrt(6.0 / np.prod(shape[1:], dtype=np.float64))
    return (middle + spread * noise(name, int(np.prod(shape)))).astype(np.float32).reshape(shape)


def fill(network):
    """Every weight and buffer of a PyTorch network, by its name in the state dict."""
    import torch

    state = {name: torch.from_numpy(tensor(name, tuple(value.shape))) for name, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict(state, strict=False)
    return network.eval()
