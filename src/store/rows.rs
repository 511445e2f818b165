//! A finding as rows and back: the words as JSON, masks as runs, maps as samples, both under their hash.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::coding::CodedConcept;
use crate::domain::finding::{
    DrawnPath, Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, PlacedSegment,
    SegmentInVolume, Subject,
};
use crate::domain::geometry::Vec3;
use crate::domain::intake::{self, Notice};
use crate::domain::mask::{Mask, Run, Segment};
use crate::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use crate::domain::score::Assessment;
use crate::domain::uid::{FindingId, SopInstanceUid};
use crate::store::chain::Hash;
use crate::store::json::{self, hex};

const CONTENT_SCHEMA: u32 = 2;

/// Pairs of `u32`, start and length, little endian.
const RUNS: &str = "runs_u32le";
/// Row-major `f32`, little endian: the overlay reloads to the bit.
const SAMPLES: &str = "f32le";

/// A finding ready to be stored.
pub(crate) struct FindingRow {
    pub content: String,
    pub content_sha256: Hash,
    pub blobs: Vec<BlobRow>,
}

pub(crate) struct BlobRow {
    pub sha256: Hash,
    pub encoding: Cow<'static, str>,
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    schema: u32,
    id: FindingId,
    subject: Subject,
    label: FindingLabel,
    origin: Origin,
    assessment: Option<Assessment>,
    place: Place,
    measurements: Vec<Measurement>,
    lines: Vec<MeasuredLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<DrawnPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    volume: Option<SegmentInVolume>,
    segments: Vec<StoredSegment>,
    saliency: Option<StoredSaliency>,
    notices: Vec<StoredNotice>,
    /// Left out when empty: what was written before has the hash it had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<StoredPlacedSegment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    center_mm: Option<Vec3>,
}

#[derive(Serialize, Deserialize)]
struct StoredNotice {
    code: String,
    text: String,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct StoredSegment {
    id: String,
    name: String,
    code: [String; 3],
    color: [u8; 3],
    rows: u32,
    cols: u32,
    #[serde(with = "hex")]
    runs: Hash,
}

#[derive(Serialize, Deserialize)]
struct StoredPlacedSegment {
    sop: SopInstanceUid,
    frame: u32,
    segment: StoredSegment,
}

#[derive(Serialize, Deserialize)]
struct StoredSaliency {
    rows: u32,
    cols: u32,
    #[serde(with = "hex")]
    values: Hash,
    method: String,
    layer: String,
    raw_peak: f32,
    scale_x: f64,
    offset_x: f64,
    scale_y: f64,
    offset_y: f64,
    source_rows: u32,
    source_cols: u32,
}

pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// `None` when a number is not finite and could not be read back.
pub(crate) fn encode(finding: &Finding) -> Option<FindingRow> {
    let Finding { id, subject, label, origin, assessment, place, measurements, evidence, notices } = finding;
    // Likelihoods can be had again from the model
    let Evidence { saliency, segments, elsewhere, center_mm, lines, paths, volume, likelihoods: _ } = evidence;
    let mut blobs = Vec::new();
    let content = Content {
        // Older programs go on reading what they know
        schema: if finding.imported().is_some() { CONTENT_SCHEMA } else { 1 },
        id: id.clone(),
        subject: subject.clone(),
        label: label.clone(),
        origin: origin.clone(),
        assessment: assessment.clone(),
        place: place.clone(),
        measurements: measurements.clone(),
        lines: lines.clone(),
        paths: paths.clone(),
        volume: volume.clone(),
        segments: segments.iter().map(|segment| encode_segment(segment, &mut blobs)).collect(),
        saliency: saliency.as_ref().map(|map| encode_saliency(map, &mut blobs)),
        notices: notices.iter().map(encode_notice).collect(),
        elsewhere: elsewhere.iter().map(|placed| encode_placed(placed, &mut blobs)).collect(),
        center_mm: *center_mm,
    };
    let content = json::canonical(&content)?;
    // A number that is not finite became `null` above.
    json::parse::<Content>(&content)?;
    Some(FindingRow { content_sha256: sha256(content.as_bytes()), content, blobs })
}

/// The masks and maps that a finding's content names, once each; `None` when it cannot be read.
pub(crate) fn blob_hashes(content: &str) -> Option<Vec<Hash>> {
    let content: Content = json::parse(content)?;
    let mut hashes: Vec<Hash> = content.segments.iter().map(|segment| segment.runs).collect();
    hashes.extend(content.elsewhere.iter().map(|placed| placed.segment.runs));
    hashes.extend(content.saliency.map(|map| map.values));
    hashes.sort_unstable();
    hashes.dedup();
    Some(hashes)
}

fn encode_notice(notice: &Notice) -> StoredNotice {
    StoredNotice { code: notice.code.to_owned(), text: notice.text.clone() }
}

fn encode_segment(segment: &Segment, blobs: &mut Vec<BlobRow>) -> StoredSegment {
    let Segment { id, name, code: CodedConcept { scheme, value, meaning }, color, mask } = segment;
    let bytes = mask.runs().iter().flat_map(|run| [run.start, run.len]).flat_map(u32::to_le_bytes).collect();
    StoredSegment {
        id: id.clone(),
        name: name.clone(),
        code: [scheme.clone(), value.clone(), meaning.clone()],
        color: *color,
        rows: mask.rows(),
        cols: mask.cols(),
        runs: push_blob(blobs, RUNS, bytes),
    }
}

fn encode_placed(placed: &PlacedSegment, blobs: &mut Vec<BlobRow>) -> StoredPlacedSegment {
    let PlacedSegment { sop, frame, segment } = placed;
    StoredPlacedSegment { sop: sop.clone(), frame: *frame, segment: encode_segment(segment, blobs) }
}

fn encode_saliency(map: &SaliencyMap, blobs: &mut Vec<BlobRow>) -> StoredSaliency {
    let SaliencyFacts { method, layer, raw_peak, map_from_source, source_rows, source_cols } = map.facts();
    let MapFromSource { scale_x, offset_x, scale_y, offset_y } = *map_from_source;
    let bytes = map.values().iter().copied().flat_map(f32::to_le_bytes).collect();
    StoredSaliency {
        rows: map.rows(),
        cols: map.cols(),
        values: push_blob(blobs, SAMPLES, bytes),
        method: method.clone(),
        layer: layer.clone(),
        raw_peak: *raw_peak,
        scale_x,
        offset_x,
        scale_y,
        offset_y,
        source_rows: *source_rows,
        source_cols: *source_cols,
    }
}

fn push_blob(blobs: &mut Vec<BlobRow>, encoding: &'static str, bytes: Vec<u8>) -> Hash {
    let sha256 = sha256(&bytes);
    blobs.push(BlobRow { sha256, encoding: encoding.into(), bytes });
    sha256
}

/// Reads findings back; masks that several findings share are shared again.
#[derive(Default)]
pub(crate) struct Decoder {
    segments: BTreeMap<StoredSegment, Arc<Segment>>,
}

/// Why stored bytes are not a finding, as part of a sentence without patient data.
pub(crate) type Flaw = &'static str;

impl Decoder {
    /// `blob` fetches bytes by their hash.
    pub fn decode(
        &mut self,
        content: &str,
        content_sha256: &[u8],
        blob: &mut dyn FnMut(&Hash) -> Result<Vec<u8>, Flaw>,
    ) -> Result<Finding, Flaw> {
        if sha256(content.as_bytes()) != content_sha256 {
            return Err("its content does not match its hash");
        }
        let content: Content = json::parse(content).ok_or("its content cannot be read")?;
        if content.schema > CONTENT_SCHEMA {
            return Err("it was written by a newer version");
        }
        let mut checked = |hash: &Hash| {
            let bytes = blob(hash)?;
            if &sha256(&bytes) == hash { Ok(bytes) } else { Err("a mask or map does not match its hash") }
        };
        let mut segments = Vec::new();
        for stored in content.segments {
            segments.push(self.segment(stored, &mut checked)?);
        }
        let mut elsewhere = Vec::new();
        for StoredPlacedSegment { sop, frame, segment } in content.elsewhere {
            elsewhere.push(PlacedSegment { sop, frame, segment: self.segment(segment, &mut checked)? });
        }
        let saliency = content.saliency.map(|stored| decode_saliency(stored, &mut checked)).transpose()?;
        Ok(Finding {
            id: content.id,
            subject: content.subject,
            label: content.label,
            origin: content.origin,
            assessment: content.assessment,
            place: content.place,
            measurements: content.measurements,
            evidence: Evidence {
                saliency,
                segments,
                elsewhere,
                center_mm: content.center_mm,
                lines: content.lines,
                paths: content.paths,
                volume: content.volume,
                likelihoods: Vec::new(),
            },
            notices: content
                .notices
                .into_iter()
                .map(|n| Notice { code: intake::lasting(&n.code), text: n.text })
                .collect(),
        })
    }

    fn segment(
        &mut self,
        stored: StoredSegment,
        blob: &mut dyn FnMut(&Hash) -> Result<Vec<u8>, Flaw>,
    ) -> Result<Arc<Segment>, Flaw> {
        if let Some(segment) = self.segments.get(&stored) {
            return Ok(Arc::clone(segment));
        }
        let bytes = blob(&stored.runs)?;
        let (pairs, []) = bytes.as_chunks::<8>() else {
            return Err("a mask is cut off");
        };
        let run = |[a, b, c, d, e, f, g, h]: &[u8; 8]| Run {
            start: u32::from_le_bytes([*a, *b, *c, *d]),
            len: u32::from_le_bytes([*e, *f, *g, *h]),
        };
        let mask = Mask::from_runs(stored.rows, stored.cols, pairs.iter().map(run).collect());
        let [scheme, value, meaning] = stored.code.clone();
        let segment = Arc::new(Segment {
            id: stored.id.clone(),
            name: stored.name.clone(),
            code: CodedConcept { scheme, value, meaning },
            color: stored.color,
            mask: mask.map_err(|_| "a mask is not one")?,
        });
        self.segments.insert(stored, Arc::clone(&segment));
        Ok(segment)
    }
}

fn decode_saliency(
    stored: StoredSaliency,
    blob: &mut dyn FnMut(&Hash) -> Result<Vec<u8>, Flaw>,
) -> Result<Arc<SaliencyMap>, Flaw> {
    let bytes = blob(&stored.values)?;
    let (samples, []) = bytes.as_chunks::<4>() else {
        return Err("a map is cut off");
    };
    let StoredSaliency { scale_x, offset_x, scale_y, offset_y, .. } = stored;
    let facts = SaliencyFacts {
        method: stored.method,
        layer: stored.layer,
        raw_peak: stored.raw_peak,
        map_from_source: MapFromSource { scale_x, offset_x, scale_y, offset_y },
        source_rows: stored.source_rows,
        source_cols: stored.source_cols,
    };
    let values = samples.iter().copied().map(f32::from_le_bytes).collect();
    SaliencyMap::new(stored.rows, stored.cols, values, facts).map(Arc::new).map_err(|_| "a map is not one")
}
