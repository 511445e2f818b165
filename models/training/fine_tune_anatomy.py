"""Fine-tunes the outlines so that they survive other machines: inverted, turned, flat, hazy, portable pictures.

Starts from shipped weights. Besides the masked training images, NIH radiographs of the findings model's training patients
take part with the starting weights' own outlines where those are sure and plausible (self-training); the patients kept
aside for the findings test are not among them, so that outlines can be looked at on unseen NIH pictures.

The learning rate follows the clock (--minutes) or, to repeat a run, its number of steps (--steps, printed at the end).
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from data import adults, anatomy, band, marker, normalize, relight, warp
from measure import cardiothoracic_ratio, clean, dice
from networks import UNET, Average, UNet
from robust import harsh
from train_anatomy import predict

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--start", type=Path, default=Path("models/chest-anatomy/model.safetensors"))
parser.add_argument("--minutes", type=float, default=80)
parser.add_argument("--steps", type=int, default=None)
parser.add_argument("--lr", type=float, default=8e-4)
parser.add_argument("--small-share", type=float, default=0.15, help="of the run, at the beginning, at 128 × 128")
parser.add_argument("--seed", type=int, default=3)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--name", default="anatomy_robust")

N_LABELLED, N_PSEUDO = 6, 2
N_NIH = 160
UNSURE = 255


def start_network(path: Path) -> UNet:
    state = load_file(path)
    network = UNet(**{**UNET, "base_width": state["enc0.conv1.weight"].shape[0]})
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing)
    return network


@torch.no_grad()
def pseudo_labels(network, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of plausible pictures, and their label maps with unsure pixels marked."""
    network.eval()
    kept, maps = [], []
    for i in range(len(image)):
        probability = network(normalize(torch.from_numpy(image[i : i + 1].astype(np.float32))[:, None])).softmax(1)[0]
        best, label = probability.max(0)
        label = clean(label.numpy().astype(np.uint8))
        areas = [(label == v).mean() for v in (1, 2, 3)]
        ratio = cardiothoracic_ratio(label)
        if min(areas[:2]) > 0.05 and areas[2] > 0.02 and max(areas[:2]) < 2.5 * min(areas[:2]) and 0.33 < ratio < 0.72:
            label[best.numpy() < 0.8] = UNSURE
            kept.append(i)
            maps.append(label)
    return np.array(kept), np.stack(maps)


def loss_of(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over sure pixels, soft Dice over the masked images (the first of the batch)."""
    logits = logits.float()
    masked = mask[:N_LABELLED].clamp_max(3)
    probability = logits[:N_LABELLED].softmax(1)[:, 1:]
    truth = F.one_hot(masked, 4).permute(0, 3, 1, 2)[:, 1:].float()
    overlap = (probability * truth).sum((0, 2, 3))
    soft_dice = (2 * overlap + 1) / (probability.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    return F.cross_entropy(logits, mask, ignore_index=UNSURE) + (1 - soft_dice).mean()


def batch_of(image, mask, side: int, rng):
    x, y = warp(image.float(), side, 14, 0.15, 0.06, mask)
    if rng.random() < 0.7:
        x = relight(x, float(rng.uniform(0.3, 1.0)))
    x = harsh(x, rng)
    marker(x)
    for i in range(len(x)):
        if rng.random() < 0.3:
            keep = band(side, 0.12)
            x[i] *= keep[0]
            y[i] = y[i] * keep[0, 0].long()
    return normalize(x), y


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    data, nih = anatomy(args.data, args.cache), adults(args.data, args.cache)
    network = start_network(args.start)
    candidates = rng.permutation(np.flatnonzero(nih["part"] == 0))[:N_NIH]
    kept, maps = pseudo_labels(network, nih["image_256"][candidates])
    print(f"{len(kept)} of {len(candidates)} NIH pictures have plausible outlines", flush=True)
    pseudo_image, pseudo_mask = torch.from_numpy(nih["image_256"][candidates][kept])[:, None], torch.from_numpy(maps)
    train, validation = np.flatnonzero(data["part"] == 0), np.flatnonzero(data["part"] == 1)
    image, mask = torch.from_numpy(data["image_288"])[:, None], torch.from_numpy(data["mask_288"])
    pseudo_image = F.interpolate(pseudo_image.float(), size=288, mode="bilinear", align_corners=False).half()
    pseudo_mask = F.interpolate(pseudo_mask[:, None].float(), size=288, mode="nearest")[:, 0].to(torch.uint8)

    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.99)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.lr, weight_decay=1e-2)
    began, step, reports, order, total = time.time(), 0, 1, np.empty(0, int), []
    while True:
        progress = step / args.steps if args.steps else (time.time() - began) / (60 * args.minutes)
        if progress >= reports / 5 or progress >= 1:
            reports += 1
            averaged = UNet(**{**UNET, "base_width": network.head.weight.shape[1]})
            average.copy_to(averaged)
            found, truth = predict(averaged, data["image_256"][validation]), data["mask_256"][validation]
            scores = [np.mean([dice(f == v, t == v) for f, t in zip(found, truth)]) for v in (1, 2, 3)]
            print(f"step {step} progress {progress:.2f} loss {np.mean(total):.4f} validation Dice {np.round(scores, 4)} {time.time() - began:.0f} s", flush=True)
            torch.save(averaged.state_dict(), args.cache / f"{args.name}.pt")
            total = []
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, progress / 0.03 + 0.02) * 0.5 * (1 + np.cos(np.pi * progress))
        if len(order) < N_LABELLED:
            order = rng.permutation(train)
        pick, order = order[:N_LABELLED], order[N_LABELLED:]
        other = rng.integers(0, len(pseudo_image), N_PSEUDO)
        side = 128 if progress < args.small_share else 256
        network.train()
        x, y = batch_of(torch.cat([image[pick], pseudo_image[other]]), torch.cat([mask[pick], pseudo_mask[other]]), side, rng)
        loss = loss_of(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        average.update(network)
        total.append(loss.item())
        step += 1
    print("steps", step)


if __name__ == "__main__":
    main()
