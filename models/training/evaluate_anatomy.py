"""The anatomy model on the shifted test set, by subgroup, and how far foreign pictures lie: models/chest-anatomy/evaluation.json.

Runs after export_anatomy.py, on the exported weights. --before names older weights to measure on the same shifted set.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

from data import adults, anatomy, children, normalize
from evaluation import age_band, distances, fitted, held_out_distances, load_weights, save_distance, shares_beyond, subgroups, write_evaluation
from export import sha256
from export_anatomy import SEGMENTS, measure
from measure import bootstrap, cardiothoracic_ratio, dice
from networks import UNET, UNet
from robust import shifted_sets
from train_anatomy import predict

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--weights", type=Path, default=None, help="other weights than the exported ones; writes nothing")
parser.add_argument("--before", type=Path, default=None, help="older weights, measured on the shifted set too")
parser.add_argument("--part", type=int, default=2, help="2 the test part, 1 the validation part (writes nothing)")
parser.add_argument("--threads", type=int, default=1)


def network_of(path: Path):
    from safetensors.torch import load_file
    width = load_file(path)["enc0.conv1.weight"].shape[0]
    return load_weights(UNet(**{**UNET, "base_width": width}), path)


def on_shifted(network, data, part: int) -> dict:
    pick = np.flatnonzero(data["part"] == part)
    image = torch.from_numpy(data["image_256"][pick])[:, None].float()
    mask = torch.from_numpy(data["mask_256"][pick]).long()
    figures = {}
    for name, (x, y) in shifted_sets(image, mask).items():
        found, truth = predict(network, x[:, 0].numpy()), y.numpy()
        row = {}
        for index, segment, *_ in SEGMENTS:
            scores = np.array([dice(f == index, t == index) for f, t in zip(found, truth)])
            row[segment] = dict(dice=float(scores.mean()), interval=bootstrap(lambda i: scores[i].mean(), np.arange(len(pick)), n_draws=1000), worst=float(scores.min()))
        errors = np.array([abs(cardiothoracic_ratio(f) - cardiothoracic_ratio(t)) for f, t in zip(found, truth)])
        row["ratio_error"] = float(np.nanmean(errors))
        row["no_ratio"] = int(np.isnan(errors).sum())
        figures[name] = row
    return figures


@torch.no_grad()
def deepest(network, image: np.ndarray) -> np.ndarray:
    """Channel means of the deepest level."""
    kept = []
    level = getattr(network, f"enc{network.depth - 1}")
    hook = level.register_forward_hook(lambda _m, _i, out: kept.append(out.mean((2, 3)).double().numpy()))
    for i in range(0, len(image), 8):
        x = torch.from_numpy(image[i : i + 8].astype(np.float32))[:, None]
        network(normalize(x))
    hook.remove()
    return np.concatenate(kept)


def plausible(found: np.ndarray) -> dict:
    """NIH pictures have no masks: shares of outlines that could be a chest."""
    rows = []
    for label in found:
        areas = [(label == v).mean() for v in (1, 2, 3)]
        ratio = cardiothoracic_ratio(label)
        rows.append((min(areas[:2]) > 0.05 and areas[2] > 0.02 and max(areas[:2]) < 3 * min(areas[:2]) and 0.33 < ratio < 0.75, ratio))
    return dict(n=len(found), plausible=float(np.mean([r[0] for r in rows])), mean_ratio=float(np.nanmean([r[1] for r in rows])))


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder = args.out / "chest-anatomy"
    path = args.weights or folder / "model.safetensors"
    network, data = network_of(path), anatomy(args.data, args.cache)
    shifted = on_shifted(network, data, args.part)
    for name, row in shifted.items():
        print(f"{name:14} " + " ".join(f"{row[s]['dice']:.4f}" for _, s, *_ in SEGMENTS) + f" ratio {row['ratio_error']:.4f} none {row['no_ratio']}", flush=True)
    if args.weights or args.part != 2:
        return
    document = dict(model="chest-anatomy", weights_sha256=sha256(path), test=measure(network, data), shifted=shifted)
    if args.before:
        document["shifted_before"] = dict(weights_sha256=sha256(args.before), figures=on_shifted(network_of(args.before), data, 2))
    document["subgroups"] = by_subgroup(network, data)
    document["distance"] = distance_figures(network, data, args, folder)
    write_evaluation(folder, document)


def by_subgroup(network, data) -> dict:
    test = np.flatnonzero(data["part"] == 2)
    rows = [data["rows"][i] for i in test]
    found, truth = predict(network, data["image_256"][test]), data["mask_256"][test]
    groups = dict(
        age=[age_band(r["age"]) for r in rows], sex=[r["sex"] or "unknown" for r in rows], source=[r["source"] for r in rows],
        nodule=[("nodule" if r["nodule"] in ("1", "True", "yes") else "none") if r["source"] == "jsrt" else "unknown" for r in rows])
    out = {}
    for index, name, *_ in SEGMENTS:
        scores = np.array([dice(f == index, t == index) for f, t in zip(found, truth)])
        out[name] = subgroups(groups, lambda i, s=scores: float(s[i].mean()), np.arange(len(test)))
        worst = np.argsort(scores)[:5]
        out[f"{name}_worst"] = [dict(file=rows[i]["image"], dice=float(scores[i])) for i in worst]
    return out


def distance_figures(network, data, args, folder: Path) -> dict:
    nih, kids = adults(args.data, args.cache), children(args.data, args.cache)
    known, test = data["part"] < 2, data["part"] == 2
    features = deepest(network, data["image_256"])
    reference = held_out_distances(features[known], np.flatnonzero(known))
    table = save_distance(folder, features[known], reference, f"enc{network.depth - 1}", "training and validation images; quantiles from five folds, each measured by the other four")
    mean, precision = fitted(features[known])
    of = lambda image: shares_beyond(distances(deepest(network, image), mean, precision), reference)
    rng = np.random.default_rng(2)
    unseen = np.flatnonzero(nih["part"] == 2)
    fit = lambda stack: np.stack([np.asarray(torch.nn.functional.interpolate(torch.from_numpy(p.astype(np.float32))[None, None], size=256, mode="bilinear", antialias=True)[0, 0]) for p in stack])
    some = lambda pick: nih["image_256"][rng.choice(pick, min(40, len(pick)), replace=False)]
    pa, ap = some(unseen[~nih["is_ap"][unseen]]), some(unseen[nih["is_ap"][unseen]])
    few = data["image_256"][rng.choice(np.flatnonzero(test), 30, replace=False)].astype(np.float32)
    sets = dict(
        test=shares_beyond(distances(features[test], mean, precision), reference),
        inverted_test=of(1 - few), nih_pa=of(pa), nih_ap=of(ap),
        children=of(fit(kids["image"][rng.choice(len(kids["image"]), 30, replace=False)])),
        upside_down=of(few[:, ::-1].copy()), noise=of(rng.random((15, 256, 256))),
    )
    outlines = {v: plausible(predict(network, image.astype(np.float32))) for v, image in (("AP", ap), ("PA", pa))}
    return dict(card=table, sets=sets, nih_outlines=outlines)


if __name__ == "__main__":
    main()
