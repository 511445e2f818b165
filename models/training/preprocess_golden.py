"""Writes a small synthetic case for the preprocessing test: a u16 image 61 × 83 and what a 32 × 32 card must make of it."""
import argparse
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from preprocess import preprocess

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("tests/cases/inference/preprocess"))
args = parser.parse_args()

rng = np.random.default_rng(61083)
field = gaussian_filter(rng.standard_normal((61, 83)), 5)
field = (field - field.min()) / (field.max() - field.min())
pixels = 300 + 3200 * field + rng.normal(0, 40, field.shape)
pixels[:6, :9] = 65535  # a burnt-in marker, beyond the high percentile
pixels[-4:, -7:] = 0
pixels = np.clip(np.round(pixels), 0, 65535).astype(np.uint16)

args.out.mkdir(parents=True, exist_ok=True)
np.save(args.out / "input.npy", pixels)
np.save(args.out / "expected.npy", preprocess(pixels, 32, 32))
print(f"wrote {args.out}/input.npy and expected.npy")
