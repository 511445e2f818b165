"""Measures the lesion model: models/lung-lesion/evaluation.json.

  patches   tumour patches of 13 patients, none of whom any training has seen
  studies   whole scans with lesions of known place: the demo's phantom, and the real CT with lesions in its left lung; by
            this script's twin of the program's sliding window (same grid, planes, lung field and pieces)
  program   what `overread analyze` itself finds on studies with truth.json

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

from ct import PIXEL_MM, insert, truth_of, tumour_patches, volume
from evaluation import load_weights, write_evaluation
from export import sha256
from lesion_batches import unit
from measure import bootstrap, dice
from networks import UNet
from lesion_studies import places
from train_lesion import NETWORK, is_right

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mode", choices=["patches", "studies", "program"])
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--phantom", type=Path, default=None, help="the demo's study (overread demo --write-only)")
parser.add_argument("--overread", type=Path, default=Path("target/release/overread"))
parser.add_argument("--studies", type=Path, nargs="*", default=[], help="folders of studies 0, 1, … with truth.json; the folder's name is the set's")
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


def patches(args, network, threshold: float) -> dict:
    hu, mask, patient = tumour_patches(args.data)
    found = probability(network, np.repeat(hu[:, None], 3, 1))
    cases, overlap, owner = [], [], []
    for i, each in enumerate(found):
        marks, n = marks_on_patch(each, mask[i])
        cases.append(dict(n_lesions=n, marks=marks, patient=int(patient[i])))
        if n:
            overlap.append(dice(each >= MASK_THRESHOLD, mask[i]))
            owner.append(int(patient[i]))
    sensitivity = lambda i: at_threshold([cases[j] for j in i], threshold)[0] if sum(cases[j]["n_lesions"] for j in i) else None
    figures = froc(cases)
    overlap, owner = np.array(overlap), np.array(owner)
    by_patient = []
    for who in range(13):
        own = [c for c in cases if c["patient"] == who]
        s, f = at_threshold(own, threshold)
        by_patient.append(dict(patient=who, n_slices=len(own), n_with_tumour=sum(c["n_lesions"] > 0 for c in own), sensitivity=s, false_marks_per_patch=f, dice=float(overlap[owner == who].mean()), found=bool(s > 0)))
    s, f = at_threshold(cases, threshold)
    return dict(
        n_patients=13, n_patches=len(cases), n_lesion_slices=figures["n_lesions"], threshold=threshold, sensitivity=s,
        sensitivity_interval=bootstrap(sensitivity, patient, n_draws=1000), false_marks_per_patch=f,
        false_marks_interval=bootstrap(lambda i: at_threshold([cases[j] for j in i], threshold)[1], patient, n_draws=1000),
        patients_found=sum(r["found"] for r in by_patient), dice=float(overlap.mean()), dice_interval=bootstrap(lambda i: overlap[i].mean(), owner, n_draws=1000),
        at_rates_per_patch=figures["at_rates"], by_patient=by_patient, curve=thinned(figures["curve"]))


# ---- whole scans, as the program slides over them ----

TILE, LUNG_MARGIN_MM, MIN_MM3 = 256, 2.0, 30.0


@torch.no_grad()
def scanned(network, vol) -> np.ndarray:
    """Probability of every voxel in the lung field; one tile a plane (planes here are smaller than a tile)."""
    out = np.zeros(vol.hu.shape, np.float32)
    _, rows, cols = vol.hu.shape
    assert max(rows, cols) <= TILE
    for k in np.flatnonzero(vol.lung.any((1, 2))):
        picture = np.full((3, TILE, TILE), -1000, np.float32)
        picture[:, :rows, :cols] = vol.picture(k)
        p = network(torch.from_numpy(unit(picture[None]).astype(np.float32))).softmax(1)[0, 1, :rows, :cols].numpy()
        near = ndimage.binary_dilation(vol.lung[k], iterations=max(1, round(LUNG_MARGIN_MM / PIXEL_MM)))
        out[k] = p * near
    return out


def pieces(vol, p: np.ndarray) -> list[dict]:
    label, n = ndimage.label(p >= MASK_THRESHOLD, np.ones((3, 3, 3)))
    voxel = PIXEL_MM**2 * float(np.median(np.diff(vol.z_mm)))
    found = []
    for k, box in enumerate(ndimage.find_objects(label), start=1):
        inside = label[box] == k
        if inside.sum() * voxel < MIN_MM3:
            continue
        z, y, x = (np.argwhere(inside) + [b.start for b in box]).mean(0)
        center = [vol.origin_mm[0] + x * PIXEL_MM, vol.origin_mm[1] + y * PIXEL_MM, float(np.interp(z, np.arange(len(vol.z_mm)), vol.z_mm))]
        found.append(dict(center=center, score=float(p[box][inside].max()), volume=float(inside.sum() * voxel), long_axis=None))
    return found


def studies(args, network, threshold: float) -> dict:
    """Sets of scans with truth, and marks on scans without."""
    real = volume(args.data / "dicom/chest-ct", args.cache, "chest_ct")
    axis_x, axis_y = (real.origin_mm[i] + np.arange(n) * PIXEL_MM for i, n in ((0, real.hu.shape[2]), (1, real.hu.shape[1])))
    before = pieces(real, scanned(network, real))
    left = [f for f in before if not is_right(real)[0, 0, int(round((f["center"][0] - real.origin_mm[0]) / PIXEL_MM))]]
    cases = []
    for n in range(3):
        rng = np.random.default_rng([77, n])
        lesions, hu, size = places(real, rng, 6), real.hu, []
        for lesion in lesions:
            hu, mask = insert(hu, axis_x, axis_y, real.z_mm, 3.0, lesion, real.lung, rng)
            size.append(float(mask.sum() * PIXEL_MM**2 * 3.0))
        changed = type(real)(hu, real.z_mm, real.origin_mm, real.lung)
        found = [f for f in pieces(changed, scanned(network, changed)) if not is_right(real)[0, 0, int(round((f["center"][0] - real.origin_mm[0]) / PIXEL_MM))]]
        cases.append((str(n), found, [dict(center_mm=l["center"].tolist(), diameter_mm=2 * l["radius"], volume_mm3=v, kind=l["kind"]) for l, v in zip(lesions, size)]))
    out = {"left-lung": of_cases(cases, threshold)}
    if args.phantom:
        vol = volume(args.phantom, args.cache, "phantom_demo")
        out["phantom"] = of_cases([("demo", pieces(vol, scanned(network, vol)), truth_of(args.phantom))], threshold)
    flagged = lambda found: sum(f["score"] >= threshold for f in found)
    out_clean = {"chest-ct": dict(flagged=flagged(before), flagged_left=flagged(left), marks=[dict(center_mm=f["center"], score=f["score"], volume_mm3=f["volume"]) for f in before])}
    return dict(studies=out, without_truth=out_clean)


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
    names = sorted((p for p in folder.iterdir() if (p / "truth.json").exists()), key=lambda p: p.name)
    return of_cases([(p.name, analyzed(args, p, f"{folder.name}-{p.name}"), truth_of(p)) for p in names], threshold)


def of_cases(studies: list, threshold: float) -> dict:
    """studies: (name, findings, lesions)."""
    cases, lesions = [], []
    for name, findings, truth in studies:
        marks, best = matched(findings, truth)
        cases.append(dict(n_lesions=len(truth), marks=marks, study=name))
        for t, b in zip(truth, best):
            lesions.append(dict(study=name, diameter_mm=t["diameter_mm"], kind=t.get("kind", "solid"), score=b and b["score"], volume_mm3=t["volume_mm3"], measured_mm3=b and b["volume"]))
        print(name, f"{sum(b is not None for b in best)} of {len(truth)} found, {sum(l is None for _, l in marks)} false", flush=True)
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


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder = args.out / "lung-lesion"
    path = folder / "evaluation.json"
    threshold = tomllib.loads((folder / "model.toml").read_text())["component"]["operating_point"]["threshold"]
    network = load_weights(UNet(**NETWORK), folder / "model.safetensors")
    document = json.loads(path.read_text()) if path.exists() else {}
    document.update(model="lung-lesion", weights_sha256=sha256(folder / "model.safetensors"), hit_mm=HIT_MM)
    if args.mode == "patches":
        document["tumour_patches"] = patches(args, network, threshold)
        print({k: v for k, v in document["tumour_patches"].items() if k not in ("by_patient", "curve")}, flush=True)
    if args.mode == "studies":
        document.update(studies(args, network, threshold))
    for each in args.studies if args.mode == "program" else []:
        document.setdefault("by_program", {})[each.name] = study_set(args, each, threshold)
        write_tables(args.cache, each.name, document["by_program"][each.name]["cases"])
    write_evaluation(folder, document)


if __name__ == "__main__":
    main()
