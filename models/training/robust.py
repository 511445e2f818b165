"""Harsher pictures of the same chest: for training that must survive them, and (with fixed strength) for the shifted test set.

Everything works on N × 1 × H × W of 0..1, after letterboxing and before mean and std.
"""
import numpy as np
import torch
import torch.nn.functional as F


def invert(image: torch.Tensor) -> torch.Tensor:
    """A file whose polarity tag is wrong or missing. Letterbox padding is 0 in use whatever the polarity."""
    return 1 - image


def restretch(image: torch.Tensor, low: float = 0.005, high: float = 0.995) -> torch.Tensor:
    """What preprocessing does after any change at the source: the two percentiles go to 0 and 1 again."""
    flat = image.flatten(1)
    bounds = torch.quantile(flat, torch.tensor([low, high]), dim=1)
    at_low, at_high = bounds[0].view(-1, 1, 1, 1), bounds[1].view(-1, 1, 1, 1)
    return ((image - at_low) / (at_high - at_low).clamp_min(1e-3)).clamp(0, 1)


def low_contrast(image: torch.Tensor, span: float, offset: float, n_levels: int) -> torch.Tensor:
    """The chest squeezed into part of the range by something brighter and darker at the rim, and coarsely quantized."""
    squeezed = torch.round((offset + span * image) * n_levels) / n_levels
    rim = max(2, image.shape[-1] // 40)
    squeezed[..., :rim, :] = 0
    squeezed[..., -rim:, image.shape[-1] // 2 :] = 1
    return squeezed.clamp(0, 1)


def haze(image: torch.Tensor, share: float) -> torch.Tensor:
    """Scatter without a grid: a wide blur of the picture laid over it."""
    side = image.shape[-1]
    small = F.adaptive_avg_pool2d(image, 12)
    wide = F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False)
    return ((1 - share) * image + share * (0.25 + 0.75 * wide)).clamp(0, 1)


def opacity(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Fluid or collapse: a soft white cloud over one lower lung field of one picture (1 × H × W)."""
    side = image.shape[-1]
    y, x = torch.meshgrid(torch.arange(side) / side, torch.arange(side) / side, indexing="ij")
    at_x, at_y = rng.choice([0.28, 0.72]) + rng.uniform(-0.06, 0.06), rng.uniform(0.5, 0.85)
    distance = ((x - at_x) / rng.uniform(0.1, 0.2)) ** 2 + ((y - at_y) / rng.uniform(0.08, 0.2)) ** 2
    cloud = torch.exp(-distance) * rng.uniform(0.2, 0.5)
    return (image + cloud * (0.85 - image).clamp_min(0)).clamp(0, 1)


def line(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A catheter, lead or tube: a bright curve through the picture (1 × H × W)."""
    side = image.shape[-1]
    start, bend, end = rng.uniform(0.1, 0.9, (3, 2))
    start[1] = 0.0
    t = np.linspace(0, 1, 3 * side)[:, None]
    points = ((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end) * (side - 1)
    cols, rows = points[:, 0].astype(int), points[:, 1].astype(int)
    drawn = torch.zeros_like(image)
    thick = int(rng.integers(1, 3))
    for d in range(thick):
        drawn[0, rows, np.minimum(cols + d, side - 1)] = 1.0
    return (image + drawn * rng.uniform(0.2, 0.6)).clamp(0, 1)


def harsh(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """For training: each picture meets some of it, by chance."""
    out = []
    for picture in image.split(1):
        if rng.random() < 0.2:
            picture = haze(picture, rng.uniform(0.1, 0.5))
        if rng.random() < 0.15:
            picture = opacity(picture[0], rng)[None]
        for _ in range(rng.integers(0, 3) if rng.random() < 0.3 else 0):
            picture = line(picture[0], rng)[None]
        if rng.random() < 0.25:
            picture = picture.clamp_min(1e-4) ** float(np.exp(rng.uniform(-0.8, 0.8)))
        if rng.random() < 0.2:
            span = rng.uniform(0.25, 0.7)
            picture = low_contrast(picture, span, rng.uniform(0.05, 0.95 - span), int(rng.integers(24, 256)))
        if rng.random() < 0.15:
            picture = invert(picture)
        out.append(picture)
    return torch.cat(out)


# ---- the shifted set: the same test images, each shift with fixed numbers ----

def rotated(image: torch.Tensor, degrees: float, mask: torch.Tensor | None = None, squash: float = 1.0):
    """Turned about the middle; `squash` < 1 shortens the height (a shallow breath)."""
    n = len(image)
    a = np.deg2rad(degrees)
    theta = torch.tensor([[np.cos(a), -np.sin(a), 0.0], [np.sin(a) / squash, np.cos(a) / squash, 0.0]], dtype=torch.float32)
    grid = F.affine_grid(theta.repeat(n, 1, 1), (n, 1, *image.shape[-2:]), align_corners=False)
    turned = F.grid_sample(image, grid, align_corners=False)
    if mask is None:
        return turned, None
    return turned, F.grid_sample(mask[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].long()


def portable(image: torch.Tensor, seed: int = 31) -> torch.Tensor:
    """Haze, noise, two lines: an intensive-care film in outline."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    hazy = haze(image, 0.4)
    lined = torch.stack([line(line(p, rng), rng) for p in hazy])
    return (lined + torch.randn_like(lined) * 0.03).clamp(0, 1)


def shifted_sets(image: torch.Tensor, mask: torch.Tensor) -> dict:
    """name -> (images, masks) of the same patients."""
    plus, plus_mask = rotated(image, 10, mask)
    minus, minus_mask = rotated(image, -10, mask)
    breath, breath_mask = rotated(image, 5, mask, squash=0.85)
    return {
        "as is": (image, mask),
        "inverted": (invert(image), mask),
        "rotated +10°": (plus, plus_mask),
        "rotated −10°": (minus, minus_mask),
        "low contrast": (low_contrast(image, 0.35, 0.35, 48), mask),
        "gamma 0.5": (image ** 0.5, mask),
        "gamma 2": (image**2, mask),
        "portable": (portable(breath), breath_mask),
    }
