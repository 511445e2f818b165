"""Figures: Dice, cardiothoracic ratio, AUROC, operating points, and bootstrap intervals that resample patients."""
import numpy as np
from scipy.ndimage import label as components
from scipy.stats import rankdata

EIGHT = np.ones((3, 3), int)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 8-connected piece of a boolean mask."""
    labelled, n = components(mask, EIGHT)
    if n < 2:
        return mask
    return labelled == 1 + np.argmax(np.bincount(labelled.ravel())[1:])


def clean(mask: np.ndarray) -> np.ndarray:
    """A label map with only the largest piece of every segment."""
    out = np.zeros_like(mask)
    for value in range(1, int(mask.max()) + 1):
        out[largest_component(mask == value)] = value
    return out


def cardiothoracic_ratio(mask: np.ndarray) -> float:
    """Columns spanned by the heart over columns spanned by both lungs; nan where either is missing."""
    heart = np.flatnonzero((mask == 3).any(0))
    lungs = np.flatnonzero(((mask == 1) | (mask == 2)).any(0))
    if not len(heart) or not len(lungs):
        return float("nan")
    return (heart[-1] - heart[0] + 1) / (lungs[-1] - lungs[0] + 1)


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    total = found.sum() + truth.sum()
    return 1.0 if total == 0 else 2.0 * (found & truth).sum() / total


def bootstrap(statistic, group: np.ndarray, n_draws: int = 2000, seed: int = 7) -> list[float]:
    """95 % percentile interval of statistic(indices), resampling whole groups (patients)."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(group == g) for g in sorted(set(group))]
    values = []
    for _ in range(n_draws):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        value = statistic(drawn)
        if value is not None and np.isfinite(value):
            values.append(value)
    return [float(v) for v in np.percentile(values, [2.5, 97.5])]


def auroc(score: np.ndarray, truth: np.ndarray):
    """By ranks, ties shared; None without both kinds."""
    n_positive = int((truth > 0).sum())
    n_negative = len(truth) - n_positive
    if not n_positive or not n_negative:
        return None
    above = rankdata(score)[truth > 0].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def auroc_with_interval(score, truth, group):
    value = auroc(score, truth)
    if value is None:
        return float("nan"), [float("nan")] * 2
    return value, bootstrap(lambda i: auroc(score[i], truth[i]), group)


def threshold_for(score: np.ndarray, truth: np.ndarray, sensitivity: float) -> float:
    """The highest threshold at which at least this share of the positives is called."""
    positives = np.sort(score[truth > 0])[::-1]
    if not len(positives):
        return float("nan")
    return float(positives[min(len(positives) - 1, int(np.ceil(sensitivity * len(positives))) - 1)])


def sensitivity_specificity(called: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    truth = truth > 0
    return float(called[truth].mean()), float((~called[~truth]).mean())
