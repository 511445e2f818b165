"""What every model's evaluation has: subgroups with intervals, calibration error, feature statistics, evaluation.json."""
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.covariance import LedoitWolf

from export import sha256
from measure import bootstrap

AGE_BANDS = [(18, 40), (40, 60), (60, 120)]
WARN_PERCENTILE, HOLD_PERCENTILE = 95.0, 99.5
PERCENTILES = [0, 1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 100]
FEWEST = 10  # fewer cases of a kind say nothing


def load_weights(network: torch.nn.Module, path: Path) -> torch.nn.Module:
    """Shipped weights into a network; they lack batch norm's counters."""
    missing, unexpected = network.load_state_dict(load_file(path), strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing), (missing, unexpected)
    return network.eval()


def age_band(text: str) -> str:
    if not text:
        return "unknown"
    age = float(text)
    return next((f"{a}–{b - 1}" if b < 120 else f"{a} and older" for a, b in AGE_BANDS if a <= age < b), "under 18")


def subgroups(groups: dict, statistic, patient: np.ndarray, count=None) -> list[dict]:
    """One row per value of each group. `statistic(indices)` is a number or None; `count(indices)` adds counts."""
    rows = []
    for name, values in groups.items():
        values = np.asarray(values)
        for value in sorted(set(values)):
            pick = np.flatnonzero(values == value)
            figure = statistic(pick)
            row = dict(group=name, value=str(value), n=len(pick), n_patients=len(set(patient[pick])), **(count(pick) if count else {}))
            if figure is None or len(pick) < FEWEST:
                row["figure"] = None
            else:
                row["figure"] = figure
                row["interval"] = bootstrap(lambda i, p=pick: statistic(p[i]), patient[pick], n_draws=600)
            rows.append(row)
    return rows


def subgroup_lines(rows: list[dict], what: str) -> str:
    lines = [f"| group | | n (patients) | {what} |", "|---|---|---|---|"]
    for r in rows:
        said = "too few to say" if r["figure"] is None else f"{r['figure']:.3f} ({r['interval'][0]:.3f} to {r['interval'][1]:.3f})"
        more = f", {r['n_positive']} positive" if "n_positive" in r else ""
        lines.append(f"| {r['group']} | {r['value']} | {r['n']} ({r['n_patients']}){more} | {said} |")
    return "\n".join(lines)


def expected_calibration_error(probability: np.ndarray, truth: np.ndarray, n_bins: int = 10) -> float:
    """Bins of equal numbers of cases (Nixon et al. 2019): with few cases bins of equal width stand empty."""
    order = np.argsort(probability)
    parts = [p for p in np.array_split(order, n_bins) if len(p)]
    return float(sum(len(p) / len(order) * abs(probability[p].mean() - truth[p].mean()) for p in parts))


# ---- how far an input lies from the training images ----

def fitted(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision with Ledoit and Wolf's shrinkage."""
    estimate = LedoitWolf().fit(features)
    return estimate.location_, estimate.precision_


def distances(features: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    apart = features - mean
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", apart, precision, apart), 0))


def held_out_distances(features: np.ndarray, group: np.ndarray, n_folds: int = 5, seed: int = 9) -> np.ndarray:
    """Each group's distance from statistics fitted without it."""
    names = np.random.default_rng(seed).permutation(sorted(set(group)))
    out = np.empty(len(features))
    for part in np.array_split(names, n_folds):
        held = np.isin(group, part)
        out[held] = distances(features[held], *fitted(features[~held]))
    return out


def save_distance(folder: Path, features: np.ndarray, apart: np.ndarray, layer: str, said: str) -> dict:
    """Writes distance.safetensors; `apart` are distances of images the statistics were not fitted to. The card's table."""
    mean, precision = fitted(features)
    # A factor has half of the precision's rounding: d² = |factor · (x − mean)|².
    factor = np.linalg.cholesky(precision).T
    tensor = lambda a: torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32))
    save_file(dict(mean=tensor(mean), factor=tensor(factor), percentiles=tensor(PERCENTILES), quantiles=tensor(np.percentile(apart, PERCENTILES))), folder / "distance.safetensors")
    return dict(
        file="distance.safetensors", sha256=sha256(folder / "distance.safetensors"), layer=layer,
        warn_percentile=WARN_PERCENTILE, hold_percentile=HOLD_PERCENTILE, n=len(features), set=said)


def shares_beyond(distance: np.ndarray, reference: np.ndarray) -> dict:
    """Of a set of images: median distance, and which parts the program would warn of and hold back."""
    warn, hold = np.percentile(reference, [WARN_PERCENTILE, HOLD_PERCENTILE])
    return dict(n=len(distance), median=float(np.median(distance)), warned=float((distance >= warn).mean()), held_back=float((distance >= hold).mean()))


def rounded(value, digits: int = 4):
    if isinstance(value, dict):
        return {k: rounded(v, digits) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v, digits) for v in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), digits)
    if isinstance(value, np.integer):
        return int(value)
    return value


def write_evaluation(folder: Path, document: dict):
    (folder / "evaluation.json").write_text(json.dumps(rounded(document), indent=1, ensure_ascii=False) + "\n")
