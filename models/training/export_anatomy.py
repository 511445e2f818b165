"""Measures the anatomy model on the test images and writes models/chest-anatomy."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from data import SPLIT_SEED, anatomy
from export import NOTICE, golden_input, interval, save_golden, save_weights, toml_table, toml_value
from measure import bootstrap, cardiothoracic_ratio, clean, dice, sensitivity_specificity
from networks import UNET, UNet
from preprocess import HIGH, LOW, MEAN, STD
from train_anatomy import predict

SEGMENTS = [
    (1, "right_lung", "Right lung", [86, 180, 233], "3341006"),
    (2, "left_lung", "Left lung", [0, 158, 115], "44029006"),
    (3, "heart", "Heart", [230, 159, 0], "80891009"),
]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--weights", default="anatomy")
parser.add_argument("--version", default="0.1.0")


def main():
    args = parser.parse_args()
    state = torch.load(args.cache / f"{args.weights}.pt", weights_only=True)
    shape = {**UNET, "base_width": state["enc0.conv1.weight"].shape[0]}
    network = UNet(**shape)
    network.load_state_dict(state)
    network.eval()
    data = anatomy(args.data, args.cache)
    figures = measure(network, data)
    folder = args.out / "chest-anatomy"
    folder.mkdir(parents=True, exist_ok=True)
    weights_sha = save_weights(network, folder / "model.safetensors")
    with torch.no_grad():
        x = golden_input(256, 256, 4011)
        golden_sha = save_golden({"input": x, "output": network(x)}, folder / "golden.safetensors")
    (folder / "model.toml").write_text(card(shape, figures, weights_sha, golden_sha, args.version))
    (folder / "README.md").write_text(readme(shape, figures))
    print(json.dumps(figures, indent=1))


def measure(network, data) -> dict:
    test = np.flatnonzero(data["part"] == 2)
    found = predict(network, data["image_256"][test])
    truth = data["mask_256"][test]
    rows = [data["rows"][i] for i in test]
    source = np.array([r["source"] for r in rows])
    group = np.arange(len(test))
    figures = dict(n=[int((data["part"] == p).sum()) for p in range(3)], n_source={s: int((source == s).sum()) for s in sorted(set(source))})
    for index, name, *_ in SEGMENTS:
        scores = np.array([dice(f == index, t == index) for f, t in zip(found, truth)])
        figures[name] = dict(
            dice=float(scores.mean()), dice_ci=bootstrap(lambda i: scores[i].mean(), group), worst=float(scores.min()),
            by_source={s: float(scores[source == s].mean()) for s in sorted(set(source))},
        )
    ratio = np.array([cardiothoracic_ratio(m) for m in found])
    true_ratio = np.array([cardiothoracic_ratio(clean(data["mask"][i])) for i in test])
    listed = np.array([float(r["cardiothoracic_ratio"] or "nan") for r in rows])
    assert np.isfinite(ratio).all(), "a test image without heart or lungs"
    error, has = np.abs(ratio - true_ratio), np.isfinite(listed)
    sens, spec = sensitivity_specificity(ratio > 0.5, true_ratio > 0.5)
    figures["ratio"] = dict(
        error=float(error.mean()), error_ci=bootstrap(lambda i: error[i].mean(), group), worst=float(error.max()),
        bias=float((ratio - true_ratio).mean()), by_source={s: float(error[source == s].mean()) for s in sorted(set(source))},
        error_listed=float(np.abs(ratio - listed)[has].mean()), n_listed=int(has.sum()),
        sensitivity=sens, specificity=spec, n_enlarged=int((true_ratio > 0.5).sum()),
        sensitivity_ci=bootstrap(lambda i: np.mean((ratio > 0.5)[i][true_ratio[i] > 0.5]), group),
        specificity_ci=bootstrap(lambda i: np.mean((ratio <= 0.5)[i][true_ratio[i] <= 0.5]), group),
    )
    return figures


def card(shape: dict, figures: dict, weights_sha: str, golden_sha: str, version: str) -> str:
    r = figures["ratio"]
    head = dict(
        schema=1, id="chest-anatomy", name="Chest anatomy", version=version, task="segmentation",
        summary="Outlines both lungs and the heart on a frontal chest radiograph and measures the cardiothoracic ratio.",
        intended_use="Research and teaching: a first outline of lungs and heart on adult frontal (PA) chest radiographs, for a reader to check.",
        not_for=f"Diagnosis or treatment, children, lateral or abdominal views, CT; lungs hidden by large effusions or consolidation. {NOTICE}",
        license="Weights: research and non-commercial use, because the JSRT images are free for research (cite Shiraishi 2000); code as the repository",
    )
    text = "\n".join(f"{k} = {toml_value(v)}" for k, v in head.items()) + "\n"
    text += toml_table("weights", dict(file="model.safetensors", sha256=weights_sha))
    text += toml_table("golden", dict(file="golden.safetensors", sha256=golden_sha, tolerance=1e-4))
    text += toml_table("architecture", dict(network="unet", **shape, norm="batch", up="transposed"))
    text += toml_table("input", input_table(256, ["PA"]))
    text += toml_table("output", dict(activation="softmax", calibrated=False, temperature=1.0))
    for index, name, title, color, code in SEGMENTS:
        text += toml_table("segment", dict(
            index=index, id=name, name=title, color=color, code=dict(scheme="SCT", value=code, meaning=title),
            dice=figures[name]["dice"], dice_ci=figures[name]["dice_ci"]), many=True)
    text += toml_table("derived", dict(
        id="cardiothoracic_ratio", name="Enlarged cardiac silhouette", measure="cardiothoracic_ratio",
        code=dict(scheme="SCT", value="8186001", meaning="Cardiomegaly"),
        operating_point=dict(threshold=0.5, sensitivity=r["sensitivity"], specificity=r["specificity"], set="JSRT and Wingspan test part", n=figures["n"][2]),
        mean_absolute_error=r["error"]), many=True)
    said = f"Mean Dice on {figures['n'][2]} test images: " + ", ".join(f"{t.lower()} {interval(figures[i]['dice'], figures[i]['dice_ci'])}" for _, i, t, *_ in SEGMENTS)
    said += f". Cardiothoracic ratio: mean absolute error {interval(r['error'], r['error_ci'])}. Same two sources as the training images; not tested elsewhere."
    text += toml_table("evaluation", dict(split="by patient", n_train=figures["n"][0], n_validation=figures["n"][1], n_test=figures["n"][2], seed=SPLIT_SEED, text=said))
    text += toml_table("source", dict(name="JSRT chest radiographs with masks", license="free for research", citation="Shiraishi J et al. AJR 2000;174:71-74", n_images=187), many=True)
    text += toml_table("source", dict(name="Wingspan chest radiographs with masks", license="MIT (collection)", citation="eveningdong/cardiothoracic_ratio_estimation_dataset", n_images=214), many=True)
    return text


def input_table(side: int, views: list[str]) -> dict:
    return dict(
        modalities=["CR", "DX", "DR", "RG"], body_parts=["CHEST", "THORAX"], views=views, orientation=["L", "F"], rows=side, cols=side, channels=1, polarity="bright_is_dense",
        intensity=dict(kind="percentile", low=LOW, high=HIGH), fit="letterbox", resize="triangle_antialias", mean=MEAN, std=STD)


def readme(shape: dict, figures: dict) -> str:
    r = figures["ratio"]
    lines = "\n".join(
        f"| {title} | {interval(figures[name]['dice'], figures[name]['dice_ci'])} | {figures[name]['by_source']['jsrt']:.3f} | {figures[name]['by_source']['wingspan']:.3f} | {figures[name]['worst']:.3f} |"
        for _, name, title, *_ in SEGMENTS)
    return f"""# Chest anatomy

**{NOTICE}** A demonstration-grade model: small, trained on {figures['n'][0]} images, never tested outside its two sources.

Outlines the right lung, the left lung (the patient's sides) and the heart on a frontal chest radiograph; from the outlines the program measures the cardiothoracic ratio. A U-Net of {shape['depth']} levels, base width {shape['base_width']}, 256 × 256.

## Intended use
Research and teaching on adult, upright, frontal (PA) chest radiographs, always with a reader who checks and corrects the outline.

## Not for
Diagnosis or treatment decisions, children, lateral or abdominal views, CT, photographs of films. It does not know what it has not seen: it will outline *something* on any image.

## Figures
Test part: {figures['n'][2]} images ({figures['n_source']['jsrt']} JSRT, {figures['n_source']['wingspan']} Wingspan), one per patient, used for nothing else. Dice on the 256 × 256 grid after keeping the largest piece of each structure; mean with bootstrap 95 % interval over patients.

| structure | Dice | JSRT | Wingspan | worst image |
|---|---|---|---|---|
{lines}

Cardiothoracic ratio (columns spanned by the heart over columns spanned by both lungs):

| | |
|---|---|
| mean absolute error against the reference masks | {interval(r['error'], r['error_ci'])} |
| … JSRT, Wingspan | {r['by_source']['jsrt']:.3f}, {r['by_source']['wingspan']:.3f} |
| worst error | {r['worst']:.3f} |
| mean signed error | {r['bias']:+.3f} |
| mean absolute error against the listed ratio ({r['n_listed']} images) | {r['error_listed']:.3f} |
| ratio > 0.5, sensitivity ({r['n_enlarged']} of {figures['n'][2]} enlarged) | {interval(r['sensitivity'], r['sensitivity_ci'])} |
| ratio > 0.5, specificity | {interval(r['specificity'], r['specificity_ci'])} |

A ratio above 0.5 is a rule about a silhouette, not a diagnosis: a portable or AP film, a shallow breath or a rotated patient enlarges it. Within about ±{2 * r['error']:.2f} of 0.5 the call is a coin's toss.

Looked at, not measured (there are no reference masks): 32 NIH ChestX-ray14 images, AP and PA. Most outlines were plausible; it erred where the lungs were opaque or the heart border met gas or breast shadow below the diaphragm.

## Data and licences
JSRT (187 images; free for research, cite Shiraishi 2000) and Wingspan (214; collected with the masks in eveningdong/cardiothoracic_ratio_estimation_dataset, MIT). Split by image file (the names carry no patient, so one file counts as one patient), stratified by source: {figures['n'][0]} train, {figures['n'][1]} validation, {figures['n'][2]} test. No image is part of this folder; `golden.safetensors` is a random field.

## Known failures
- Lungs: only what is dark is outlined. Lung behind the heart and diaphragm is left out (as in the masks), and so is lung hidden by effusion, consolidation or collapse, which narrows the thorax and inflates the ratio.
- Portable AP films, lines, pacemakers, large bowel gas, strong rotation, and mirrored images (dextrocardia, wrong side marker): rare or absent in training.
- The softmax values are not calibrated.
- The masks stop at the heart border; great vessels are not part of the heart.

Training: `models/training/README.md`.
"""


if __name__ == "__main__":
    main()
