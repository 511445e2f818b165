"""Writes expected.json: what NumPy and scikit-image measure on a computed picture. pip install numpy scikit-image"""

import json
import pathlib

import numpy as np
from skimage import draw

ROWS, COLS = 120, 160
PADDING = 0

row, col = np.mgrid[0:ROWS, 0:COLS].astype(np.int64)
stored = (col * 37 + row * 91 + (col * row) % 17 * 5) % 4096
values = stored * 0.5 - 1024.25


def statistics(rr, cc):
    mask = np.zeros((ROWS, COLS), bool)
    mask[rr, cc] = True
    inside = values[mask & (stored != PADDING)]
    return {
        "n_pixels": int(inside.size),
        "mean": float(inside.mean()),
        "sd": float(inside.std(ddof=1)),
        "min": float(inside.min()),
        "max": float(inside.max()),
    }


def shoelace(points):
    x, y = np.array(points, float).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


cases = []
for x0, y0, x1, y1 in [(10.4, 20.3, 60.7, 90.2), (0.2, 0.2, 158.7, 118.6), (-20.5, 50.1, 33.3, 400.2)]:
    top_left, bottom_right = (np.ceil(y0), np.ceil(x0)), (np.floor(y1), np.floor(x1))
    rr, cc = draw.rectangle(np.maximum(top_left, 0).astype(int), end=np.array(bottom_right, int), shape=(ROWS, COLS))
    shape = {"shape": "rectangle", "corners": [[x0, y0], [x1, y1]]}
    cases.append({"shape": shape, "area_px": (x1 - x0) * (y1 - y0), **statistics(rr.ravel(), cc.ravel())})
for x0, y0, x1, y1 in [(30.1, 20.2, 90.8, 70.9), (100.3, 80.3, 103.9, 116.1), (-30.2, -20.3, 40.1, 50.7)]:
    center, radii = ((y0 + y1) / 2, (x0 + x1) / 2), ((y1 - y0) / 2, (x1 - x0) / 2)
    rr, cc = draw.ellipse(*center, *radii, shape=(ROWS, COLS))
    shape = {"shape": "ellipse", "corners": [[x0, y0], [x1, y1]]}
    cases.append({"shape": shape, "area_px": np.pi * radii[0] * radii[1], **statistics(rr, cc)})
angles = np.linspace(0, 2 * np.pi, 41)[:-1]
star = [[80.13 + r * np.cos(a), 60.29 + r * np.sin(a)] for a, r in zip(angles, np.tile([50.3, 21.7], 20))]
for outline in [
    [[20.3, 20.1], [120.7, 33.3], [77.7, 110.9]],
    [[10.1, 10.3], [60.2, 12.4], [33.3, 30.5], [70.4, 66.6], [12.7, 55.5]],
    star,
]:
    xs, ys = np.array(outline).T
    rr, cc = draw.polygon(ys, xs, shape=(ROWS, COLS))
    shape = {"shape": "freehand", "outline": outline}
    cases.append({"shape": shape, "area_px": shoelace(outline), **statistics(rr, cc)})

folder = pathlib.Path(__file__).parent
(folder / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")
