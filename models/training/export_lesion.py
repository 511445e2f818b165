"""Writes models/lung-lesion: weights, golden case, card and description.

The description's figures come from evaluation.json, which evaluate_lesion.py writes; so the order is:
export_lesion.py, evaluate_lesion.py patches, evaluate_lesion.py studies, export_lesion.py again.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from ct import CONTEXT_MM, HIGH_HU, LOW_HU, PIXEL_MM
from evaluate_lesion import MASK_THRESHOLD, MIN_MM3, TILE
from export import NOTICE, golden_input, save_golden, save_weights, toml_table, toml_value
from lesion_batches import MEAN, STD
from train_lesion import NETWORK, loaded

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--weights", default="lesion_base")
parser.add_argument("--version", default="0.1.0")
parser.add_argument("--threshold", type=float, default=0.97, help="of a piece's peak: at most one mark in the training lung is flagged")


def main():
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = loaded(args.cache, args.weights).eval()
    folder = args.out / "lung-lesion"
    folder.mkdir(parents=True, exist_ok=True)
    weights_sha = save_weights(network, folder / "model.safetensors")
    with torch.no_grad():
        x = golden_input(TILE, TILE, 6313)
        x = torch.cat([x, x.roll(3, -1) * 0.9, x.roll(-2, -2) * 1.1], 1)
        golden_sha = save_golden({"input": x, "output": network(x)}, folder / "golden.safetensors")
    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text()) if path.exists() else {}
    if evaluation.get("weights_sha256") != weights_sha:
        evaluation = {}
    (folder / "model.toml").write_text(card(evaluation, weights_sha, golden_sha, args))
    (folder / "README.md").write_text(readme(evaluation, args))


def share(value, bounds) -> str:
    return f"{value:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f})"


def card(evaluation: dict, weights_sha: str, golden_sha: str, args) -> str:
    head = dict(
        schema=1, id="lung-lesion", name="Lung lesion", version=args.version, task="segmentation",
        summary="Outlines lesions inside the lungs on chest CT and measures volume and axes. A small demonstration model.",
        intended_use="Research and teaching: places on an adult chest CT that a reader should look at, with a first outline to correct.",
        not_for=f"Diagnosis, screening or ruling anything out; follow-up of volumes; children; lesions of the mediastinum, the chest wall or outside the air-filled lung; slices thicker than 5 mm. {NOTICE}",
        license="Weights: trained on one TCIA CPTAC chest CT (CC BY 3.0, name the source); code as the repository")
    text = "\n".join(f"{k} = {toml_value(v)}" for k, v in head.items()) + "\n"
    text += toml_table("weights", dict(file="model.safetensors", sha256=weights_sha))
    text += toml_table("golden", dict(file="golden.safetensors", sha256=golden_sha, tolerance=1e-4))
    text += toml_table("architecture", dict(network="unet", **NETWORK, norm="batch", up="transposed"))
    text += toml_table("input", dict(
        modalities=["CT"], body_parts=["CHEST", "THORAX", "LUNG"], rows=TILE, cols=TILE, channels=NETWORK["in_channels"], polarity="as_stored",
        intensity=dict(kind="window", low=LOW_HU, high=HIGH_HU), fit="tiles", resize="triangle_antialias", mean=MEAN, std=STD))
    text += toml_table("sliding", dict(overlap=0.25, batch=4, axis="axial", pixel_mm=PIXEL_MM, context_mm=CONTEXT_MM, min_step_mm=2.0, region="lungs", region_margin_mm=2.0))
    text += toml_table("scope", dict(min_age_years=18.0, min_pixel_mm=0.3, max_pixel_mm=1.6, min_slice_mm=0.4, max_slice_mm=5.0, min_slices=10))
    text += toml_table("output", dict(activation="softmax", calibrated=False, temperature=1.0))
    patches = evaluation.get("tumour_patches")
    segment = dict(index=1, id="lesion", name="Lung lesion", color=[213, 94, 0], code=dict(scheme="SCT", value="52988006", meaning="Lesion"))
    if patches:
        segment.update(dice=patches["dice"], dice_ci=patches["dice_interval"])
    text += toml_table("segment", segment, many=True)
    point = dict(threshold=args.threshold)
    if patches:
        point.update(sensitivity=patches["sensitivity"], set="Task06 tumour slices of 13 patients, none trained on", n=patches["n_lesion_slices"])
    text += toml_table("component", dict(segment="lesion", threshold=MASK_THRESHOLD, min_size=MIN_MM3, max_findings=20, score="peak", operating_point=point))
    said = evaluation_text(evaluation)
    text += toml_table("evaluation", dict(split="by patient", n_train=1, n_test=13, seed=5, text=said))
    text += toml_table("source", dict(name="TCIA CPTAC chest CT (C3N-00247), lesions set into its right lung by formula", license="CC BY 3.0", citation="Clark K et al. J Digit Imaging 2013;26:1045-1057", n_images=99), many=True)
    text += toml_table("source", dict(name="Medical Segmentation Decathlon Task06, tumour patches: for measuring only", license="CC BY-SA 4.0", citation="Antonelli M et al. Nat Commun 2022;13:4128", n_images=130), many=True)
    return text


def evaluation_text(evaluation: dict) -> str:
    if not evaluation.get("tumour_patches"):
        return "Not measured yet."
    p = evaluation["tumour_patches"]
    said = f"Tumour slices of unseen patients ({p['n_patients']} patients, {p['n_lesion_slices']} tumours on {p['n_patches']} patches): sensitivity {share(p['sensitivity'], p['sensitivity_interval'])} at {p['false_marks_per_patch']:.2f} false marks a patch."
    for name, s in sorted(evaluation.get("studies", {}).items()):
        said += f" Whole studies, {name}: {s['n_lesions']} lesions in {s['n_studies']} scans, sensitivity {share(s['sensitivity'], s['sensitivity_interval'])} at {s['false_marks_per_scan']:.1f} false marks a scan."
    return said


def group_lines(groups: dict) -> str:
    return "\n".join(f"| {name} | {g['n']} | {g['found']} |" for name, g in groups.items())


def readme(e: dict, args) -> str:
    p, studies = e.get("tumour_patches"), e.get("studies", {})
    if not p:
        return "# Lung lesion\n\nNot measured yet.\n"
    shape = NETWORK
    rates = lambda r: " · ".join(f"{v:.2f}" for v in r.values())
    patients = "\n".join(
        f"| {r['patient']} | {r['n_with_tumour']} of {r['n_slices']} | {r['sensitivity']:.2f} | {r['false_marks_per_patch']:.2f} | {r['dice']:.2f} |" for r in p["by_patient"])
    rows, groups = [], []
    for name, s in sorted(studies.items()):
        rows.append(
            f"| {SET_NAMES.get(name, name)} | {s['n_studies']} | {s['n_lesions']} | {share(s['sensitivity'], s['sensitivity_interval'])} | {s['false_marks_per_scan']:.1f} ({s['false_marks_interval'][0]:.1f} to {s['false_marks_interval'][1]:.1f}) "
            f"| {rates(s['at_rates_per_scan'])} | {s['median_volume_error']:+.0%} ({s['median_absolute_volume_error']:.0%}) |")
        groups.append(f"\n**{SET_NAMES.get(name, name)}**\n\n| lesions | n | found |\n|---|---|---|\n{group_lines(s['by_group'])}")
    clean = "\n".join(f"- {CLEAN_NAMES.get(name, name)}: {c['flagged']} flagged, {len(c['marks'])} marked in all." for name, c in sorted(e.get("without_truth", {}).items()))
    return f"""# Lung lesion

**{NOTICE}** A first, hardly trained model (344 steps of 24 patches): it has seen lesions made by formula in the right lung of one CT, and no real tumour. It misses more than half of real tumour outlines. It is not built into the program; `--models-dir models` offers it.

Marks and outlines lesions inside the lungs on chest CT; the program joins the slices, measures volume and axes, and makes a finding of each piece. A U-Net of {shape['depth']} levels, base width {shape['base_width']}, that sees three planes {CONTEXT_MM:g} mm apart at {PIXEL_MM:g} mm per pixel, window {LOW_HU:g} to {HIGH_HU:g} HU, moved over the lung field in tiles of {TILE} × {TILE}.

## Intended use
Research and teaching: places on an adult chest CT that a reader should look at, with a first outline to correct.

## Not for
Diagnosis, screening, ruling anything out, or following a volume over time; children; the mediastinum, the hila, the chest wall and whatever lies outside air-filled lung (a mass that fills a lobe is not in the lung field); slices thicker than 5 mm.

## Figures
**Tumours of unseen patients.** {p['n_patches']} slices of 48 × 48 pixels of 2 mm from {p['n_patients']} patients (Medical Segmentation Decathlon Task06), none of whom took part in training. The operating point was set on the training lung (at most one mark flagged there), but after figures at a first setting, 0.6, had been seen: sensitivity 0.43 (0.23 to 0.66), 9 of 13 patients, 0.03 false marks a slice here; 0.78 at 11 false marks in the left lung and 0.67 at 27 in the phantom below. A slice stands alone here (the same plane three times) and without a lung field, which makes the task harder than a whole scan. {p['n_lesion_slices']} tumour outlines; a mark hits when it overlaps one. At the operating point {p['threshold']:g}:

| | |
|---|---|
| sensitivity per outline | {share(p['sensitivity'], p['sensitivity_interval'])} |
| false marks a slice | {share(p['false_marks_per_patch'], p['false_marks_interval'])} |
| patients with at least one outline found | {p['patients_found']} of {p['n_patients']} |
| Dice of the slices with a tumour | {share(p['dice'], p['dice_interval'])} |
| sensitivity at 1/8, 1/4, 1/2, 1, 2, 4, 8 false marks a slice | {rates(p['at_rates_per_patch'])} |

**Whole scans**, by `evaluate_lesion.py`'s twin of the program's sliding window (same grid, planes, lung field and pieces), with lesions of known place. A mark hits when its middle lies within the lesion's radius (at least {e['hit_mm']:g} mm) of the lesion's middle. Volume: median error of the found ones (median absolute error).

| scans | n | lesions | sensitivity | false marks a scan | sensitivity at 1/8, 1/4, 1/2, 1, 2, 4, 8 false marks a scan | volume |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Lesions set into pictures by a formula are easier than a radiologist's: these rows say that the machinery works, not that a clinic could use it. The real CT gave its right lung for training and its left lung for this test, so the patient is not unseen, only the place.

Scans without known truth, marks looked at by nobody with a diagnosis:

{clean or '- none.'}

## Subgroups
Age and sex of the tumour patients are not in the data. By patient:

| patient | slices with tumour | sensitivity | false marks a slice | Dice |
|---|---|---|---|---|
{patients}
{chr(10).join(groups)}

## Known failures
{failures(e)}
- Vessels cut across, above all where they fork near the hilum, look like nodules on thick slices; scars, atelectasis and mucus are not told from lesions.
- Masses that grow out of the mediastinum or fill a lobe lie outside the lung field and are cut off or missed (patient 11 of the table).
- No feature statistics are shipped: one training CT cannot say what is usual, so unusual scans are not told.
- The outline is made on a grid of {PIXEL_MM:g} mm: volumes of small lesions are rough.
- The score is the highest softmax value in a piece; it is not a probability.

## Data and licences
Training: one chest CT of TCIA CPTAC (C3N-00247), CC BY 3.0, right lung only, with lesions by formula (`ct.py`). Measuring only: Medical Segmentation Decathlon Task06 (Antonelli 2022), CC BY-SA 4.0; the program's phantom. No picture is part of this folder; `golden.safetensors` is a random field.

Training: `models/training/README.md`.
"""


SET_NAMES = {"phantom": "the demo's phantom, never trained on", "left-lung": "real CT, lesions set into its left lung"}
CLEAN_NAMES = {"chest-ct": "the real CT as it is", "phantom-clean": "a phantom without nodules"}


def failures(e: dict) -> str:
    lines = []
    for name, s in sorted(e.get("studies", {}).items()):
        if s["missed"]:
            said = ", ".join(f"{l['diameter_mm']:.0f} mm {l['kind']} (study {l['study']})" for l in s["missed"][:6])
            lines.append(f"- Missed in the {SET_NAMES.get(name, name)}: {said}.")
    weak = [r for r in e["tumour_patches"]["by_patient"] if r["sensitivity"] < 0.5]
    if weak:
        lines.append("- Patients of whose tumours less than half was found: " + ", ".join(f"{r['patient']} ({r['sensitivity']:.2f})" for r in weak) + ".")
    return "\n".join(lines) or "- None among the measured beyond those below."


if __name__ == "__main__":
    main()
