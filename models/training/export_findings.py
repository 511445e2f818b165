"""Chooses labels and thresholds from the out-of-fold logits, measures on the test patients, writes models/chest-findings."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from data import FINDINGS, SPLIT_SEED, adults, one_per_patient
from export import NOTICE, golden_input, interval, save_golden, save_weights, toml_table, toml_value
from export_anatomy import input_table
from measure import auroc, auroc_with_interval, bootstrap, sensitivity_specificity, threshold_for
from networks import DENSENET, densenet
from train_findings import logits_of

LABELS = {
    "abnormal": ("Abnormal chest radiograph", "168734001", "Standard chest X-ray abnormal"),
    "infiltration": ("Infiltration", "409609008", "Radiologic infiltrate of lung"),
    "effusion": ("Pleural effusion", "60046008", "Pleural effusion"),
    "atelectasis": ("Atelectasis", "46621007", "Atelectasis"),
    "edema": ("Pulmonary edema", "19242006", "Pulmonary edema"),
    "consolidation": ("Consolidation", "95436008", "Lung consolidation"),
}
WANTED_AUROC = 0.65
WANTED_AUROC_WITHIN_VIEW = 0.60
WANTED_POSITIVES = 15  # among the test images; fewer say nothing

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--weights", default="findings")
parser.add_argument("--sensitivity", type=float, default=0.88, help="aimed at on the out-of-fold logits")
parser.add_argument("--version", default="0.1.0")


def main():
    args = parser.parse_args()
    state = torch.load(args.cache / f"{args.weights}.pt", weights_only=True)
    network = densenet(len(FINDINGS))
    network.load_state_dict(state)
    data = adults(args.data, args.cache)
    out_of_fold = np.load(args.cache / f"{args.weights}_out_of_fold.npy")
    figures = measure(network, data, out_of_fold, args.sensitivity)
    shipped = [f for f in FINDINGS if figures[f]["shipped"]]
    network = narrowed(network, [FINDINGS.index(f) for f in shipped])
    folder = args.out / "chest-findings"
    folder.mkdir(parents=True, exist_ok=True)
    weights_sha = save_weights(network, folder / "model.safetensors")
    x = golden_input(224, 224, 7820)
    golden_sha = save_golden({"input": x, **output_and_cam(network, x)}, folder / "golden.safetensors")
    (folder / "model.toml").write_text(card(figures, shipped, weights_sha, golden_sha, args.version))
    (folder / "README.md").write_text(readme(figures, shipped))
    print(json.dumps(figures, indent=1))


def narrowed(network, rows: list[int]):
    """The same network with only the shipped labels in its classifier."""
    small = densenet(len(rows))
    state = network.state_dict()
    small.load_state_dict({k: v[rows] if k.startswith("classifier") else v for k, v in state.items()})
    return small.eval()


def output_and_cam(network, x: torch.Tensor) -> dict:
    """Raw logits and, per label, Grad-CAM by autograd: ReLU of the gradient-weighted sum of relu(norm5), not normalized."""
    feature_map = torch.relu(network.features(x))
    logits = network.classifier(feature_map.mean((2, 3)))
    cams = []
    for column in range(logits.shape[1]):
        (gradient,) = torch.autograd.grad(logits[0, column], feature_map, retain_graph=True)
        cams.append(torch.relu((gradient.mean((2, 3), keepdim=True) * feature_map).sum(1))[0])
    return {"output": logits, "cam": torch.stack(cams)}


def measure(network, data, out_of_fold, wanted_sensitivity: float) -> dict:
    test, known = np.flatnonzero(data["part"] == 2), np.flatnonzero(np.isfinite(out_of_fold[:, 0]))
    single = one_per_patient(data["patient"], data["part"] == 2)
    logits = np.full(out_of_fold.shape, np.nan, np.float32)
    logits[test] = logits_of(network, data["image_224"][test])
    patient, is_ap = data["patient"], data["is_ap"]
    figures = dict(
        n=[int((data["part"] == p).sum()) for p in range(3)], n_patients=[len(set(patient[data["part"] == p])) for p in range(3)],
        test_view={"AP": int(is_ap[test].sum()), "PA": int((~is_ap[test]).sum())},
    )
    for column, name in enumerate(FINDINGS):
        truth, score = data["target"][:, column], logits[:, column]
        value, bounds = auroc_with_interval(score[test], truth[test], patient[test])
        held, held_bounds = auroc_with_interval(out_of_fold[known, column], truth[known], patient[known])
        within = {}
        for view, title in ((True, "AP"), (False, "PA")):
            pick, pick_known = test[is_ap[test] == view], known[is_ap[known] == view]
            within[title] = dict(
                test=auroc(score[pick], truth[pick]), out_of_fold=auroc(out_of_fold[pick_known, column], truth[pick_known]),
                n_positive=int(truth[pick].sum()), n_positive_out_of_fold=int(truth[pick_known].sum()))
        counts = [max(w["n_positive_out_of_fold"], 1) for w in within.values()]
        within_view = float(np.average([w["out_of_fold"] or 0.5 for w in within.values()], weights=counts))
        logit = threshold_for(out_of_fold[known, column], truth[known], wanted_sensitivity)
        threshold = round(float(1 / (1 + np.exp(-logit))), 3)
        called = 1 / (1 + np.exp(-score)) >= threshold
        sens, spec = sensitivity_specificity(called[test], truth[test])
        index = test
        figures[name] = dict(
            auroc=value, auroc_ci=bounds, auroc_one_per_patient=auroc(score[single], truth[single]), n_positive=int(truth[test].sum()),
            n_positive_one_per_patient=int(truth[single].sum()), out_of_fold=held, out_of_fold_ci=held_bounds, within_view=within_view, within=within,
            threshold=threshold, sensitivity=sens, specificity=spec,
            sensitivity_ci=bootstrap(lambda i: share(called[index][i], truth[index][i] > 0), patient[test]),
            specificity_ci=bootstrap(lambda i: share(~called[index][i], truth[index][i] == 0), patient[test]),
            shipped=bool(held >= WANTED_AUROC and value >= WANTED_AUROC and within_view >= WANTED_AUROC_WITHIN_VIEW and truth[test].sum() >= WANTED_POSITIVES),
        )
    return figures


def share(called: np.ndarray, among: np.ndarray):
    return called[among].mean() if among.any() else None


def card(figures: dict, shipped: list[str], weights_sha: str, golden_sha: str, version: str) -> str:
    head = dict(
        schema=1, id="chest-findings", name="Chest findings", version=version, task="classification",
        summary="Suggests " + ", ".join(LABELS[f][0].lower() for f in shipped) + " on a frontal chest radiograph. A small demonstration model.",
        intended_use="Research and teaching: showing how a suggestion, its heat map and a reader's decision work together on adult frontal chest radiographs.",
        not_for=f"Diagnosis, triage or ruling anything out; children, lateral views, CT. Labels behind it were mined from reports. {NOTICE}",
        license="Weights: NIH ChestX-ray14 (free use with citation) and Kermany 2018 (CC BY 4.0); code as the repository",
    )
    text = "\n".join(f"{k} = {toml_value(v)}" for k, v in head.items()) + "\n"
    text += toml_table("weights", dict(file="model.safetensors", sha256=weights_sha))
    text += toml_table("golden", dict(file="golden.safetensors", sha256=golden_sha, tolerance=1e-4))
    d = DENSENET
    text += toml_table("architecture", dict(
        network="densenet", in_channels=1, n_classes=len(shipped), growth_rate=d["growth_rate"], block_config=list(d["block_config"]),
        init_features=d["init_features"], bn_size=d["bn_size"]))
    text += toml_table("input", input_table(224, ["PA", "AP"]))
    text += toml_table("output", dict(activation="sigmoid", calibrated=False, temperature=1.0))
    text += toml_table("saliency", dict(method="grad-cam", layer="features.norm5", contour_fraction=0.5))
    for index, name in enumerate(shipped):
        f, (title, code, meaning) = figures[name], LABELS[name]
        text += toml_table("label", dict(
            index=index, id=name, name=title, code=dict(scheme="SCT", value=code, meaning=meaning), auroc=f["auroc"], auroc_ci=f["auroc_ci"],
            operating_point=dict(threshold=f["threshold"], sensitivity=f["sensitivity"], specificity=f["specificity"], set="NIH ChestX-ray14 test part", n=figures["n"][2])), many=True)
    said = f"AUROC on {figures['n'][2]} test images of {figures['n_patients'][2]} patients: " + ", ".join(f"{LABELS[f][0].lower()} {interval(figures[f]['auroc'], figures[f]['auroc_ci'])}" for f in shipped)
    said += ". Intervals resample patients. Thresholds come from five-fold cross-validation inside the training and validation patients. Labels are text-mined, one hospital, positives few."
    text += toml_table("evaluation", dict(split="by patient", n_train=figures["n"][0], n_validation=figures["n"][1], n_test=figures["n"][2], seed=SPLIT_SEED, text=said))
    text += toml_table("source", dict(name="NIH ChestX-ray14 (a part)", license="free use with citation", citation="Wang X et al. CVPR 2017", n_images=sum(figures["n"])), many=True)
    text += toml_table("source", dict(name="Paediatric chest radiographs (pre-training)", license="CC BY 4.0", citation="Kermany DS et al. Cell 2018;172:1122-1131", n_images=3250), many=True)
    return text


def number(value) -> str:
    return "–" if value is None else f"{value:.2f}"


def readme(figures: dict, shipped: list[str]) -> str:
    row = lambda f: (
        f"| {LABELS[f][0]} | {figures[f]['n_positive']} | {interval(figures[f]['auroc'], figures[f]['auroc_ci'])} | {figures[f]['auroc_one_per_patient']:.3f} ({figures[f]['n_positive_one_per_patient']}) "
        f"| {interval(figures[f]['out_of_fold'], figures[f]['out_of_fold_ci'])} | {number(figures[f]['within']['AP']['test'])} / {number(figures[f]['within']['PA']['test'])} "
        f"| {number(figures[f]['within']['AP']['out_of_fold'])} / {number(figures[f]['within']['PA']['out_of_fold'])} |")
    point = lambda f: (
        f"| {LABELS[f][0]} | {figures[f]['threshold']:.3f} | {interval(figures[f]['sensitivity'], figures[f]['sensitivity_ci'])} | {interval(figures[f]['specificity'], figures[f]['specificity_ci'])} |")
    left_out = [f for f in FINDINGS if f not in shipped]
    n, p = figures["n"], figures["n_patients"]
    return f"""# Chest findings

**{NOTICE}** A demonstration-grade model. It exists to show how suggestions, heat maps and a reader's decisions work together; nobody should believe it without looking.

A small DenseNet (growth {DENSENET['growth_rate']}, blocks {list(DENSENET['block_config'])}, 224 × 224), pre-trained on children with and without pneumonia, then fine-tuned on adults. Labels shipped: {', '.join(LABELS[f][0].lower() for f in shipped)}.

## Intended use
Research and teaching on adult frontal (AP or PA) chest radiographs, always beside a reader.

## Not for
Diagnosis, triage, ruling anything out; children (the pre-training set is no validation), lateral views, CT, photographs of films, and findings other than those named: pneumothorax, nodules and fractures are unknown to it.

## Figures
Test part: {n[2]} images of {p[2]} patients ({figures['test_view']['AP']} AP, {figures['test_view']['PA']} PA), in no training and in no choice of thresholds. Intervals are 95 %, from a bootstrap that resamples patients. "One per patient": one image of each patient drawn at random (positives in brackets). "Cross-validated": out-of-fold logits of five models trained the same way on the other {n[0] + n[1]} images of {p[0] + p[1]} patients.

| label | test positives | AUROC, test | one per patient | AUROC, cross-validated | within AP / PA, test | within AP / PA, cross-validated |
|---|---|---|---|---|---|---|
{chr(10).join(row(f) for f in shipped)}

Operating points, aimed at a sensitivity of 0.88 on the cross-validated logits, then measured on the test part:

| label | threshold | sensitivity | specificity |
|---|---|---|---|
{chr(10).join(point(f) for f in shipped)}

The outputs are **not probabilities**: rare positives were given more weight in training and nothing was calibrated.

## Left out
A label ships if its AUROC is at least {WANTED_AUROC} cross-validated and on the test part, at least {WANTED_AUROC_WITHIN_VIEW} within one view (cross-validated, weighted by positives), and the test part has at least {WANTED_POSITIVES} positives. Not shipped:

| label | test positives | AUROC, test | one per patient | AUROC, cross-validated | within AP / PA, test | within AP / PA, cross-validated |
|---|---|---|---|---|---|---|
{chr(10).join(row(f) for f in left_out) or '| none | | | | | | |'}

Because the test part also decided what is left out, the figures of what stays lean slightly to the optimistic side.

## Bias to know
- In this part of NIH every abnormal image carries the label Pneumonia, so pneumonia and "abnormal" are one label; it ships as "abnormal". It has hardly seen a nodule, pneumothorax, emphysema or fibrosis.
- View: normals are 70 % AP, abnormal images 60 % PA, edema 90 % AP. Training weights make view and label look independent, and the table shows AUROC within each view; where that is clearly lower than the whole, the view still does part of the work. Edema can hardly be judged apart from AP films.
- Labels were mined from report text, about 90 % right.
- One hospital, adults; tubes, lines and portable films go with illness here and elsewhere in other proportions.

## Known failures
- Small or subtle findings: 224 × 224 pixels do not show them.
- Infiltration, edema and consolidation look alike to it.
- Grad-CAM is a 7 × 7 map: it says roughly where the score came from, not where the disease is, and can light up on lines, markers and borders.
- Other machines and processing shift the scores; check the threshold on your own images first.

## Data and licences
NIH ChestX-ray14, {sum(n)} images of {sum(p)} patients (NIH Clinical Center; Wang 2017; free use with citation), split by patient: {n[0]} train, {n[1]} validation, {n[2]} test. Kermany 2018, 3,250 paediatric images (CC BY 4.0), for pre-training only. No image is part of this folder; `golden.safetensors` is a random field.

Training: `models/training/README.md`.
"""


if __name__ == "__main__":
    main()
