//! A pile of bodies, the later ones on top, and what a ray meets in it.

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::convex::{Convex, Ray};

/// What a body is made of; Hounsfield units at 120 kV as textbooks give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tissue {
    Air,
    Skin,
    Fat,
    Muscle,
    Lung,
    Mediastinum,
    Heart,
    Blood,
    Liver,
    Cartilage,
    CancellousBone,
    CorticalBone,
    Nodule,
}

impl Tissue {
    pub fn hounsfield(self, place: Vec3) -> f64 {
        match self {
            Self::Air => -1000.0,
            // Supine: blood settles in the back, about 1 HU per mm and less with a full breath.
            Self::Lung => -855.0 + 0.5 * place.0[1],
            Self::Fat => -100.0,
            Self::Skin => 20.0,
            Self::Mediastinum => 10.0,
            Self::Heart | Self::Blood => 42.0,
            Self::Muscle => 50.0,
            Self::Liver => 60.0,
            Self::Cartilage => 110.0,
            Self::CancellousBone => 240.0,
            Self::CorticalBone => 950.0,
            Self::Nodule => 35.0,
        }
    }
}

/// Which silhouette a body belongs to, for the truth list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Organ {
    Other,
    RightLung,
    LeftLung,
    Heart,
}

#[derive(Clone, Debug)]
pub struct Body {
    pub shape: Convex,
    pub tissue: Tissue,
    pub organ: Organ,
}

/// Bodies in painting order: a later one hides what it overlaps.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    pub bodies: Vec<Body>,
}

/// A stretch of one tissue on a ray.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub start_mm: f64,
    pub end_mm: f64,
    pub tissue: Tissue,
}

/// Memory that is used again from ray to ray.
#[derive(Default)]
pub struct Tracer {
    hits: Vec<Tissue>,
    events: Vec<(f64, usize, bool)>,
    active: Vec<u64>,
    spans: Vec<Span>,
}

impl Scene {
    pub fn add(&mut self, tissue: Tissue, shape: Convex) {
        self.add_organ(Organ::Other, tissue, shape);
    }

    pub fn add_organ(&mut self, organ: Organ, tissue: Tissue, shape: Convex) {
        self.bodies.push(Body { shape, tissue, organ });
    }

    pub fn tissue_at(&self, point: Vec3) -> Tissue {
        let top = self.bodies.iter().rev().find(|body| body.shape.contains(point));
        top.map_or(Tissue::Air, |body| body.tissue)
    }
}

impl Tracer {
    /// What the ray meets among `bodies` (in painting order), in the order it meets it. Gaps are air.
    pub fn trace<'a>(&mut self, bodies: impl Iterator<Item = &'a Body>, ray: &Ray) -> &[Span] {
        let Self { hits, events, active, spans } = self;
        hits.clear();
        events.clear();
        spans.clear();
        for body in bodies {
            if let Some((start, end)) = body.shape.interval(ray) {
                events.push((start, hits.len(), true));
                events.push((end, hits.len(), false));
                hits.push(body.tissue);
            }
        }
        events.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        active.clear();
        active.resize(hits.len().div_ceil(64), 0);
        let mut open: Option<(f64, usize)> = None;
        for (t, hit, enters) in events.iter().copied() {
            let Some(word) = active.get_mut(hit / 64) else { continue };
            if enters {
                *word |= 1 << (hit % 64);
            } else {
                *word &= !(1 << (hit % 64));
            }
            let top = highest(active);
            if open.map(|(_, hit)| hit) == top {
                continue;
            }
            if let Some((start, hit)) = open
                && t > start
                && let Some(tissue) = hits.get(hit)
            {
                spans.push(Span { start_mm: start, end_mm: t, tissue: *tissue });
            }
            open = top.map(|hit| (t, hit));
        }
        spans
    }
}

/// The highest set bit.
fn highest(words: &[u64]) -> Option<usize> {
    let (index, word) = words.iter().enumerate().rev().find(|(_, word)| **word != 0)?;
    Some(index * 64 + 63 - word.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_body_hides_the_earlier_one() {
        let mut scene = Scene::default();
        scene.add(Tissue::Muscle, Convex::ellipsoid([0.0; 3], [10.0; 3]));
        scene.add(Tissue::Lung, Convex::ellipsoid([2.0, 0.0, 0.0], [5.0; 3]));
        let ray = Ray { origin: Vec3([-50.0, 0.0, 0.0]), dir: Vec3([1.0, 0.0, 0.0]) };
        let mut tracer = Tracer::default();
        let spans = tracer.trace(scene.bodies.iter(), &ray);
        let expected = [(Tissue::Muscle, 7.0), (Tissue::Lung, 10.0), (Tissue::Muscle, 3.0)];
        assert_eq!(spans.len(), expected.len());
        for (span, (tissue, length_mm)) in spans.iter().zip(expected) {
            assert_eq!(span.tissue, tissue);
            assert!((span.end_mm - span.start_mm - length_mm).abs() < 1e-9);
        }
        assert_eq!(scene.tissue_at(Vec3([2.0, 0.0, 0.0])), Tissue::Lung);
        assert_eq!(scene.tissue_at(Vec3([20.0, 0.0, 0.0])), Tissue::Air);
    }
}
