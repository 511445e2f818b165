//! How slices follow one another: even, with gaps, uneven, or in stretches of different spacing.

use crate::domain::intake::Notice;
use crate::import::reason;

/// Positions closer than this are the same, mm.
pub const SAME_POSITION_MM: f64 = 0.01;
/// Steps are alike within this part of themselves.
const UNEVEN: f64 = 0.01;
/// What positions may lose when they are written as text, mm.
const WRITTEN_MM: f64 = 0.002;
/// A step of more than this many usual ones is a gap.
const GAP: f64 = 1.5;
/// So many alike steps in a row are a spacing of their own.
const SOLID: usize = 3;

/// One slice of a stack in its order.
#[derive(Clone, Copy)]
pub struct Slice {
    /// Along the normal, mm.
    pub distance_mm: f64,
    pub thickness_mm: Option<f64>,
}

/// What the distances tell.
#[derive(Default)]
pub struct Spaced {
    /// Median step, mm; `None` with fewer than two positions.
    pub spacing_mm: Option<f64>,
    /// What keeps the slices from being an even row, the gravest first.
    pub faults: Vec<Notice>,
    /// What is worth knowing and harms nothing.
    pub facts: Vec<Notice>,
}

/// From one position to the next.
#[derive(Clone, Copy)]
struct Step {
    mm: f64,
    /// Number of the image before it, counted from 1.
    image: usize,
    /// Of both its slices, when they agree.
    thickness_mm: Option<f64>,
}

/// Alike steps in a row.
struct Run {
    mm: f64,
    first: usize,
    len: usize,
}

/// Looks at slices that are sorted by distance.
pub fn spaced(slices: &[Slice]) -> Spaced {
    let steps: Vec<Step> = (1..).zip(slices.windows(2)).filter_map(|(image, pair)| step(image, pair)).collect();
    let mut found = Spaced::default();
    found.faults.extend(duplicates(slices));
    let mut sorted: Vec<f64> = steps.iter().map(|step| step.mm).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(median) = sorted.get(sorted.len() / 2).copied() else { return found };
    found.spacing_mm = Some(median);
    let runs = runs(&steps);
    let solid: Vec<&Run> = runs.iter().filter(|run| is_solid(run, &steps)).collect();
    let is_one_spacing = solid.windows(2).all(|pair| matches!(pair, [a, b] if is_alike(a.mm, b.mm)));
    match solid.first() {
        Some(first) if is_one_spacing => found.faults.extend(odd_steps(&steps, first.mm, &|_| true)),
        Some(_) => found.faults.extend(changes(&steps, &solid)),
        None => found.faults.extend(odd_steps(&steps, usual(&runs), &|_| true)),
    }
    found.facts.extend(thickness(&steps, median));
    found
}

fn step(image: usize, pair: &[Slice]) -> Option<Step> {
    let [a, b] = pair else { return None };
    let mm = b.distance_mm - a.distance_mm;
    let thickness_mm = a.thickness_mm.zip(b.thickness_mm).filter(|(a, b)| is_alike(*a, *b)).map(|(a, _)| a);
    (mm > SAME_POSITION_MM).then_some(Step { mm, image, thickness_mm })
}

fn is_alike(a: f64, b: f64) -> bool {
    (a - b).abs() <= (UNEVEN * a.min(b)).max(WRITTEN_MM)
}

fn runs(steps: &[Step]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        match runs.last_mut().filter(|run| is_alike(run.mm, step.mm)) {
            Some(run) => run.len += 1,
            None => runs.push(Run { mm: step.mm, first: index, len: 1 }),
        }
    }
    runs
}

/// Long enough to be meant; or shorter, and the slices are as thick as they are apart.
fn is_solid(run: &Run, steps: &[Step]) -> bool {
    let is_meant = |step: &Step| step.thickness_mm.is_some_and(|mm| (mm - run.mm).abs() <= 0.1 * run.mm);
    let own = steps.get(run.first..run.first + run.len).unwrap_or_default();
    run.len >= SOLID || run.len == 2 && own.iter().all(is_meant)
}

/// The spacing of most steps; the smaller of two as frequent.
fn usual(runs: &[Run]) -> f64 {
    let count = |mm: f64| runs.iter().filter(|run| is_alike(run.mm, mm)).map(|run| run.len).sum::<usize>();
    let best = runs.iter().max_by(|a, b| count(a.mm).cmp(&count(b.mm)).then(b.mm.total_cmp(&a.mm)));
    best.map_or(0.0, |run| run.mm)
}

fn duplicates(slices: &[Slice]) -> Option<Notice> {
    let is_same = |pair: &[Slice]| matches!(pair, [a, b] if b.distance_mm - a.distance_mm <= SAME_POSITION_MM);
    let at: Vec<usize> = (1..).zip(slices.windows(2)).filter(|(_, pair)| is_same(pair)).map(|(at, _)| at).collect();
    let first = at.first()?;
    let n_positions = slices.len() - at.len();
    let text = if n_positions * 2 <= slices.len() {
        format!("{} images lie at {n_positions} positions, several at each", slices.len())
    } else {
        let more = at.len() - 1;
        let more = if more > 0 { format!(", and so do {more} more pairs") } else { String::new() };
        format!("Images {first} and {} lie at the same position{more}", first + 1)
    };
    Some(Notice::new(reason::DUPLICATE_POSITION, text))
}

/// Gaps and uneven steps where slices are `usual` mm apart; only those that `is_asked` for.
fn odd_steps(steps: &[Step], usual: f64, is_asked: &dyn Fn(usize) -> bool) -> Vec<Notice> {
    let odd = || {
        let asked = steps.iter().enumerate().filter(|(index, _)| is_asked(*index)).map(|(_, step)| step);
        asked.filter(|step| !is_alike(step.mm, usual))
    };
    let gaps: Vec<&Step> = odd().filter(|step| step.mm > GAP * usual).collect();
    // A few wide steps are missing slices; many are no row at all
    let is_row = gaps.len() * 5 <= steps.len().max(5);
    let mut notices = Vec::new();
    if is_row {
        notices.extend(gap_notice(&gaps, usual));
    }
    if odd().any(|step| !is_row || step.mm <= GAP * usual) {
        let least = odd().map(|step| step.mm).fold(usual, f64::min);
        let most = odd().filter(|step| !is_row || step.mm <= GAP * usual).map(|step| step.mm).fold(usual, f64::max);
        let text = format!("The slices are not evenly spaced: {} to {} mm apart", mm(least), mm(most));
        notices.push(Notice::new(reason::UNEVEN_SPACING, text));
    }
    notices
}

fn gap_notice(gaps: &[&Step], usual: f64) -> Option<Notice> {
    let first = gaps.first()?;
    let text = match gaps {
        [_] => match n_missing(first, usual) {
            Some(1) => format!(
                "A slice is missing between images {} and {}: {} mm where slices are {} mm apart",
                first.image,
                first.image + 1,
                mm(first.mm),
                mm(usual)
            ),
            Some(n) => format!(
                "{n} slices are missing between images {} and {}: {} mm where slices are {} mm apart",
                first.image,
                first.image + 1,
                mm(first.mm),
                mm(usual)
            ),
            None => format!(
                "There is a gap of {} mm between images {} and {}: elsewhere slices are {} mm apart",
                mm(first.mm),
                first.image,
                first.image + 1,
                mm(usual)
            ),
        },
        _ => {
            const MOST: usize = 4;
            let place = |gap: &&Step| {
                let n = n_missing(gap, usual).map_or_else(String::new, |n| format!("{n} "));
                format!("{n}between images {} and {} ({} mm)", gap.image, gap.image + 1, mm(gap.mm))
            };
            let places: Vec<String> = gaps.iter().take(MOST).map(place).collect();
            let more = if gaps.len() > MOST { ", …" } else { "" };
            let places = places.join(", ");
            format!("Slices are missing in {} places: {places}{more}; slices are {} mm apart", gaps.len(), mm(usual))
        }
    };
    Some(Notice::new(reason::SLICE_GAP, text))
}

/// How many slices would fill the gap; `None` when it is no whole number.
fn n_missing(gap: &Step, usual: f64) -> Option<u32> {
    let ratio = gap.mm / usual;
    let is_whole = (ratio - ratio.round()).abs() <= 0.05 && ratio < 1e6;
    is_whole.then_some(ratio.round() as u32 - 1)
}

/// Stretches of different spacing, meant so by who made the series; and what is odd besides.
fn changes(steps: &[Step], solid: &[&Run]) -> Vec<Notice> {
    let mut stretches: Vec<(f64, usize)> = Vec::new();
    for run in solid {
        let last_image = steps.get(run.first + run.len - 1).map_or(0, |step| step.image + 1);
        match stretches.last_mut().filter(|(spacing, _)| is_alike(*spacing, run.mm)) {
            Some(stretch) => stretch.1 = last_image,
            None => stretches.push((run.mm, last_image)),
        }
    }
    let (least, most) =
        solid.iter().fold((f64::MAX, 0.0_f64), |(least, most), run| (least.min(run.mm), most.max(run.mm)));
    let text = match stretches.as_slice() {
        [(first, last_image), (second, _)] => {
            format!("The slice spacing changes after image {last_image}, from {} to {} mm", mm(*first), mm(*second))
        }
        [first, middle @ .., (last, _)] if middle.len() <= 3 => {
            let stretch = |(spacing, to): &(f64, usize)| format!("{} mm to image {to}", mm(*spacing));
            let told: Vec<String> = std::iter::once(first).chain(middle).map(stretch).collect();
            format!("The slice spacing changes: {}, then {} mm", told.join(", "), mm(*last))
        }
        _ => {
            format!("The slice spacing changes {} times between {} and {} mm", stretches.len() - 1, mm(least), mm(most))
        }
    };
    let is_in_solid = |index: usize| solid.iter().any(|run| (run.first..run.first + run.len).contains(&index));
    let is_seam = |index: usize| {
        solid.iter().any(|run| run.first + run.len == index) && solid.iter().any(|run| run.first == index + 1)
    };
    let is_narrow = |mm: f64| mm < least && !is_alike(mm, least);
    let overlaps = steps.iter().enumerate().any(|(index, step)| is_seam(index) && is_narrow(step.mm));
    let text = if overlaps { format!("{text}; the stretches overlap") } else { text };
    let mut notices = vec![Notice::new(reason::SPACING_CHANGE, text)];
    // On the way from one spacing to the other a step may be anything between the two
    let is_odd = |index: usize| {
        let mm = steps.get(index).map_or(0.0, |step| step.mm);
        !is_in_solid(index) && (mm > GAP * most || is_narrow(mm) && !is_seam(index))
    };
    if steps.iter().enumerate().any(|(index, _)| is_odd(index)) {
        let wide: Vec<&Step> =
            steps.iter().enumerate().filter(|(index, s)| is_odd(*index) && s.mm > most).map(|(_, step)| step).collect();
        match wide.is_empty() {
            true => notices.extend(odd_steps(steps, least, &is_odd)),
            false => notices.extend(gap_notice(&wide, most)),
        }
    }
    notices.sort_by_key(|notice| notice.code != reason::SLICE_GAP);
    notices
}

/// Slices that overlap, or leave something between them.
fn thickness(steps: &[Step], median: f64) -> Option<Notice> {
    let known: Vec<(f64, f64)> = steps.iter().filter_map(|step| Some((step.mm, step.thickness_mm?))).collect();
    let is_most = |n: usize| n * 2 > steps.len();
    let n_over = known.iter().filter(|(step, thick)| *thick > *step && !is_alike(*thick, *step)).count();
    let n_apart = known.iter().filter(|(step, thick)| *thick < *step && !is_alike(*thick, *step)).count();
    let (_, thick) = known.iter().find(|(step, _)| is_alike(*step, median)).or(known.first())?;
    if is_most(n_over) {
        let text = format!("The slices overlap: {} mm thick, {} mm apart", mm(*thick), mm(median));
        return Some(Notice::new(reason::SLICES_OVERLAP, text));
    }
    let text = format!("The slices do not touch: {} mm thick, {} mm apart", mm(*thick), mm(median));
    is_most(n_apart).then(|| Notice::new(reason::SLICES_APART, text))
}

/// Millimeters with the digits they need.
pub fn mm(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[f64], thickness_mm: Option<f64>, expected: &[&str]) {
        let mut at = 0.0;
        let mut slices = vec![Slice { distance_mm: at, thickness_mm }];
        for step in steps {
            at += step;
            slices.push(Slice { distance_mm: at, thickness_mm });
        }
        let found = spaced(&slices);
        let texts: Vec<String> = found.faults.into_iter().chain(found.facts).map(|notice| notice.text).collect();
        assert_eq!(texts, expected, "{steps:?}");
    }

    #[test]
    fn even_slices_have_nothing_to_tell() {
        check(&[], None, &[]);
        check(&[3.0], Some(3.0), &[]);
        check(&[3.0, 3.01, 2.99, 3.0], Some(3.0), &[]);
        check(&[0.625, 0.62, 0.63, 0.625], None, &[]);
    }

    #[test]
    fn missing_slices_are_counted_and_placed() {
        let gap = "A slice is missing between images 3 and 4: 6 mm where slices are 3 mm apart";
        check(&[3.0, 3.0, 6.0, 3.0, 3.0], None, &[gap]);
        let gap = "2 slices are missing between images 3 and 4: 9 mm where slices are 3 mm apart";
        check(&[3.0, 3.0, 9.0, 3.0, 3.0], None, &[gap]);
        let gap = "There is a gap of 7.2 mm between images 3 and 4: elsewhere slices are 3 mm apart";
        check(&[3.0, 3.0, 7.2, 3.0, 3.0], None, &[gap]);
        let gap = "A slice is missing between images 1 and 2: 6 mm where slices are 3 mm apart";
        check(&[6.0, 3.0, 3.0, 3.0], None, &[gap]);
        let gaps = "Slices are missing in 2 places: 1 between images 2 and 3 (2 mm), 2 between images 6 and 7 (3 mm); \
                    slices are 1 mm apart";
        check(&[1.0, 2.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 1.0], None, &[gaps]);
    }

    #[test]
    fn a_change_of_spacing_is_not_a_missing_slice() {
        let change = "The slice spacing changes after image 4, from 2.5 to 5 mm";
        check(&[2.5, 2.5, 2.5, 5.0, 5.0, 5.0], None, &[change]);
        check(&[2.5, 2.5, 2.5, 3.75, 5.0, 5.0, 5.0], None, &[change]);
        let change = "The slice spacing changes: 5 mm to image 4, 2.5 mm to image 7, then 5 mm";
        check(&[5.0, 5.0, 5.0, 2.5, 2.5, 2.5, 5.0, 5.0, 5.0], None, &[change]);
        let change = "The slice spacing changes after image 4, from 4 to 7 mm; the stretches overlap";
        check(&[4.0, 4.0, 4.0, 1.08, 7.0, 7.0, 7.0], None, &[change]);
        let gap = "A slice is missing between images 6 and 7: 10 mm where slices are 5 mm apart";
        let change = "The slice spacing changes after image 4, from 2.5 to 5 mm";
        check(&[2.5, 2.5, 2.5, 5.0, 5.0, 10.0, 5.0, 5.0, 5.0], None, &[gap, change]);
    }

    #[test]
    fn uneven_slices_and_slices_at_one_place_are_told() {
        check(&[1.0, 1.1, 0.9], None, &["The slices are not evenly spaced: 0.9 to 1.1 mm apart"]);
        check(&[1.0, 0.0, 1.0, 1.0], None, &["Images 2 and 3 lie at the same position"]);
        check(&[0.0, 1.0, 0.0, 1.0, 0.0], None, &["6 images lie at 3 positions, several at each"]);
    }

    #[test]
    fn thickness_is_compared_with_spacing() {
        check(&[2.0, 2.0, 2.0], Some(4.0), &["The slices overlap: 4 mm thick, 2 mm apart"]);
        check(&[6.0, 6.0, 6.0], Some(5.0), &["The slices do not touch: 5 mm thick, 6 mm apart"]);
    }
}
