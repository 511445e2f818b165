"""Measures the lesion model: models/lung-lesion/evaluation.json and the marks behind it.

  patches   tumour patches of patients that the network was not trained on (five folds): no program needed
  program   what `overread analyze` finds on whole studies with known lesions (phantoms kept aside, the real CT's left lung)

A mark hits a lesion when its middle lies within the lesion's radius (at least 4 mm) of the lesion's middle, or on a patch
when it overlaps the tumour. Intervals resample patients, or studies.
"""
import argparse
import csv
import json
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from ct import CONTEXT_MM, PIXEL_MM, tumour_patches, volume
from evaluation import FEWEST, distances, fitted, held_out_distances, save_distance, shares_beyond, write_evaluation
from export import sha256
from lesion_batches import unit
from measure import bootstrap, dice
from train_lesion import N_FOLDS, fold_of_patient, loaded

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mode", choices=["patches", "program", "all"])
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--name", default="lesion")
parser.add_argument("--overread", type=Path, default=Path("target/release/overread"))
parser.add_argument("--studies", type=Path, nargs="*", default=[], help="folders of studies 0, 1, … with truth.json; the folder's name is the set's")
parser.add_argument("--clean", type=Path, nargs="*", default=[], help="single studies without known lesions")
parser.add_argument("--threads", type=int, default=1)

RATES = [0.125, 0.25, 0.5, 1, 2, 4, 8]
MASK_THRESHOLD, MIN_PATCH_PIXELS = 0.5, 3
HIT_MM = 4.0


@torch.no_grad()
def probability(network, pictures: np.ndarray) -> np.ndarray:
    """N × rows × cols of N × 3 × rows × cols in HU."""
    network.eval()
    out = [network(torch.from_numpy(unit(pictures[i : i + 16]).astype(np.float32))).softmax(1)[:, 1].numpy() for i in range(0, len(pictures), 16)]
    return np.concatenate(out)


def froc(cases: list[dict]) -> dict:
    """cases: n_lesions, marks [(score, lesion or None)]. Sensitivity at rates of false marks a case, and the curve."""
    n_lesions = sum(c["n_lesions"] for c in cases)
    scores = sorted({s for c in cases for s, _ in c["marks"]}, reverse=True)
    curve = []
    for threshold in scores:
        hit = sum(len({l for s, l in c["marks"] if l is not None and s >= threshold}) for c in cases)
        false = sum(sum(l is None and s >= threshold for s, l in c["marks"]) for c in cases)
        curve.append((threshold, false / len(cases), hit / max(n_lesions, 1)))
    at = lambda rate: max([y for _, x, y in curve if x <= rate], default=0.0)
    return dict(n_cases=len(cases), n_lesions=n_lesions, at_rates={str(r): at(r) for r in RATES}, metric=float(np.mean([at(r) for r in RATES])), curve=curve)


def at_threshold(cases: list[dict], threshold: float) -> tuple[float, float]:
    """Sensitivity and false marks a case."""
    n_lesions = sum(c["n_lesions"] for c in cases)
    hit = sum(len({l for s, l in c["marks"] if l is not None and s >= threshold}) for c in cases)
    false = sum(sum(l is None and s >= threshold for s, l in c["marks"]) for c in cases)
    return hit / max(n_lesions, 1), false / len(cases)


# ---- tumour patches ----

def marks_on_patch(p: np.ndarray, truth: np.ndarray) -> tuple[list, int]:
    lesions, n_lesions = ndimage.label(truth, np.ones((3, 3)))
    pieces, n = ndimage.label(p >= MASK_THRESHOLD, np.ones((3, 3)))
    marks = []
    for k in range(1, n + 1):
        inside = pieces == k
        if inside.sum() < MIN_PATCH_PIXELS:
            continue
        under = lesions[inside & truth]
        marks.append((float(p[inside].max()), int(np.bincount(under).argmax()) - 1 if len(under) else None))
    return marks, n_lesions


def patches(args, threshold: float) -> dict:
    hu, mask, patient = tumour_patches(args.data)
    fold = fold_of_patient()[patient]
    cases, overlap, owner = [], [], []
    for k in range(N_FOLDS):
        held = np.flatnonzero(fold == k)
        p = probability(loaded(args.cache, f"{args.name}_fold{k}"), np.repeat(hu[held][:, None], 3, 1))
        for i, each in zip(held, p):
            marks, n = marks_on_patch(each, mask[i])
            cases.append(dict(n_lesions=n, marks=marks, patient=int(patient[i])))
            if n:
                overlap.append(dice(each >= MASK_THRESHOLD, mask[i]))
                owner.append(int(patient[i]))
    who = np.array([c["patient"] for c in cases])
    sensitivity = lambda i: at_threshold([cases[j] for j in i], threshold)[0] if sum(cases[j]["n_lesions"] for j in i) else None
    figures = froc(cases)
    overlap, owner = np.array(overlap), np.array(owner)
    by_patient = []
    for who_is in range(13):
        own = [c for c in cases if c["patient"] == who_is]
        s, f = at_threshold(own, threshold)
        by_patient.append(dict(patient=who_is, fold=int(fold_of_patient()[who_is]), n_slices=len(own), n_with_tumour=sum(c["n_lesions"] > 0 for c in own), sensitivity=s, false_marks_per_patch=f, dice=float(overlap[owner == who_is].mean()), found=bool(s > 0)))
    s, f = at_threshold(cases, threshold)
    return dict(
        n_patients=13, n_patches=len(cases), n_lesion_slices=figures["n_lesions"], threshold=threshold, sensitivity=s,
        sensitivity_interval=bootstrap(sensitivity, who, n_draws=1000), false_marks_per_patch=f,
        false_marks_interval=bootstrap(lambda i: at_threshold([cases[j] for j in i], threshold)[1], who, n_draws=1000),
        patients_found=sum(r["found"] for r in by_patient), dice=float(overlap.mean()), dice_interval=bootstrap(lambda i: overlap[i].mean(), owner, n_draws=1000),
        at_rates_per_patch=figures["at_rates"], by_patient=by_patient, curve=thinned(figures["curve"]))


def thinned(curve: list, n: int = 25) -> list:
    pick = np.unique(np.linspace(0, len(curve) - 1, min(n, len(curve))).astype(int)) if curve else []
    return [dict(threshold=round(curve[i][0], 4), false_marks=round(curve[i][1], 4), sensitivity=round(curve[i][2], 4)) for i in pick]


# ---- whole studies, through the program ----

def analyzed(args, study: Path, name: str) -> list[dict]:
    """The program's findings: middle, score, volume, axes."""
    out = args.cache / "analyzed" / name
    command = [str(args.overread), "analyze", str(study), "--model", "lung-lesion", "--out", str(out), "--json", "--store", str(out / "store.sqlite")]
    out.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command}: {done.stdout[-800:]} {done.stderr[-800:]}")
    document = json.loads(done.stdout)
    (out / "analysis.json").write_text(done.stdout)
    return [f for f in lesion_findings(document)]


def lesion_findings(document) -> list[dict]:
    """Every finding of the model, wherever it stands in the document."""
    found = []
    if isinstance(document, dict):
        if "center_mm" in document and "measurements" in document:
            if document["center_mm"] and document.get("assessment"):
                measured = {m["id"]: m["value"] for m in document["measurements"]}
                score = document["assessment"]["score"]
                score = score if isinstance(score, (int, float)) else score.get("value", score.get("score"))
                found.append(dict(center=document["center_mm"], score=float(score), flagged=document["flagged"], **{k: measured.get(k) for k in ("volume", "long_axis", "short_axis", "mean_hu")}))
            return found
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            found += lesion_findings(part)
    return found


def matched(findings: list[dict], lesions: list[dict]) -> tuple[list, list]:
    """Marks with the lesion each hits; per lesion its best mark."""
    marks, best = [], [None] * len(lesions)
    for f in sorted(findings, key=lambda f: -f["score"]):
        apart = [np.linalg.norm(np.subtract(f["center"], l["center_mm"])) - max(HIT_MM, l["diameter_mm"] / 2) for l in lesions]
        lesion = int(np.argmin(apart)) if apart and min(apart) <= 0 else None
        marks.append((f["score"], lesion))
        if lesion is not None and best[lesion] is None:
            best[lesion] = f
    return marks, best


def study_set(args, folder: Path, threshold: float) -> dict:
    cases, lesions = [], []
    for study in sorted((p for p in folder.iterdir() if (p / "truth.json").exists()), key=lambda p: p.name):
        truth = json.loads((study / "truth.json").read_text())["lesions"]
        marks, best = matched(analyzed(args, study, f"{folder.name}-{study.name}"), truth)
        cases.append(dict(n_lesions=len(truth), marks=marks, study=study.name))
        for t, b in zip(truth, best):
            lesions.append(dict(study=study.name, diameter_mm=t["diameter_mm"], kind=t.get("kind", "solid"), score=b and b["score"], volume_mm3=t["volume_mm3"], measured_mm3=b and b["volume"], long_axis_mm=b and b["long_axis"]))
        print(folder.name, study.name, f"{sum(b is not None for b in best)} of {len(truth)} found, {sum(l is None for _, l in marks)} false", flush=True)
    figures = froc(cases)
    group = np.arange(len(cases))
    s, f = at_threshold(cases, threshold)
    found = [l for l in lesions if l["score"] is not None and l["score"] >= threshold]
    volumes = np.array([l["measured_mm3"] / l["volume_mm3"] - 1 for l in found]) if found else np.array([np.nan])
    size = lambda l: "under 6 mm" if l["diameter_mm"] < 6 else "6 to 10 mm" if l["diameter_mm"] < 10 else "10 mm and more"
    groups = {}
    for key in (size, lambda l: l["kind"]):
        for value in sorted({key(l) for l in lesions}):
            own = [l for l in lesions if key(l) == value]
            groups[value] = dict(n=len(own), found=sum(l["score"] is not None and l["score"] >= threshold for l in own))
    return dict(
        n_studies=len(cases), n_lesions=figures["n_lesions"], threshold=threshold, sensitivity=s, sensitivity_interval=bootstrap(lambda i: at_threshold([cases[j] for j in i], threshold)[0], group, n_draws=1000),
        false_marks_per_scan=f, false_marks_interval=bootstrap(lambda i: at_threshold([cases[j] for j in i], threshold)[1], group, n_draws=1000), at_rates_per_scan=figures["at_rates"],
        median_volume_error=float(np.median(volumes)), median_absolute_volume_error=float(np.median(abs(volumes))), by_group=groups,
        missed=[l for l in lesions if l["score"] is None or l["score"] < threshold], curve=thinned(figures["curve"]),
        cases=[dict(study=c["study"], n_lesions=c["n_lesions"], marks=[[round(s, 4), l] for s, l in c["marks"]]) for c in cases])


def write_tables(folder: Path, name: str, cases: list[dict]):
    """For `overread stats froc CASES MARKS`."""
    with (folder / f"{name}-cases.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["case", "lesions"], *[[c["study"], c["n_lesions"]] for c in cases]])
    with (folder / f"{name}-marks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["case", "rating", "lesion"], *[[c["study"], s, "" if l is None else l + 1] for c in cases for s, l in c["marks"]]])


@torch.no_grad()
def tile_features(network, vol, side: int = 128) -> np.ndarray:
    """Channel means of the deepest level of tiles over the lungs, every fourth slice."""
    kept = []
    hook = network.enc3.register_forward_hook(lambda _m, _i, out: kept.append(out.mean((2, 3)).double().numpy()))
    for k in np.flatnonzero(vol.lung.any((1, 2)))[::4]:
        picture = np.pad(vol.picture(k), ((0, 0), (0, side), (0, side)), constant_values=-1000)
        rows, cols = vol.lung.shape[1:]
        for row in (0, max(rows - side, 0)):
            for col in (0, max(cols - side, 0)):
                network(torch.from_numpy(unit(picture[None, :, row : row + side, col : col + side]).astype(np.float32)))
    hook.remove()
    return np.concatenate(kept)


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder = args.out / "lung-lesion"
    path = folder / "evaluation.json"
    card = tomllib.loads((folder / "model.toml").read_text())
    threshold = card["component"]["operating_point"]["threshold"]
    document = json.loads(path.read_text()) if path.exists() else {}
    document.update(model="lung-lesion", weights_sha256=sha256(folder / "model.safetensors"), hit_mm=HIT_MM)
    if args.mode in ("patches", "all"):
        document["tumour_patches"] = patches(args, threshold)
        print({k: v for k, v in document["tumour_patches"].items() if k not in ("by_patient", "curve")}, flush=True)
    if args.mode in ("program", "all"):
        document.setdefault("studies", {})
        for each in args.studies:
            document["studies"][each.name] = study_set(args, each, threshold)
            write_tables(args.cache, each.name, document["studies"][each.name]["cases"])
        for each in args.clean:
            findings = analyzed(args, each, each.name)
            document.setdefault("without_truth", {})[each.name] = dict(
                flagged=sum(f["flagged"] for f in findings), marks=[dict(center_mm=f["center"], score=f["score"], volume_mm3=f["volume"], long_axis_mm=f["long_axis"]) for f in findings])
    write_evaluation(folder, document)


if __name__ == "__main__":
    main()
