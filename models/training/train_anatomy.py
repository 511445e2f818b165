"""Trains the U-Net that outlines lungs and heart. Writes weights (a state dict) into the cache folder."""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import anatomy, augment, normalize
from measure import clean, dice
from networks import UNET, Average, UNet

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, default=Path("../shared/data"))
parser.add_argument("--cache", type=Path, default=Path("target/model-cache"))
parser.add_argument("--base-width", type=int, default=UNET["base_width"])
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--small-epochs", type=int, default=0, help="of these, how many at the beginning run at 128 × 128")
parser.add_argument("--stop-after", type=int, default=None, help="end here, although the schedule of the learning rate is made for --epochs")
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--name", default="anatomy")


def loss_of(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Cross-entropy plus soft Dice over the three structures."""
    logits = logits.float()
    probability = logits.softmax(1)[:, 1:]
    truth = F.one_hot(mask, 4).permute(0, 3, 1, 2)[:, 1:].float()
    overlap = (probability * truth).sum((0, 2, 3))
    soft_dice = (2 * overlap + 1) / (probability.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    return F.cross_entropy(logits, mask) + (1 - soft_dice).mean()


@torch.no_grad()
def predict(network: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    """Cleaned label maps for N × H × W images of 0..1."""
    network.eval()
    maps = [network(normalize(torch.from_numpy(image[i : i + 8])[:, None])).argmax(1).numpy() for i in range(0, len(image), 8)]
    return np.stack([clean(m.astype(np.uint8)) for m in np.concatenate(maps)])


def main():
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    data = anatomy(args.data, args.cache)
    train, validation = np.flatnonzero(data["part"] == 0), np.flatnonzero(data["part"] == 1)
    image, mask = torch.from_numpy(data["image_288"])[:, None], torch.from_numpy(data["mask_288"])
    network = UNet(**{**UNET, "base_width": args.base_width}).to(memory_format=torch.channels_last)
    average = Average(network, 0.995)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.lr, weight_decay=1e-2)
    n_steps = args.epochs * (len(train) // args.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=n_steps, pct_start=0.1)
    rng = np.random.default_rng(args.seed)
    began = time.time()
    last = min(args.stop_after or args.epochs, args.epochs)
    for epoch in range(last):
        network.train()
        side = 128 if epoch < args.small_epochs else 256
        order, total = rng.permutation(train), 0.0
        for start in range(0, len(order) - args.batch + 1, args.batch):
            pick = torch.from_numpy(order[start : start + args.batch])
            x, y = augment(image[pick], side, degrees=12, zoom=0.15, shift=0.06, strength=1.0, mask=mask[pick])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(x)
            loss = loss_of(logits, y)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            average.update(network)
            total += loss.item()
        if (epoch + 1) % 10 == 0 or epoch + 1 == last:
            averaged = UNet(**{**UNET, "base_width": args.base_width})
            average.copy_to(averaged)
            found = predict(averaged, data["image_256"][validation])
            truth = data["mask_256"][validation]
            scores = [np.mean([dice(f == v, t == v) for f, t in zip(found, truth)]) for v in (1, 2, 3)]
            print(f"epoch {epoch + 1} loss {total / (len(order) // args.batch):.4f} validation Dice {np.round(scores, 4)} {time.time() - began:.0f} s", flush=True)
            torch.save(averaged.state_dict(), args.cache / f"{args.name}.pt")


if __name__ == "__main__":
    main()
