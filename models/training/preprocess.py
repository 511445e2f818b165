"""The one definition of what a network sees. Training, evaluation and the golden files all call `preprocess`.

Percentiles at source resolution (numpy's linear interpolation), mapped to 0..1 and clipped, letterbox resize with a triangle
kernel widened by the shrink ratio (what PIL BILINEAR and torch antialias=True do), pad 0, then (x - mean) / std.
"""
from functools import lru_cache

import numpy as np

LOW, HIGH = 0.5, 99.5
MEAN, STD = 0.5, 0.25


def stretch(pixels: np.ndarray, low: float = LOW, high: float = HIGH) -> np.ndarray:
    """Maps the low and high percentiles of the whole image to 0 and 1 and clips. A flat image becomes all 0."""
    pixels = pixels.astype(np.float64)
    at_low, at_high = np.percentile(pixels, [low, high])
    if not at_high > at_low:
        return np.zeros_like(pixels)
    return np.clip((pixels - at_low) / (at_high - at_low), 0.0, 1.0)


@lru_cache(maxsize=64)
def triangle_weights(n_in: int, n_out: int) -> np.ndarray:
    """n_out × n_in matrix of the triangle filter; its half-width is the shrink ratio, at least one source pixel."""
    ratio = n_in / n_out
    support = max(ratio, 1.0)
    weights = np.zeros((n_out, n_in))
    for row in range(n_out):
        center = (row + 0.5) * ratio
        first = max(int(center - support + 0.5), 0)
        last = min(int(center + support + 0.5), n_in)
        taps = 1.0 - np.abs((np.arange(first, last) + 0.5 - center) / support)
        taps = np.maximum(taps, 0.0)
        weights[row, first:last] = taps / taps.sum()
    return weights


def letterbox(n_rows: int, n_cols: int, rows: int, cols: int) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the resized image inside rows × cols: longest side fits, centred, halves round down."""
    scale = min(rows / n_rows, cols / n_cols)
    height = min(rows, max(1, int(np.floor(n_rows * scale + 0.5))))
    width = min(cols, max(1, int(np.floor(n_cols * scale + 0.5))))
    return (rows - height) // 2, (cols - width) // 2, height, width


def fit(unit: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """Letterboxed resize of a 0..1 image; the padding is 0."""
    top, left, height, width = letterbox(*unit.shape, rows, cols)
    resized = triangle_weights(unit.shape[0], height) @ unit @ triangle_weights(unit.shape[1], width).T
    out = np.zeros((rows, cols))
    out[top : top + height, left : left + width] = resized
    return out


def preprocess(pixels: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """1 × 1 × rows × cols, float32, ready for a network."""
    unit = fit(stretch(pixels), rows, cols)
    return ((unit - MEAN) / STD).astype(np.float32)[None, None]


def fit_mask(mask: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """The same letterbox for a label map, nearest pixel."""
    top, left, height, width = letterbox(*mask.shape, rows, cols)
    at_row = np.minimum(((np.arange(height) + 0.5) * mask.shape[0] / height).astype(int), mask.shape[0] - 1)
    at_col = np.minimum(((np.arange(width) + 0.5) * mask.shape[1] / width).astype(int), mask.shape[1] - 1)
    out = np.zeros((rows, cols), np.uint8)
    out[top : top + height, left : left + width] = mask[np.ix_(at_row, at_col)]
    return out
