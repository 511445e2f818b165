"""Puts what evaluate_*.py measured into descriptions and cards: README.md sections, and model.toml's [distance].

Runs last. Everything after `## Subgroups` up to `## Known failures` in a README is written here; the rest stays.
"""
import argparse
import json
import re
from pathlib import Path

from evaluation import subgroup_lines
from export import toml_table

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("models"))
parser.add_argument("--gate", action="store_true", help="also write [distance] into the cards; the program then holds unusual pictures back")

NAMES = dict(right_lung="Right lung", left_lung="Left lung", heart="Heart", abnormal="Abnormal chest radiograph", infiltration="Infiltration", effusion="Pleural effusion", edema="Pulmonary edema")
SETS = dict(
    test="its own test part", inverted_test="the test part, polarity turned", nih_pa="NIH, PA (another hospital)", nih_ap="NIH, AP", children="children of 1 to 5 years", upside_down="upside down",
    noise="noise", jsrt="JSRT (another country)", wingspan="Wingspan (another country)")


def within(figure: float, interval) -> str:
    return f"{figure:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def distance_section(distance: dict) -> str:
    card = distance["card"]
    lines = [
        f"How far a picture lies from the training images is the Mahalanobis distance of the channel means of `{card['layer']}` (Ledoit–Wolf covariance of {card['n']} images; {card['set']}). From the {card['warn_percentile']:g}th percentile on the program warns, from the {card['hold_percentile']:g}th it holds findings back until asked.",
        "", "| pictures | n | median distance | warned of | held back |", "|---|---|---|---|---|"]
    for name, row in distance["sets"].items():
        lines.append(f"| {SETS.get(name, name)} | {row['n']} | {row['median']:.1f} | {row['warned']:.0%} | {row['held_back']:.0%} |")
    if "phantom" in distance:
        p = distance["phantom"]
        said = ", ".join(NAMES[label].lower() for label in p["flagged"]) or "nothing"
        noticed = "held back" if p["held_back"] else "warned of" if p["warned"] else "not noticed, although no training image is a computed one"
        lines += ["", f"The phantom's radiograph: distance {p['median']:.1f}, percentile {p['percentile']:.0f}, {noticed}. It is flagged for {said}, in healthy parts too: the model's scores on it mean nothing."]
    return "\n".join(lines)


def anatomy_section(e: dict) -> str:
    lines = ["## Subgroups", "Test part, Dice with bootstrap 95 % intervals over patients. Age and sex are known of JSRT only.", ""]
    for name in ("right_lung", "left_lung", "heart"):
        lines += [f"**{NAMES[name]}**", "", subgroup_lines(e["subgroups"][name], "mean Dice"), ""]
    lines += ["## Other machines", "The test images again, each shift with fixed numbers (`robust.py`): Dice of right lung, left lung, heart; mean absolute error of the ratio; pictures without one.", ""]
    before = e.get("shifted_before", {}).get("figures")
    lines += ["| pictures | right lung | left lung | heart | ratio error | no ratio |" + (" version before |" if before else ""), "|---|---|---|---|---|---|" + ("---|" if before else "")]
    for name, row in e["shifted"].items():
        cells = [f"{row[s]['dice']:.3f}" for s in ("right_lung", "left_lung", "heart")] + [f"{row['ratio_error']:.3f}", str(row["no_ratio"])]
        if before:
            b = before[name]
            cells.append(" / ".join(f"{b[s]['dice']:.3f}" for s in ("right_lung", "left_lung", "heart")) + f", {b['ratio_error']:.3f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    outlines = e["distance"]["nih_outlines"]
    lines += ["", "NIH pictures of patients that took part in nothing have no masks; outlines were plausible (both lungs and a heart of ordinary size, ratio 0.33 to 0.75) in " + ", ".join(f"{o['plausible']:.0%} of {o['n']} {v}" for v, o in outlines.items()) + ".", ""]
    lines += ["Worst of the test part, by file: " + "; ".join(f"{NAMES[s].lower()} " + ", ".join(f"`{Path(w['file']).name}` {w['dice']:.3f}" for w in e["subgroups"][f"{s}_worst"][:3]) for s in ("right_lung", "left_lung", "heart")) + ". The pictures' licence does not allow to show them here.", ""]
    return "\n".join(lines + ["## Unusual pictures", distance_section(e["distance"]), "", ""])


def findings_section(e: dict) -> str:
    lines = ["## Subgroups", f"AUROC on the test part with bootstrap 95 % intervals over patients; at least 10 with and 10 without the finding, or nothing is said.", ""]
    for label, row in e["labels"].items():
        lines += [f"**{NAMES[label]}**", "", subgroup_lines(row["subgroups"], "AUROC"), ""]
    lines += ["## Where the maps look", "Grad-CAM of the test images that are called positive, against the outlines of Chest anatomy (lungs grown by 3 % of the side): the share of the map inside, beside the share of the picture that is inside, which a map without knowledge would reach.", "",
              "| label | called | in the lungs | lungs of the picture | in lungs or heart | lungs or heart of the picture | peak in lungs or heart |", "|---|---|---|---|---|---|---|"]
    for label, s in e["saliency"].items():
        i = s["in_lungs_interval"]
        lines.append(f"| {NAMES[label]} | {s['n_called']} | {s['in_lungs']:.2f} ({i[0]:.2f} to {i[1]:.2f}) | {s['lungs_of_picture']:.2f} | {s['in_lungs_or_heart']:.2f} | {s['lungs_or_heart_of_picture']:.2f} | {s['peak_in_lungs_or_heart']:.2f} |")
    blind = [NAMES[l].lower() for l, s in e["saliency"].items() if s["in_lungs_interval"][0] < s["lungs_of_picture"]]
    if blind:
        lines += ["", f"**The maps of {', '.join(blind)} lie in the lungs no more than chance would have it**: those scores rest in good part on something else than lung (borders, markers, the view, the way ill patients are positioned). High scores there are not a reason to believe the label."]
    if "calibration" in e:
        c = e["calibration"]
        lines += ["", "## Calibration", c["said"], "", "| label | as it is | one temperature | Platt | isotonic |", "|---|---|---|---|---|"]
        for label, row in c["labels"].items():
            cell = lambda k: f"{row[k]['ece']:.3f} ({row[k]['ece_interval'][0]:.3f} to {row[k]['ece_interval'][1]:.3f})"
            lines.append(f"| {NAMES[label]} | " + " | ".join(cell(k) for k in ("none", "temperature", "platt", "isotonic")) + " |")
    lines += ["", "Worst of the test part, by file (truth, score): " + "; ".join(f"{NAMES[l].lower()} " + ", ".join(f"`{Path(w['file']).name}` ({w['truth']}, {w['score']:.2f})" for w in row["worst"][:3]) for l, row in e["labels"].items()) + ". NIH's pictures are not shown here.", ""]
    return "\n".join(lines + ["## Unusual pictures", distance_section(e["distance"]), "", ""])


def described(text: str, section: str) -> str:
    """The text with everything from `## Subgroups` to `## Known failures` replaced."""
    start = text.find("## Subgroups")
    end = text.index("## Known failures")
    return text[: start if start >= 0 else end] + section + text[end:]


def with_distance(card: str, table: dict) -> str:
    card = re.sub(r"\n\[distance\]\n(?:[a-z_0-9]+ = .*\n)*", "", card)
    return card.replace("\n[evaluation]\n", toml_table("distance", table) + "\n[evaluation]\n", 1)


def main():
    args = parser.parse_args()
    for name, section in (("chest-anatomy", anatomy_section), ("chest-findings", findings_section)):
        folder = args.out / name
        if not (folder / "evaluation.json").exists():
            continue
        evaluation = json.loads((folder / "evaluation.json").read_text())
        readme, card = folder / "README.md", folder / "model.toml"
        readme.write_text(described(readme.read_text(), section(evaluation)))
        if args.gate:
            card.write_text(with_distance(card.read_text(), evaluation["distance"]["card"]))
        print("described", name)


if __name__ == "__main__":
    main()
