"""Writes test studies for the lesion model: the real chest CT with lesions of known place set into its left lung.

The left lung is in no training. Files go to --out (outside the repository), one folder a study with truth.json; the phantoms
are written by the program itself (`overread demo --write-only --dir DIR --seed N --nodules K`).
"""
import argparse
import json
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import generate_uid

from ct import draw_lesion, insert, volume
from train_lesion import is_right

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, required=True)
parser.add_argument("--studies", type=int, default=4)
parser.add_argument("--lesions", type=int, default=6)
parser.add_argument("--seed", type=int, default=77)


def places(vol, rng, n: int) -> list[dict]:
    """Lesions in the left lung, apart from each other; half of them hang on a vessel or the pleura."""
    left = vol.lung & ~is_right(vol)
    cols = np.flatnonzero(vol.lung.any((0, 1)))
    left[:, :, : int((cols[0] + cols[-1]) / 2) + 8] = False
    spots = np.argwhere(left)
    lesions = []
    while len(lesions) < n:
        k, row, col = spots[rng.integers(len(spots))]
        center = np.array([vol.origin_mm[0] + col * 1.5, vol.origin_mm[1] + row * 1.5, vol.z_mm[k]])
        radius = float(np.exp(rng.uniform(np.log(2.5), np.log(12.0))))
        window = left[max(k - 1, 0) : k + 2, max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3]
        if window.mean() < 0.8 or any(np.linalg.norm(center - o["center"]) < radius + o["radius"] + 12 for o in lesions):
            continue
        lesions.append(draw_lesion(rng, center, radius))
    return lesions


def write_study(files: list, vol, lesions: list[dict], out: Path, rng, name: str):
    out.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(entropy_srcs=[name, "study"]), generate_uid(entropy_srcs=[name, "series"])
    spacing = [float(v) for v in files[0].PixelSpacing]
    x0, y0 = [float(v) for v in files[0].ImagePositionPatient[:2]]
    x, y = x0 + np.arange(files[0].Columns) * spacing[1], y0 + np.arange(files[0].Rows) * spacing[0]
    voxel_mm3 = np.zeros(len(lesions))
    for index, file in enumerate(files):
        hu = file.pixel_array.astype(np.float32) * float(file.RescaleSlope) + float(file.RescaleIntercept)
        z = float(file.ImagePositionPatient[2])
        k = int(np.argmin(abs(vol.z_mm - z)))
        rows = np.clip(np.round((y - vol.origin_mm[1]) / 1.5).astype(int), 0, vol.lung.shape[1] - 1)
        cols = np.clip(np.round((x - vol.origin_mm[0]) / 1.5).astype(int), 0, vol.lung.shape[2] - 1)
        lung = vol.lung[k][np.ix_(rows, cols)]
        planes = hu[None]
        for i, lesion in enumerate(lesions):
            planes, mask = insert(planes, x, y, [z], 3.0, lesion, lung[None], rng)
            voxel_mm3[i] += mask.sum() * spacing[0] * spacing[1] * 3.0
        stored = np.round((planes[0] - float(file.RescaleIntercept)) / float(file.RescaleSlope))
        changed = file.copy()
        changed.PixelData = np.clip(stored, 0, 4095).astype(file.pixel_array.dtype).tobytes()
        changed.PatientName, changed.PatientID = f"Test^{name}", name
        changed.StudyInstanceUID, changed.SeriesInstanceUID = study, series
        changed.SOPInstanceUID = changed.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[name, str(index)])
        changed.save_as(out / f"{index:03}.dcm")
    truth = [dict(center_mm=[float(v) for v in l["center"]], diameter_mm=2 * l["radius"], volume_mm3=float(v), kind=l["kind"], spiculated=any(s > 30 for _, s, _ in l["bumps"])) for l, v in zip(lesions, voxel_mm3)]
    (out / "truth.json").write_text(json.dumps(dict(lesions=truth), indent=1))


def main():
    args = parser.parse_args()
    vol = volume(args.data / "dicom/chest-ct", args.cache, "chest_ct")
    files = sorted((pydicom.dcmread(f) for f in (args.data / "dicom/chest-ct").glob("*.dcm")), key=lambda f: float(f.ImagePositionPatient[2]))
    for n in range(args.studies):
        rng = np.random.default_rng([args.seed, n])
        write_study(files, vol, places(vol, rng, args.lesions), args.out / str(n), rng, f"SET{n}")
        print("written", args.out / str(n), flush=True)


if __name__ == "__main__":
    main()
