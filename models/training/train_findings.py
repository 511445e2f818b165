"""Trains the small DenseNet of findings.

  pretrain   on children (normal, bacterial, viral)
  cv         five folds over the training and validation patients: out-of-fold logits choose labels and thresholds
  final      on all training and validation patients, with the schedule that `cv` used

The test patients are touched by no mode. Weights and logits go to the cache folder.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import FINDINGS, adults, augment, children, normalize, split_by_group
from measure import auroc
from networks import Average, densenet

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mode", choices=["pretrain", "cv", "final"])
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--side", type=int, default=224)
parser.add_argument("--drop-rate", type=float, default=0.1)
parser.add_argument("--strength", type=float, default=0.7)
parser.add_argument("--seeds", type=int, default=1, help="fine-tunings whose weights are averaged")
parser.add_argument("--folds", type=int, default=5)
parser.add_argument("--resume", action="store_true", help="keep the folds that are already in the cache")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--start", default="findings_children", help="weights to fine-tune from")
parser.add_argument("--name", default="findings")


def run(network, image, target, weight, indices, args, seed, report=None, zoom=0.12):
    """One training: AdamW, one cycle, weight averaging. Returns the averaged network."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.99)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.lr, weight_decay=0.02)
    steps = len(indices) // args.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=args.epochs * steps, pct_start=0.15)
    image, target, weight = torch.from_numpy(image)[:, None], torch.from_numpy(target), torch.from_numpy(weight)
    began = time.time()
    for epoch in range(args.epochs):
        network.train()
        order, total = rng.permutation(indices), 0.0
        for start in range(0, steps * args.batch, args.batch):
            pick = torch.from_numpy(order[start : start + args.batch])
            x, _ = augment(image[pick], args.side, degrees=10, zoom=zoom, shift=0.05, strength=args.strength)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(x)
            smooth = target[pick] * 0.94 + 0.03
            loss = (F.binary_cross_entropy_with_logits(logits.float(), smooth, reduction="none") * weight[pick]).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            average.update(network)
            total += loss.item()
        if report and ((epoch + 1) % 4 == 0 or epoch + 1 == args.epochs):
            shadow = densenet(target.shape[1])
            average.copy_to(shadow)
            print(f"epoch {epoch + 1} loss {total / steps:.4f} {report(shadow)} {time.time() - began:.0f} s", flush=True)
    average.copy_to(network)
    return network


@torch.no_grad()
def logits_of(network, image: np.ndarray, side: int | None = None) -> np.ndarray:
    network.eval()
    out = []
    for start in range(0, len(image), 16):
        x = torch.from_numpy(image[start : start + 16]).float()[:, None]
        if side and x.shape[-1] != side:
            x = F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        out.append(network(normalize(x)).float())
    return torch.cat(out).numpy()


def weights_for(data: dict, indices: np.ndarray) -> np.ndarray:
    """N × labels. Undoes the view bias (per label, as if view and label were independent), softens patients with many
    images, and lifts rare positives by the square root of their rarity."""
    target, is_ap = data["target"], data["is_ap"]
    weight = np.ones_like(target)
    for column in range(target.shape[1]):
        positive = target[:, column] > 0
        for view in (False, True):
            for label in (False, True):
                cell = (is_ap == view) & (positive == label)
                share = cell[indices].mean()
                expected = (is_ap == view)[indices].mean() * (positive == label)[indices].mean()
                weight[cell, column] = min(expected / max(share, 1e-6), 4.0)
        rarity = (~positive[indices]).sum() / max(positive[indices].sum(), 1)
        weight[positive, column] *= np.sqrt(max(rarity, 1.0))
    _, inverse, counts = np.unique(data["patient"], return_inverse=True, return_counts=True)
    weight *= (counts[inverse] ** -0.5)[:, None]
    return (weight / weight[indices].mean(0)).astype(np.float32)


def fine_tuned(start: dict, data: dict, indices: np.ndarray, args, seed: int, report=None):
    """From the children's weights with a fresh classifier; several seeds are averaged in weight space."""
    weight = weights_for(data, indices)
    states = []
    for k in range(args.seeds):
        torch.manual_seed(1000)  # the same fresh classifier for every seed, so that the average makes sense
        network = densenet(len(FINDINGS), args.drop_rate)
        network.load_state_dict({k: v for k, v in start.items() if not k.startswith("classifier")}, strict=False)
        states.append(run(network, data["image_256"], data["target"], weight, indices, args, seed + k, report).state_dict())
    network.load_state_dict({k: sum(s[k].double() for s in states).div(len(states)).to(states[0][k].dtype) for k in states[0]})
    if len(states) > 1:
        renew_statistics(network, data, indices, args)
    return network


@torch.no_grad()
def renew_statistics(network, data: dict, indices: np.ndarray, args):
    """Averaged weights need their own batch-norm statistics."""
    torch.manual_seed(5)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over the batches
    network.train()
    image = torch.from_numpy(data["image_256"])[:, None]
    order = np.random.default_rng(5).permutation(np.tile(indices, 2))
    for start in range(0, len(order) - 31, 32):
        x, _ = augment(image[torch.from_numpy(order[start : start + 32])], args.side, degrees=10, zoom=0.12, shift=0.05, strength=args.strength)
        network(x)


def table(logits, target) -> str:
    values = [auroc(logits[:, c], target[:, c]) for c in range(target.shape[1])]
    return " ".join("-" if v is None else f"{v:.3f}" for v in values)


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.mode == "pretrain":
        data = children(args.data, args.cache)
        train, held = np.flatnonzero(data["part"] == 0), np.flatnonzero(data["part"] == 1)
        torch.manual_seed(1)
        report = lambda n: table(logits_of(n, data["image"][held], args.side), data["target"][held])
        network = run(densenet(3), data["image"], data["target"], np.ones_like(data["target"]), train, args, 1, report, zoom=0.2)
        torch.save(network.state_dict(), args.cache / f"{args.name}_children.pt")
        return

    data = adults(args.data, args.cache)
    start = torch.load(args.cache / f"{args.start}.pt", weights_only=True)
    known = data["part"] < 2
    if args.mode == "final":
        network = fine_tuned(start, data, np.flatnonzero(known), args, 11)
        torch.save(network.state_dict(), args.cache / f"{args.name}.pt")
        return

    patients = sorted(set(data["patient"][known]))
    fold_of = split_by_group(patients, [data["strata"][p] for p in patients], (0.2,) * 5, 3)
    fold = np.array([fold_of.get(p, -1) for p in data["patient"]])
    out_of_fold = np.full(data["target"].shape, np.nan, np.float32)
    for k in range(args.folds):
        held = np.flatnonzero(fold == k)
        report = lambda n: table(logits_of(n, data["image_224"][held]), data["target"][held])
        kept = args.cache / f"{args.name}_fold{k}.pt"
        if args.resume and kept.exists():
            network = densenet(len(FINDINGS))
            network.load_state_dict(torch.load(kept, weights_only=True))
        else:
            network = fine_tuned(start, data, np.flatnonzero(known & (fold != k)), args, 11, report)
            torch.save(network.state_dict(), kept)
        out_of_fold[held] = logits_of(network, data["image_224"][held])
        print("fold", k, table(out_of_fold[held], data["target"][held]), flush=True)
    done = np.isfinite(out_of_fold[:, 0])
    print("all folds", FINDINGS, table(out_of_fold[done], data["target"][done]))
    for view, name in ((True, "AP"), (False, "PA")):
        pick = done & (data["is_ap"] == view)
        print("  within", name, table(out_of_fold[pick], data["target"][pick]))
    np.save(args.cache / f"{args.name}_out_of_fold.npy", out_of_fold)


if __name__ == "__main__":
    main()
