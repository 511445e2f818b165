"""The findings model by subgroup, its maps against the anatomy, calibration, foreign pictures: models/chest-findings/evaluation.json.

Runs after export_findings.py, on the exported weights. Calibration is measured by cross-validation over the test patients and
not shipped.
"""
import argparse
import tomllib
from pathlib import Path

import numpy as np
import pydicom
import torch
import torch.nn.functional as F

from data import FINDINGS, adults, anatomy, children, normalize
from evaluate_anatomy import network_of
from evaluation import FEWEST, age_band, distances, expected_calibration_error, fitted, held_out_distances, load_weights, save_distance, shares_beyond, subgroups, write_evaluation
from export import sha256
from measure import auroc, auroc_with_interval, bootstrap
from networks import densenet
from preprocess import fit, stretch
from train_anatomy import predict
from train_findings import logits_of

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--phantom", type=Path, default=None, help="the demo's study (overread demo --write-only)")
parser.add_argument("--threads", type=int, default=1)


@torch.no_grad()
def features_of(network, image: np.ndarray) -> np.ndarray:
    """The pooled feature map: what the classifier sees."""
    out = []
    for i in range(0, len(image), 16):
        x = normalize(torch.from_numpy(image[i : i + 16].astype(np.float32))[:, None])
        out.append(torch.relu(network.features(x)).mean((2, 3)).double().numpy())
    return np.concatenate(out)


@torch.no_grad()
def maps_of(network, image: np.ndarray) -> np.ndarray:
    """N × labels × 224 × 224: Grad-CAM (closed form for a pooled linear head), smoothed to the picture's grid."""
    out = []
    for i in range(0, len(image), 8):
        feature = torch.relu(network.features(normalize(torch.from_numpy(image[i : i + 8].astype(np.float32))[:, None])))
        cam = torch.relu(torch.einsum("nchw,lc->nlhw", feature, network.classifier.weight))
        out.append(F.interpolate(cam, size=image.shape[-2:], mode="bicubic", align_corners=False).clamp_min(0).numpy())
    return np.concatenate(out)


def saliency_figures(network, labels, thresholds, data, test, args) -> dict:
    """How much of each map lies in the outlined lungs (grown by 3 % of the side) and the heart, beside their share of the picture."""
    outline = predict(network_of(args.out / "chest-anatomy/model.safetensors"), data["image_256"][test].astype(np.float32))
    outline = torch.from_numpy(outline)[:, None].float()
    outline = F.interpolate(outline, size=224, mode="nearest")[:, 0]
    grow = lambda m: F.max_pool2d(m[:, None].float(), 13, 1, 6)[:, 0].numpy() > 0
    lungs, heart = grow((outline == 1) | (outline == 2)), (outline == 3).numpy()
    maps, logits = maps_of(network, data["image_224"][test]), logits_of(network, data["image_224"][test])
    patient, out = data["patient"][test], {}
    for column, label in enumerate(labels):
        mass = maps[:, column].reshape(len(test), -1)
        total = mass.sum(1)
        inside = lambda m: (maps[:, column] * m).reshape(len(test), -1).sum(1) / np.maximum(total, 1e-9)
        peak = mass.argmax(1)
        at_peak = lungs.reshape(len(test), -1)[np.arange(len(test)), peak] | heart.reshape(len(test), -1)[np.arange(len(test)), peak]
        probability = 1 / (1 + np.exp(-logits[:, column]))
        called = (probability >= thresholds[label]) & (total > 0)
        share, area = inside(lungs), lungs.reshape(len(test), -1).mean(1)
        out[label] = dict(
            n_called=int(called.sum()), in_lungs=float(share[called].mean()), in_lungs_interval=bootstrap(lambda i: share[called][i].mean(), patient[called], n_draws=1000),
            lungs_of_picture=float(area[called].mean()), in_lungs_or_heart=float(inside(lungs | heart)[called].mean()), lungs_or_heart_of_picture=float((lungs | heart).reshape(len(test), -1).mean(1)[called].mean()),
            peak_in_lungs_or_heart=float(at_peak[called].mean()))
    return out


# ---- calibration ----

def calibrated(kind: str, logit: np.ndarray, truth: np.ndarray):
    """A function logit → probability, fitted to these cases."""
    if kind == "none":
        return lambda z: 1 / (1 + np.exp(-z))
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression
        p = 1 / (1 + np.exp(-logit))
        model = IsotonicRegression(y_min=0.01, y_max=0.99, out_of_bounds="clip").fit(p, truth)
        return lambda z: model.predict(1 / (1 + np.exp(-z)))
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(C=1e6).fit(logit[:, None], truth)  # Platt: a slope and an offset
    return lambda z: model.predict_proba(z[:, None])[:, 1]


def one_temperature(logit: np.ndarray, truth: np.ndarray) -> float:
    """Of all labels together (N × labels): least cross-entropy."""
    from scipy.optimize import minimize_scalar
    loss = lambda t: float(np.mean(np.logaddexp(0, logit / t) - truth * logit / t))
    return float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x)


def calibration_figures(logits, truth, patient, labels) -> dict:
    """What each way would do to the scores of unseen patients: fitted to four fifths of the test patients, measured on the rest.

    Nothing of it is shipped: the test part fits no parameter of the model, so its scores stay uncalibrated and are not shown
    as probabilities.
    """
    names = np.random.default_rng(4).permutation(sorted(set(patient)))
    fold = np.empty(len(patient), int)
    for k, part in enumerate(np.array_split(names, 5)):
        fold[np.isin(patient, part)] = k
    out = dict(n=len(patient), n_patients=len(names), temperature=one_temperature(logits, truth), labels={})
    for c, label in enumerate(labels):
        row = dict(prevalence=float(truth[:, c].mean()), mean_score=float((1 / (1 + np.exp(-logits[:, c]))).mean()))
        for kind in ("none", "temperature", "platt", "isotonic"):
            p = np.empty(len(patient))
            for k in range(5):
                held, rest = fold == k, fold != k
                if kind == "temperature":
                    p[held] = 1 / (1 + np.exp(-logits[held, c] / one_temperature(logits[rest], truth[rest])))
                else:
                    p[held] = calibrated(kind, logits[rest, c], truth[rest, c])(logits[held, c])
            row[kind] = dict(
                ece=expected_calibration_error(p, truth[:, c]), ece_interval=bootstrap(lambda i: expected_calibration_error(p[i], truth[i, c]), patient, n_draws=500),
                brier=float(np.mean((p - truth[:, c]) ** 2)))
        out["labels"][label] = row
    out["said"] = (
        f"Expected calibration error (ten bins of equal numbers) on the {out['n']} test images: of the scores as they are, and of scores calibrated in three ways by four fifths of the test patients and measured on the remaining fifth. "
        f"One temperature for all labels would be {out['temperature']:.2f}; what is wrong is an offset (rare positives were given more weight, so scores of the three rarer labels are too high), which a temperature alone cannot mend and Platt's slope and offset can. "
        "None of this is shipped: no patients are left to calibrate on that are neither trained on nor tested on, so the scores stay uncalibrated and are never shown as probabilities.")
    return out


def radiograph_of(folder: Path) -> np.ndarray:
    """The phantom's radiograph as the program prepares it, 0..1, 224 × 224."""
    for path in sorted(folder.rglob("*.dcm")):
        file = pydicom.dcmread(path)
        if file.Modality in ("DX", "CR"):
            pixels = file.pixel_array.astype(np.float64)
            return fit(stretch(-pixels if file.PhotometricInterpretation == "MONOCHROME1" else pixels), 224, 224)
    raise SystemExit(f"no radiograph in {folder}")


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder = args.out / "chest-findings"
    card = tomllib.loads((folder / "model.toml").read_text())
    labels = [label["id"] for label in card["label"]]
    thresholds = {label["id"]: label["operating_point"]["threshold"] for label in card["label"]}
    path = folder / "model.safetensors"
    network = load_weights(densenet(len(labels)), path)
    data = adults(args.data, args.cache)
    test = np.flatnonzero(data["part"] == 2)
    logits = logits_of(network, data["image_224"][test])
    patient = data["patient"][test]
    rows = [data["rows"][i] for i in test]
    columns = [FINDINGS.index(label) for label in labels]
    truth = data["target"][test][:, columns]
    document = dict(model="chest-findings", weights_sha256=sha256(path), n_test=len(test), n_test_patients=len(set(patient)), labels={})
    groups = dict(age=[age_band(r["age"]) for r in rows], sex=[r["sex"] for r in rows], view=[r["view"] for r in rows], source=["NIH"] * len(rows))
    for c, label in enumerate(labels):
        value, interval = auroc_with_interval(logits[:, c], truth[:, c], patient)
        called = 1 / (1 + np.exp(-logits[:, c])) >= thresholds[label]
        enough = lambda i: min(truth[i, c].sum(), (1 - truth[i, c]).sum()) >= FEWEST
        by = subgroups(groups, lambda i: auroc(logits[i, c], truth[i, c]) if enough(i) else None, patient, lambda i: dict(n_positive=int(truth[i, c].sum())))
        wrong = np.where(truth[:, c] > 0, -logits[:, c], logits[:, c])
        document["labels"][label] = dict(
            auroc=value, interval=interval, threshold=thresholds[label], sensitivity=float(called[truth[:, c] > 0].mean()), specificity=float((~called[truth[:, c] == 0]).mean()),
            subgroups=by, worst=[dict(file=rows[i]["image"], truth=int(truth[i, c]), score=float(1 / (1 + np.exp(-logits[i, c])))) for i in np.argsort(-wrong)[:5]])
        print(label, value, interval, flush=True)
    document["saliency"] = saliency_figures(network, labels, thresholds, data, test, args)
    document["calibration"] = calibration_figures(logits, truth, patient, labels)
    document["distance"] = distance_figures(network, data, test, labels, thresholds, args, folder)
    write_evaluation(folder, document)


def distance_figures(network, data, test, labels, thresholds, args, folder) -> dict:
    known = np.flatnonzero(data["part"] < 2)
    features = features_of(network, data["image_224"][known])
    reference = held_out_distances(features, data["patient"][known])
    table = save_distance(folder, features, reference, "features.norm5", "training and validation images; quantiles from five folds of patients, each measured by the other four")
    mean, precision = fitted(features)
    of = lambda image: shares_beyond(distances(features_of(network, image), mean, precision), reference)
    chests, kids = anatomy(args.data, args.cache), children(args.data, args.cache)
    rng = np.random.default_rng(2)
    at_224 = lambda stack: F.interpolate(torch.from_numpy(stack.astype(np.float32))[:, None], size=224, mode="bilinear", antialias=True)[:, 0].numpy()
    source = np.array([r["source"] for r in chests["rows"]])
    some = lambda pick: at_224(chests["image_256"][rng.choice(np.flatnonzero(pick), 40, replace=False)])
    sets = dict(
        test=of(data["image_224"][test]), jsrt=of(some(source == "jsrt")), wingspan=of(some(source == "wingspan")),
        children=of(at_224(kids["image"][rng.choice(len(kids["image"]), 60, replace=False)])),
        inverted_test=of(1 - data["image_224"][test]), upside_down=of(data["image_224"][test][:, ::-1].copy()), noise=of(rng.random((40, 224, 224))))
    out = dict(card=table, sets=sets)
    if args.phantom:
        picture = radiograph_of(args.phantom)[None]
        score = 1 / (1 + np.exp(-logits_of(network, picture.astype(np.float32))[0]))
        apart = distances(features_of(network, picture), mean, precision)
        out["phantom"] = dict(**shares_beyond(apart, reference), percentile=float((reference < apart[0]).mean() * 100), scores={label: float(s) for label, s in zip(labels, score)}, flagged=[label for label, s in zip(labels, score) if s >= thresholds[label]])
    return out


if __name__ == "__main__":
    main()
