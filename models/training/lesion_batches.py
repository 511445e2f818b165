"""Patches for the lesion model: lungs with and without lesions set into them, real tumours, hard places."""
import numpy as np
from scipy import ndimage

from ct import CONTEXT_MM, HIGH_HU, LOW_HU, PIXEL_MM, SIDE, Volume, draw_lesion, insert

MEAN, STD = 0.5, 0.25
MARGIN = 32  # rows and columns put around a volume so that patches may reach over its edge


def unit(hu: np.ndarray) -> np.ndarray:
    return (np.clip((hu - LOW_HU) / (HIGH_HU - LOW_HU), 0, 1) - MEAN) / STD


class LungPatches:
    """Random patches of one volume. `where` (slices × rows × cols) says where their middles may lie."""

    def __init__(self, volume: Volume, where: np.ndarray, rng: np.random.Generator):
        self.volume, self.rng = volume, rng
        pad = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))
        self.hu = np.pad(volume.hu, pad, constant_values=-1000)
        self.lung = np.pad(volume.lung, pad)
        self.where = where
        self.z = volume.z_mm
        self.step = float(np.median(np.diff(self.z)))
        inside = where & volume.lung
        wall = np.stack([ndimage.binary_erosion(p, iterations=3) for p in volume.lung])
        dense = volume.hu > -500
        self.places = {
            "anywhere": np.argwhere(inside),
            "vessel": np.argwhere(inside & dense & wall),
            "pleura": np.argwhere(inside & ~wall),
        }
        self.hard = np.empty((0, 3), int)

    def planes(self, array, k: int, row: int, col: int) -> np.ndarray:
        cut = array[:, row : row + SIDE, col : col + SIDE]  # padded by half a side: the middle is (row, col)
        return Volume(cut, self.z, None, None)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """3 × SIDE × SIDE in HU and the middle plane's mask."""
        rng = self.rng
        kind = rng.choice(["anywhere", "vessel", "pleura", "hard"], p=[0.4, 0.25, 0.2, 0.15])
        places = self.hard if kind == "hard" and len(self.hard) else self.places["anywhere" if kind == "hard" else kind]
        k, row, col = places[rng.integers(len(places))]
        jitter = rng.integers(-14, 15, 2)
        row, col = np.clip([row + jitter[0], col + jitter[1]], 0, np.array(self.volume.hu.shape[1:]) - 1)
        cut, lung = self.planes(self.hu, k, row, col), self.lung[:, row : row + SIDE, col : col + SIDE]
        z = self.z[k] + np.array([-CONTEXT_MM, 0, CONTEXT_MM])
        picture = np.stack([cut.at(v) for v in z])
        mask = np.zeros(picture.shape[1:], bool)
        if kind != "hard" and rng.random() < 0.62:
            for _ in range(1 + (rng.random() < 0.25)):
                picture, added = self.with_lesion(picture, lung[k], z, k)
                mask |= added
        return picture, mask

    def with_lesion(self, picture, lung, z, k):
        rng = self.rng
        spots = np.argwhere(lung[6:-6, 6:-6]) + 6
        if not len(spots):
            return picture, np.zeros(lung.shape, bool)
        row, col = spots[rng.integers(len(spots))]
        axis = (np.arange(SIDE)) * PIXEL_MM
        lesion = draw_lesion(rng, (0, 0, 0))
        lesion["center"] = np.array([axis[col] + rng.uniform(-0.7, 0.7), axis[row] + rng.uniform(-0.7, 0.7), z[1] + rng.uniform(-0.9, 0.9) * lesion["radius"]])
        planes, masks = insert(picture, axis, axis, z, self.step, lesion, np.broadcast_to(lung, picture.shape), rng)
        return planes, masks[1]


class TumourPatches:
    """Real tumours on single slices: the same plane three times."""

    def __init__(self, hu, mask, rng):
        self.hu, self.mask, self.rng = hu, mask, rng

    def draw(self):
        i = self.rng.integers(len(self.hu))
        return np.repeat(self.hu[i][None], 3, 0), self.mask[i]


def altered(picture: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Turned, mirrored, larger or smaller, another kernel, dose and slice distance. All are the same to a lesion."""
    if rng.random() < 0.5:
        picture, mask = picture[:, :, ::-1], mask[:, ::-1]
    if rng.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[::-1]
    if rng.random() < 0.5:
        picture = picture[::-1]
    turns = int(rng.integers(4))
    picture, mask = np.rot90(picture, turns, (1, 2)), np.rot90(mask, turns)
    if rng.random() < 0.4:
        angle, zoom = rng.uniform(-40, 40) * np.pi / 180, np.exp(rng.uniform(-0.2, 0.2))
        a = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
        offset = (SIDE - 1) / 2 - a @ np.full(2, (SIDE - 1) / 2)
        picture = np.stack([ndimage.affine_transform(p, a, offset, order=1, mode="reflect") for p in picture])
        mask = ndimage.affine_transform(mask.astype(np.float32), a, offset, order=1, mode="reflect") >= 0.5
    chance = rng.random()
    if chance < 0.25:  # read as every 2 mm point, as the tumour patches were
        at = (np.arange(48) * 4 + 2) // 3
        picture = np.stack([ndimage.zoom(p[np.ix_(at, at)], SIDE / 48, order=1, grid_mode=True, mode="nearest") for p in picture])
    elif chance < 0.45:
        picture = ndimage.gaussian_filter(picture, (0, *[rng.uniform(0.3, 0.9)] * 2))
    elif chance < 0.55:
        picture = picture + rng.uniform(0.3, 1.0) * (picture - ndimage.gaussian_filter(picture, (0, 1, 1)))
    if rng.random() < 0.6:
        noise = rng.standard_normal(picture.shape)
        if rng.random() < 0.5:
            noise = ndimage.gaussian_filter(noise, (0, 0.6, 0.6)) * 2
        picture = picture + noise * rng.uniform(5, 70)
    if rng.random() < 0.3:
        picture = picture + rng.uniform(-40, 40)
    chance = rng.random()
    if chance < 0.25:
        picture = np.repeat(picture[1:2], 3, 0)  # a slice alone
    elif chance < 0.35:
        share = rng.uniform(0.3, 1)
        picture = np.stack([picture[1] + share * (p - picture[1]) for p in picture])  # slices nearer together
    return picture, mask


def batch(sources: list, shares: list, n: int, rng) -> tuple[np.ndarray, np.ndarray]:
    pictures, masks = [], []
    for source in rng.choice(len(sources), n, p=np.array(shares) / sum(shares)):
        picture, mask = altered(*sources[source].draw(), rng)
        pictures.append(unit(picture).astype(np.float32))
        masks.append(mask)
    return np.stack(pictures), np.stack(masks).astype(np.int64)
