"""Trains the U-Net that outlines lung lesions on CT.

  base   on lesions set into the right lung of a real CT and into phantoms: no tumour patient is seen
  cv     from `base`, with the tumour patches of all but one fold's patients: five folds
  final  from `base`, with the tumour patches of all patients

The left lung of the real CT and the phantoms kept aside are touched by no mode. Weights go to the cache folder.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from ct import tumour_patches, volume
from lesion_batches import LungPatches, TumourPatches, batch
from networks import Average, UNet

NETWORK = dict(in_channels=3, out_channels=2, base_width=8, depth=4)
N_FOLDS, N_PATIENTS, FOLD_SEED = 5, 13, 20
N_TRAINING_PHANTOMS = 4

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mode", choices=["base", "cv", "final"])
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--phantoms", type=Path, default=None, help="folder with phantom studies 0, 1, …; without it only the real CT")
parser.add_argument("--steps", type=int, default=1500)
parser.add_argument("--minutes", type=float, default=1e9, help="the schedule also ends by the clock")
parser.add_argument("--batch", type=int, default=24)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--seed", type=int, default=5)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--fold", type=int, default=None, help="only this fold")
parser.add_argument("--start", default=None, help="weights in the cache to go on from")
parser.add_argument("--name", default="lesion")


def fold_of_patient() -> np.ndarray:
    order = np.random.default_rng(FOLD_SEED).permutation(N_PATIENTS)
    fold = np.empty(N_PATIENTS, int)
    fold[order] = np.arange(N_PATIENTS) % N_FOLDS
    return fold


def is_right(vol) -> np.ndarray:
    """The patient's right half, x < the middle of the lungs, as a mask over the volume (LPS, supine)."""
    cols = np.flatnonzero(vol.lung.any((0, 1)))
    middle = (cols[0] + cols[-1]) / 2
    where = np.zeros(vol.hu.shape, bool)
    where[:, :, : int(middle) - 4] = True
    return where


def loss_of(logits, mask):
    logits = logits.float()
    probability = logits.softmax(1)[:, 1]
    overlap = (probability * mask).sum()
    soft_dice = (2 * overlap + 1) / (probability.sum() + mask.sum() + 1)
    each = F.cross_entropy(logits, mask, reduction="none").flatten(1)
    hardest = each.topk(each.shape[1] // 8, dim=1).values.mean()  # vessels and walls, not the empty lung
    return each.mean() + hardest + (1 - soft_dice)


def sources_for(args, rng, tumours=None):
    """Patch sources and their shares."""
    real = volume(args.data / "dicom/chest-ct", args.cache, "chest_ct")
    sources, shares = [LungPatches(real, is_right(real), rng)], [0.5]
    if args.phantoms:
        for k in range(N_TRAINING_PHANTOMS):
            vol = volume(args.phantoms / str(k), args.cache, f"phantom_{k}")
            sources.append(LungPatches(vol, np.ones_like(vol.lung), rng))
            shares.append(0.25 / N_TRAINING_PHANTOMS)
    if tumours is not None:
        sources.append(TumourPatches(*tumours, rng))
        shares.append(0.35)
    return sources, shares


def run(network, sources, shares, args, seed: int, name: str):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.995)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.lr, weight_decay=1e-2)
    began, step, total, report = time.time(), 0, [], 0
    while True:
        progress = max(step / args.steps, (time.time() - began) / (60 * args.minutes))
        if progress >= report / 10:
            report += 1
            print(f"{name} step {step} loss {np.mean(total or [0]):.4f} {time.time() - began:.0f} s", flush=True)
            total = []
            state = UNet(**NETWORK)
            average.copy_to(state)
            torch.save(state.state_dict(), args.cache / f"{name}.pt")
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, progress / 0.05 + 0.02) * 0.5 * (1 + np.cos(np.pi * progress))
        network.train()
        x, y = batch(sources, shares, args.batch, rng)
        x = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
        loss = loss_of(network(x), torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        average.update(network)
        total.append(loss.item())
        step += 1
    average.copy_to(network)
    torch.save(network.state_dict(), args.cache / f"{name}.pt")
    print(f"{name} ended after {step} steps", flush=True)
    return network


def loaded(cache: Path, name: str) -> UNet:
    network = UNet(**NETWORK)
    network.load_state_dict(torch.load(cache / f"{name}.pt", weights_only=True))
    return network


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    if args.mode == "base":
        network = loaded(args.cache, args.start) if args.start else UNet(**NETWORK)
        run(network, *sources_for(args, rng), args, args.seed, f"{args.name}_base")
        return
    hu, mask, patient = tumour_patches(args.data)
    start = args.start or f"{args.name}_base"
    if args.mode == "final":
        run(loaded(args.cache, start), *sources_for(args, rng, (hu, mask)), args, args.seed, args.name)
        return
    fold = fold_of_patient()[patient]
    for k in range(N_FOLDS) if args.fold is None else [args.fold]:
        seen = fold != k
        run(loaded(args.cache, start), *sources_for(args, rng, (hu[seen], mask[seen])), args, args.seed, f"{args.name}_fold{k}")


if __name__ == "__main__":
    main()
