"""Reads the public images, splits them by patient, caches them preprocessed, and augments batches.

Nothing here writes an image anywhere but the cache folder, which is never part of the repository.
"""
import csv
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from preprocess import MEAN, STD, fit, fit_mask, stretch

SPLIT_SEED = 20
FINDINGS = ["abnormal", "infiltration", "effusion", "atelectasis", "edema", "consolidation"]
NIH_COLUMN = {"infiltration": "Infiltration", "effusion": "Effusion", "atelectasis": "Atelectasis", "edema": "Edema", "consolidation": "Consolidation"}


def read_gray(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"))


def read_rows(path: Path) -> list[dict]:
    with path.open(newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["image"])


def split_by_group(groups: list, strata: list, shares: tuple[float, ...], seed: int) -> dict:
    """group -> part index. Groups (patients) are dealt out inside each stratum so that every part gets its share."""
    rng = np.random.default_rng(seed)
    part_of = {}
    dealt = np.zeros(len(shares))
    for stratum in sorted(set(strata)):
        members = sorted(g for g, s in zip(groups, strata) if s == stratum)
        rng.shuffle(members)
        for member in members:
            part = int(np.argmin((dealt + 1) / np.array(shares)))  # the part that lags most
            dealt[part] += 1
            part_of[member] = part
    return part_of


def cached(cache: Path, name: str, build):
    """The arrays `build` returns, kept as an .npz in the cache folder."""
    path = cache / f"{name}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, **build())
    with np.load(path, allow_pickle=False) as file:
        return {k: file[k] for k in file.files}


def image_stack(paths: list[Path], side: int) -> np.ndarray:
    """N × side × side, 0..1, stretched and letterboxed as in use, before mean and std."""
    return np.stack([fit(stretch(read_gray(p)), side, side).astype(np.float32) for p in paths])


# ---- anatomy ----

def anatomy(data: Path, cache: Path) -> dict:
    """rows, part (0 train, 1 validation, 2 test), images at 256 and 288, masks at 256, 288 and source."""
    root = data / "cxr-anatomy"
    rows = read_rows(root / "labels.csv")
    names = [r["image"] for r in rows]
    part_of = split_by_group(names, [r["source"] for r in rows], (0.7, 0.1, 0.2), SPLIT_SEED)

    def build():
        masks = [np.asarray(Image.open(root / r["mask"])) for r in rows]
        return dict(
            image_256=image_stack([root / n for n in names], 256),
            image_288=image_stack([root / n for n in names], 288).astype(np.float16),
            mask_256=np.stack([fit_mask(m, 256, 256) for m in masks]),
            mask_288=np.stack([fit_mask(m, 288, 288) for m in masks]),
            mask=np.stack(masks),
        )

    return dict(rows=rows, part=np.array([part_of[n] for n in names]), **cached(cache, "anatomy", build))


# ---- findings ----

def adults(data: Path, cache: Path) -> dict:
    """rows, patient, part (0 train, 1 validation, 2 test), target N × labels, is_ap, images at 224 and 256."""
    root = data / "cxr-findings"
    rows = read_rows(root / "nih.csv")
    patient = np.array([r["patient_id"] for r in rows])
    target = np.array([[1 - int(r["No_Finding"])] + [int(r[NIH_COLUMN[f]]) for f in FINDINGS[1:]] for r in rows], np.float32)
    patients = sorted(set(patient))
    strata = [tuple(target[patient == p][:, [0, 2, 4]].max(0)) for p in patients]  # abnormal, effusion, edema
    part_of = split_by_group(patients, strata, (0.65, 0.10, 0.25), SPLIT_SEED)

    def build():
        paths = [root / r["image"] for r in rows]
        return dict(image_224=image_stack(paths, 224), image_256=image_stack(paths, 256).astype(np.float16))

    return dict(
        rows=rows, patient=patient, target=target, strata=dict(zip(patients, strata)),
        part=np.array([part_of[p] for p in patient]), is_ap=np.array([r["view"] == "AP" for r in rows]),
        **cached(cache, "adults", build),
    )


def children(data: Path, cache: Path) -> dict:
    """Images at 192 and target N × 3: pneumonia, bacterial, viral."""
    root = data / "cxr-findings"
    rows = read_rows(root / "paediatric.csv")
    kind = np.array([r["class"] for r in rows])
    target = np.stack([kind != "normal", kind == "bacterial", kind == "viral"], 1).astype(np.float32)
    patient = np.array([r["patient_id"] for r in rows])
    part_of = split_by_group(sorted(set(patient)), [bool(target[patient == p][0, 0]) for p in sorted(set(patient))], (0.92, 0.08), SPLIT_SEED)
    build = lambda: dict(image=image_stack([root / r["image"] for r in rows], 192).astype(np.float16))
    return dict(target=target, patient=patient, part=np.array([part_of[p] for p in patient]), **cached(cache, "children", build))


def one_per_patient(patient: np.ndarray, among: np.ndarray, seed: int = 0) -> np.ndarray:
    """Indices: one image, drawn at random, of every patient in the boolean selection."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(np.flatnonzero(among & (patient == p))) for p in sorted(set(patient[among]))])


# ---- augmentation: never a horizontal flip, never an inversion (sides and polarity have a meaning) ----

def uniform(n: int, low: float, high: float) -> torch.Tensor:
    return torch.empty(n, 1, 1, 1).uniform_(low, high)


def warp(image: torch.Tensor, side: int, degrees: float, zoom: float, shift: float, mask: torch.Tensor | None = None):
    """Rotation, zoom, aspect, shear and shift, sampled from the larger cached image; the outside is padding (0)."""
    n = len(image)
    angle = torch.empty(n).uniform_(-degrees, degrees) * torch.pi / 180
    scale = torch.exp(torch.empty(n, 2).uniform_(-zoom / 2, zoom / 2) + torch.empty(n, 1).uniform_(-zoom, zoom))
    shear = torch.empty(n).uniform_(-0.05, 0.05)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos / scale[:, 0], (shear - sin) / scale[:, 0]
    theta[:, 1, 0], theta[:, 1, 1] = sin / scale[:, 1], cos / scale[:, 1]
    theta[:, :, 2].uniform_(-2 * shift, 2 * shift)
    grid = F.affine_grid(theta, (n, 1, side, side), align_corners=False)
    image = F.grid_sample(image, grid, align_corners=False)
    if mask is None:
        return image, None
    mask = F.grid_sample(mask[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].long()
    return image, mask


def band(side: int, share: float) -> torch.Tensor:
    """1 × 1 × side × side, 0 in two opposite bands: what letterboxing or collimating a non-square image leaves."""
    keep = torch.ones(1, 1, side, side)
    first, last = (int(v) for v in (torch.rand(2) * share * side).int())
    if torch.rand(()) < 0.5:
        keep[..., :first, :], keep[..., side - last :, :] = 0, 0
    else:
        keep[..., :first], keep[..., side - last :] = 0, 0
    return keep


def relight(image: torch.Tensor, strength: float) -> torch.Tensor:
    """What other machines do to the same chest: other percentiles, gamma, contrast, haze, slow shading, blur, noise."""
    n, side = len(image), image.shape[-1]
    low, high = uniform(n, -0.10, 0.12) * strength, 1 + uniform(n, -0.15, 0.15) * strength
    image = ((image - low) / (high - low)).clamp(0, 1)
    image = image.clamp_min(1e-4) ** torch.exp(uniform(n, -0.6, 0.6) * strength)
    curve = image * image * (3 - 2 * image)  # more contrast in the middle, or (negative weight) less
    image = image + uniform(n, -0.6, 0.6) * strength * (curve - image)
    shading = F.interpolate(torch.randn(n, 1, 4, 4), size=(side, side), mode="bicubic", align_corners=False)
    image = image + (image > 0.02) * shading * uniform(n, 0, 0.10) * strength
    pick = torch.rand(n) < 0.2 * strength
    if pick.any():
        small = F.interpolate(image[pick], scale_factor=0.6, mode="bilinear", align_corners=False, antialias=True)
        image[pick] = F.interpolate(small, size=(side, side), mode="bilinear", align_corners=False)
    image = image + torch.randn_like(image) * uniform(n, 0, 0.04) * strength
    return image.clamp(0, 1)


def marker(image: torch.Tensor):
    """Side markers, labels and shutters: small bright or dark boxes near the border, in place."""
    n, side = len(image), image.shape[-1]
    for i in range(n):
        for _ in range(int(torch.randint(0, 3, ()))):
            height, width = (int(v) for v in (torch.rand(2) * 0.09 * side + 2).int())
            top = int(torch.rand(()) ** 2 * side * 0.3)
            left = int(torch.rand(()) * side * 0.22) if torch.rand(()) < 0.5 else int(side - width - torch.rand(()) * side * 0.22)
            image[i, :, top : top + height, max(left, 0) : left + width] = float(torch.rand(()) < 0.7)


def normalize(image: torch.Tensor) -> torch.Tensor:
    return ((image - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def augment(image: torch.Tensor, side: int, *, degrees: float, zoom: float, shift: float, strength: float, mask=None):
    """A batch N × 1 × H × W of 0..1 and, if given, its masks N × H × W, ready for the network."""
    image, mask = warp(image.float(), side, degrees, zoom, shift, mask)
    image = relight(image, strength)
    marker(image)
    for i in range(len(image)):
        if torch.rand(()) < 0.35:
            keep = band(side, 0.12)
            image[i] *= keep[0]
            if mask is not None:
                mask[i] *= keep[0, 0].long()
    return normalize(image), mask
