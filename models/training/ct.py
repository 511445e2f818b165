"""CT for the lesion model: reading, lung fields, one in-plane spacing, context slices, lesions set into lungs.

Everything is in Hounsfield units on a grid of PIXEL_MM; a network's picture is three planes, CONTEXT_MM apart, of which the
middle one is outlined. Nothing here writes an image anywhere but the cache folder.
"""
import json
from pathlib import Path

import h5py
import numpy as np
import pydicom
from scipy import ndimage

from preprocess import triangle_weights

PIXEL_MM, CONTEXT_MM, SIDE = 1.5, 4.0, 64
# The window of the tumour patches, whose values run from 0 to 1 in steps of 1/1100.
LOW_HU, HIGH_HU = -1000.0, 100.0
PATCH_MM, PATCHES_PER_PATIENT = 2.0, 10


class Volume:
    """hu: slices × rows × cols on PIXEL_MM; z_mm ascending; lung: the lung field with its vessels, same shape."""

    def __init__(self, hu, z_mm, origin_mm, lung):
        self.hu, self.z_mm, self.origin_mm, self.lung = hu, z_mm, origin_mm, lung

    def at(self, z: float, array=None) -> np.ndarray:
        """The plane at z, linear between slices; the first and the last go on for ever."""
        array = self.hu if array is None else array
        at = np.interp(z, self.z_mm, np.arange(len(self.z_mm)))
        below = int(at)
        above, share = min(below + 1, len(self.z_mm) - 1), at - below
        return array[below] if share == 0 else (1 - share) * array[below] + share * array[above]

    def picture(self, index: int) -> np.ndarray:
        """3 × rows × cols around one slice."""
        return np.stack([self.at(self.z_mm[index] + d) for d in (-CONTEXT_MM, 0.0, CONTEXT_MM)])


def read_series(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """HU slices × rows × cols from the feet up, z, the corner's x and y, pixel size; an axial series of one size."""
    files = [pydicom.dcmread(f) for f in sorted(Path(folder).rglob("*.dcm"))]
    files = sorted((f for f in files if f.Modality == "CT"), key=lambda f: float(f.ImagePositionPatient[2]))
    hu = np.stack([f.pixel_array.astype(np.float32) * float(f.RescaleSlope) + float(f.RescaleIntercept) for f in files])
    z = np.array([float(f.ImagePositionPatient[2]) for f in files])
    corner = np.array([float(v) for v in files[0].ImagePositionPatient[:2]])
    return hu, z, corner, float(files[0].PixelSpacing[0])


def resampled(hu: np.ndarray, pixel_mm: float) -> np.ndarray:
    """In-plane to PIXEL_MM with a triangle kernel widened by the shrink ratio, after the window as in use."""
    n = [max(1, int(np.floor(s * pixel_mm / PIXEL_MM + 0.5))) for s in hu.shape[1:]]
    down, across = triangle_weights(hu.shape[1], n[0]), triangle_weights(hu.shape[2], n[1])
    return np.stack([(down @ s @ across.T).astype(np.float32) for s in np.clip(hu, LOW_HU, HIGH_HU)])


def lung_field(hu: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
    """Air inside the body that is large enough to be lung, with the vessels in it; the trachea may be part of it."""
    air = hu < -400
    inside = np.zeros_like(air)
    for k, plane in enumerate(air):
        label, n = ndimage.label(plane)
        rim = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
        inside[k] = plane & ~np.isin(label, rim[rim > 0])
    label, n = ndimage.label(inside)
    if not n:
        return inside
    voxel_ml = PIXEL_MM**2 * np.median(np.diff(z_mm)) / 1000
    size = np.bincount(label.ravel())
    size[0] = 0
    field = np.isin(label, np.flatnonzero(size * voxel_ml > 150))
    disk = np.hypot(*np.ogrid[-5:6, -5:6]) <= 5  # 7.5 mm: what is shut in by lung
    for k in range(len(field)):
        padded = np.pad(field[k], 8)
        field[k] = ndimage.binary_closing(padded, disk)[8:-8, 8:-8]
    return field


def volume(folder: Path, cache: Path, name: str) -> Volume:
    path = cache / f"{name}.npz"
    if not path.exists():
        hu, z, corner, pixel = read_series(folder)
        small = resampled(hu, pixel)
        origin = corner + (PIXEL_MM - pixel) / 2
        np.savez(path, hu=small.astype(np.float16), z=z, origin=origin, lung=lung_field(small, z))
    with np.load(path) as f:
        return Volume(f["hu"].astype(np.float32), f["z"], f["origin"], f["lung"])


def tumour_patches(data: Path):
    """Pictures N × SIDE × SIDE in HU, masks, patient 0 to 12: 2 mm pixels brought to PIXEL_MM (48 × 2 mm = 64 × 1.5 mm)."""
    with h5py.File(data / "ct-lung-tumour/patches.h5") as f:
        unit, mask = f["images"][:, 0], f["labels"][:, 0]
    hu = LOW_HU + unit * (HIGH_HU - LOW_HU)
    zoom = SIDE / unit.shape[-1]
    grow = lambda a: np.stack([ndimage.zoom(p, zoom, order=1, grid_mode=True, mode="nearest") for p in a])
    return grow(hu).astype(np.float32), grow(mask.astype(np.float32)) >= 0.5, np.arange(len(hu)) // PATCHES_PER_PATIENT


def truth_of(folder: Path) -> list[dict]:
    return json.loads((Path(folder) / "truth.json").read_text())["lesions"]


# ---- lesions ----

def draw_lesion(rng: np.random.Generator, center_mm, radius_mm=None) -> dict:
    """A random lesion's shape and density; center_mm is (x, y, z)."""
    radius = float(np.exp(rng.uniform(np.log(2.2), np.log(14.0)))) if radius_mm is None else radius_mm
    q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    bumps = [(v / np.linalg.norm(v), rng.uniform(2, 8), rng.uniform(-0.25, 0.3)) for v in rng.standard_normal((rng.integers(0, 6), 3))]
    if radius > 4 and rng.random() < 0.3:
        bumps += [(v / np.linalg.norm(v), rng.uniform(40, 120), rng.uniform(0.3, 0.9)) for v in rng.standard_normal((rng.integers(4, 14), 3))]
    kind = rng.choice(["solid", "part", "ground glass", "cavity"], p=[0.8, 0.08, 0.08, 0.04])
    return dict(
        center=np.asarray(center_mm, float), radius=radius, axes=radius * rng.uniform(0.75, 1.25, 3), turn=q, bumps=bumps,
        edge=rng.uniform(0.3, 1.2), kind=str(kind), hu=rng.uniform(-30, 90) if kind != "ground glass" else rng.uniform(-650, -400),
        halo=rng.uniform(-700, -450), texture=rng.uniform(0, 25))


def coverage(lesion: dict, x, y, z) -> np.ndarray:
    """Soft membership 0..1 at points in mm, and at half the radius (the core)."""
    p = np.stack(np.broadcast_arrays(x, y, z)) - lesion["center"].reshape(3, *[1] * np.ndim(x))
    p = np.tensordot(lesion["turn"], p, 1)
    distance = np.sqrt((p**2).sum(0)) + 1e-6
    scaled = np.sqrt(((p / lesion["axes"].reshape(3, *[1] * np.ndim(x))) ** 2).sum(0))
    reach = np.ones_like(scaled)
    for way, sharpness, height in lesion["bumps"]:
        cosine = np.tensordot(way, p, 1) / distance
        reach = reach + height * np.exp(sharpness * (cosine - 1))
    outside_mm = (scaled / np.maximum(reach, 0.3) - 1) * lesion["radius"]
    return 1 / (1 + np.exp(np.clip(outside_mm / lesion["edge"] * 2, -40, 40)))


def insert(picture: np.ndarray, x_mm: np.ndarray, y_mm: np.ndarray, z_mm, thickness_mm: float, lesion: dict, lung: np.ndarray, rng):
    """Sets a lesion into planes (n × rows × cols, HU) at z_mm; returns the planes and the mask of each, inside `lung` only."""
    out, masks = picture.copy(), np.zeros(picture.shape, bool)
    reach = 2.2 * lesion["radius"] + 3 * lesion["edge"]
    near = lambda at, center: np.flatnonzero(np.abs(at - center) <= reach)
    cols, rows = near(x_mm, lesion["center"][0]), near(y_mm, lesion["center"][1])
    if not len(cols) or not len(rows):
        return out, masks
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    yy, xx = np.meshgrid(y_mm[rows], x_mm[cols], indexing="ij")
    for k, z in enumerate(z_mm):
        if abs(z - lesion["center"][2]) > reach + thickness_mm / 2:
            continue
        share = np.mean([coverage(lesion, xx, yy, np.full_like(xx, z + d * thickness_mm)) for d in (-1 / 3, 0, 1 / 3)], 0)
        density = np.full(xx.shape, lesion["hu"])
        if lesion["kind"] == "part":
            density = lesion["halo"] + core(lesion, 0.5, xx, yy, z) * (lesion["hu"] - lesion["halo"])
        elif lesion["kind"] == "cavity":
            density = density + core(lesion, 0.55, xx, yy, z) * (-900 - density)
        density = density + lesion["texture"] * rng.standard_normal(xx.shape)
        base = picture[k][box]
        out[k][box] = np.where(density > base, base + share * (density - base), base)
        masks[k][box] = (share >= 0.5) & lung[k][box]
    return out, masks


def core(lesion: dict, size: float, xx, yy, z) -> np.ndarray:
    """The same shape, smaller."""
    small = {**lesion, "axes": lesion["axes"] * size, "radius": lesion["radius"] * size}
    return coverage(small, xx, yy, np.full_like(xx, z))
