//! Requests for the tests, and numbers that are the same on every run.

use std::sync::Arc;

use overread::domain::coding::CodedConcept;
use overread::domain::frame::{Frame, FrameKey, Samples};
use overread::domain::mask::{Mask, Segment};
use overread::domain::presentation::{LookupTable, ModalityLut, Palette, PixelPadding, VoiFunction, Window};
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::domain::uid::SopInstanceUid;
use overread::imaging::overlay::Colormap;
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::render::request::{
    DrawRequest, Interpolation, MaskLayer, Minification, OverlayRequest, PixelMeaning, SaliencyLayer,
};

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
    Rgb8,
    Rgb16,
    Rgb32,
    Palette,
}

pub const KINDS: [Kind; 12] = [
    Kind::U8,
    Kind::I8,
    Kind::U16,
    Kind::I16,
    Kind::U32,
    Kind::I32,
    Kind::F32,
    Kind::F64,
    Kind::Rgb8,
    Kind::Rgb16,
    Kind::Rgb32,
    Kind::Palette,
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VoiChoice {
    Linear,
    LinearExact,
    Sigmoid,
    Table,
}

pub const VOIS: [VoiChoice; 4] = [VoiChoice::Linear, VoiChoice::LinearExact, VoiChoice::Sigmoid, VoiChoice::Table];

pub const INTERPOLATIONS: [Interpolation; 3] = [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Cubic];

pub fn frame(rows: u32, cols: u32, samples: Samples) -> Arc<Frame> {
    Arc::new(
        Frame::new(FrameKey { sop: SopInstanceUid::new("1.2.3"), index: 0, origin: 0 }, rows, cols, samples).unwrap(),
    )
}

/// Stored values over the type's whole range: steps, slopes and noise.
pub fn samples(dice: &mut Dice, kind: Kind, n_pixels: usize) -> Samples {
    let (low, high) = match kind {
        Kind::U8 | Kind::Rgb8 | Kind::Palette => (0.0, 255.0),
        Kind::I8 => (-128.0, 127.0),
        Kind::U16 => (0.0, 65535.0),
        Kind::Rgb16 | Kind::Rgb32 => (0.0, 4095.0),
        Kind::I16 => (-32768.0, 32767.0),
        Kind::U32 => (0.0, 4.0e6),
        Kind::I32 => (-2.0e6, 2.0e6),
        Kind::F32 | Kind::F64 => (-1000.0, 3000.0),
    };
    let n_samples = if matches!(kind, Kind::Rgb8 | Kind::Rgb16 | Kind::Rgb32) { n_pixels * 3 } else { n_pixels };
    let noise = dice.pick(&[0.02, 0.2, 1.0]);
    let mut values = (0..n_samples).map(|i| {
        let slope = (i as f64 / n_samples as f64 * 5.0).fract();
        low + (high - low) * (slope * (1.0 - noise) + dice.unit() * noise)
    });
    match kind {
        Kind::U8 | Kind::Palette => Samples::U8(values.map(|v| v as u8).collect()),
        Kind::I8 => Samples::I8(values.map(|v| v as i8).collect()),
        Kind::U16 => Samples::U16(values.map(|v| v as u16).collect()),
        Kind::I16 => Samples::I16(values.map(|v| v as i16).collect()),
        Kind::U32 => Samples::U32(values.map(|v| v as u32).collect()),
        Kind::I32 => Samples::I32(values.map(|v| v as i32).collect()),
        Kind::F32 => {
            let mut values: Vec<f32> = values.map(|v| v as f32).collect();
            values[0] = f32::NAN;
            Samples::F32(values.into())
        }
        Kind::F64 => Samples::F64(values.by_ref().collect()),
        Kind::Rgb8 => Samples::Rgb8(values.map(|v| v as u8).collect()),
        Kind::Rgb16 => Samples::Rgb16(values.map(|v| v as u16).collect()),
        Kind::Rgb32 => Samples::Rgb32(values.map(|v| v as u32).collect()),
    }
}

fn smooth_table(dice: &mut Dice, first_mapped: i64, n_entries: usize, bits: u8) -> Arc<LookupTable> {
    let top = f64::from(2_u32.pow(bits.into()) - 1);
    let bend = dice.between(0.5, 2.0);
    let entry = |i: usize| ((i as f64 / (n_entries - 1) as f64).powf(bend) * top) as u16;
    Arc::new(LookupTable {
        first_mapped,
        entries: (0..n_entries).map(entry).collect(),
        bits,
        explanation: String::new(),
    })
}

/// Lowest and highest modality value of a frame, as far as finite.
fn value_range(frame: &Frame, lut: &ModalityLut) -> (f64, f64) {
    let values = (0..frame.samples().len())
        .filter_map(|i| frame.samples().at(i))
        .map(|stored| overread::imaging::modality_lut::apply(lut, stored))
        .filter(|value| value.is_finite());
    values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)))
}

fn voi(dice: &mut Dice, choice: VoiChoice, (low, high): (f64, f64)) -> Voi {
    let range = high - low;
    let center = dice.between(low, high);
    let width = range * dice.pick(&[0.02, 0.2, 1.0, 1.7]);
    let window = |function| Voi::Window(Window { center, width: width.max(1.0), function });
    match choice {
        VoiChoice::Linear if dice.below(8) == 0 => {
            Voi::Window(Window { center, width: 1.0, function: VoiFunction::Linear })
        }
        VoiChoice::Linear => window(VoiFunction::Linear),
        VoiChoice::LinearExact => window(VoiFunction::LinearExact),
        VoiChoice::Sigmoid => window(VoiFunction::Sigmoid),
        VoiChoice::Table => {
            let n_entries = dice.pick(&[300, 4096, 65536]);
            let bits = dice.pick(&[8, 12, 16]);
            Voi::Table(smooth_table(dice, (low + range * 0.1) as i64, n_entries, bits))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LutChoice {
    Identity,
    Linear,
    Table,
}

pub const LUTS: [LutChoice; 3] = [LutChoice::Identity, LutChoice::Linear, LutChoice::Table];

/// What of a request's meaning is fixed; the rest stays at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed {
    pub lut: LutChoice,
    pub has_padding: bool,
    pub invert: bool,
}

fn meaning(dice: &mut Dice, kind: Kind, samples: &Samples, fixed: Option<Fixed>) -> PixelMeaning {
    let first = match samples {
        Samples::I8(_) => -128,
        Samples::I16(_) => -32768,
        _ => 0,
    };
    let lut = fixed.map_or_else(|| dice.pick(&LUTS), |fixed| fixed.lut);
    let modality_lut = match lut {
        LutChoice::Identity => ModalityLut::Identity,
        LutChoice::Linear => {
            ModalityLut::Linear { slope: dice.pick(&[1.0, 0.5, -1.0, 2.37]), intercept: dice.pick(&[0.0, -1024.0]) }
        }
        LutChoice::Table => {
            let n_entries = if matches!(kind, Kind::U8 | Kind::I8) { 256 } else { 65536 };
            ModalityLut::Table(smooth_table(dice, first, n_entries, 16))
        }
    };
    let padding = fixed.map_or_else(|| dice.coin(), |fixed| fixed.has_padding).then(|| {
        let at = dice.below(samples.len());
        let low = samples.at(at).filter(|value| value.is_finite()).unwrap_or(0.0) as i64;
        PixelPadding { low, high: low + (dice.unit() * 2000.0) as i64 }
    });
    let palette = (kind == Kind::Palette).then(|| {
        let entries = (0..200).map(|_| [0; 3].map(|_: u16| dice.next() as u16)).collect();
        Arc::new(Palette { first_mapped: 10, entries })
    });
    PixelMeaning { modality_lut, palette, bits_stored: 12, padding }
}

pub fn segment(id: usize, color: [u8; 3], mask: Mask) -> Arc<Segment> {
    let code = CodedConcept::new("99OVERREAD", "0", "Test");
    Arc::new(Segment { id: id.to_string(), name: String::new(), code, color, mask })
}

/// Disks, one beside or over another.
pub fn masks(dice: &mut Dice, rows: u32, cols: u32, n_masks: usize) -> Vec<MaskLayer> {
    let mut layers = Vec::new();
    for id in 0..n_masks {
        let (x, y) = (dice.between(0.0, cols.into()), dice.between(0.0, rows.into()));
        let radius = dice.between(0.7, 12.0);
        let is_inside = |i: u32| (f64::from(i % cols) - x).hypot(f64::from(i / cols) - y) < radius;
        let dense: Vec<u8> = (0..rows * cols).map(|i| u8::from(is_inside(i))).collect();
        let color = [dice.next() as u8, dice.next() as u8, dice.next() as u8];
        let mut layer = MaskLayer::new(segment(id, color, Mask::from_dense(rows, cols, &dense).unwrap()));
        layer.is_visible = dice.below(5) > 0;
        layers.push(layer);
    }
    layers
}

/// A smooth map that covers most of the image.
pub fn saliency(dice: &mut Dice, rows: u32, cols: u32) -> SaliencyLayer {
    let (map_rows, map_cols) = (dice.pick(&[7, 14, 16]), dice.pick(&[7, 14, 9]));
    let (x0, y0) = (dice.unit() * f64::from(map_cols), dice.unit() * f64::from(map_rows));
    let value = |i: u32| {
        let (x, y) = (f64::from(i % map_cols) - x0, f64::from(i / map_cols) - y0);
        ((-(x * x + y * y) / 18.0).exp() * 0.95 + 0.013 * f64::from(i % 3)) as f32
    };
    let (scale_x, scale_y) = (f64::from(map_cols) / f64::from(cols), f64::from(map_rows) / f64::from(rows));
    let place = MapFromSource {
        scale_x: scale_x * dice.between(0.9, 1.2),
        offset_x: 0.5 * scale_x - 0.5 + dice.between(-1.0, 1.0),
        scale_y,
        offset_y: 0.5 * scale_y - 0.5,
    };
    let facts = SaliencyFacts {
        method: "grad-cam".to_owned(),
        layer: "features".to_owned(),
        raw_peak: 1.0,
        map_from_source: place,
        source_rows: rows,
        source_cols: cols,
    };
    let map = SaliencyMap::new(map_rows, map_cols, (0..map_rows * map_cols).map(value).collect(), facts).unwrap();
    let mut layer = SaliencyLayer::new(Arc::new(map), dice.pick(&Colormap::ALL));
    layer.opacity = dice.pick(&[0.35, 0.8]);
    layer.contour_fraction = dice.coin().then_some(0.5);
    layer
}

/// A request with everything on, at random.
pub fn request(
    dice: &mut Dice,
    kind: Kind,
    voi_choice: VoiChoice,
    interpolation: Interpolation,
    viewport: [f64; 2],
    fixed: Option<Fixed>,
) -> DrawRequest {
    let (rows, cols) = (20 + dice.below(60) as u32, 20 + dice.below(60) as u32);
    let samples = samples(dice, kind, (rows * cols) as usize);
    let meaning = meaning(dice, kind, &samples, fixed);
    let frame = frame(rows, cols, samples);
    let voi = voi(dice, voi_choice, value_range(&frame, &meaning.modality_lut));
    let view = View {
        zoom: dice.pick(&[0.31, 0.77, 1.0, 1.37, 2.0, 5.3]),
        pan: [dice.between(-9.0, 9.0), dice.between(-9.0, 9.0)],
        quarter_turns: dice.below(4) as u8,
        flip_h: dice.coin(),
    };
    let grid = ImageGrid::new(rows, cols, dice.pick(&[1.0, 1.0, 0.8]));
    let graphics = dice.coin().then(|| masks(dice, rows, cols, 1).remove(0));
    let n_masks = dice.pick(&[0, 1, 3, 12, 32]).min(32 - usize::from(graphics.is_some()));
    let overlay = OverlayRequest {
        masks: masks(dice, rows, cols, n_masks),
        graphics,
        saliency: dice.coin().then(|| saliency(dice, rows, cols)),
        opacity: dice.pick(&[1.0, 0.6]),
        hidden: dice.below(8) == 0,
        ..OverlayRequest::default()
    };
    DrawRequest {
        frame,
        meaning,
        voi,
        invert: fixed.map_or_else(|| dice.coin(), |fixed| fixed.invert),
        interpolation,
        minification: dice.pick(&[Minification::Area, Minification::Area, Minification::Point]),
        transform: view.transform(&grid, viewport),
        overlay,
        plane: None,
    }
}

/// A gray frame of 8 bits, shown as it is.
pub fn plain_request(rows: u32, cols: u32, values: Vec<u8>, view: View, viewport: [f64; 2]) -> DrawRequest {
    DrawRequest {
        frame: frame(rows, cols, Samples::U8(values.into())),
        meaning: PixelMeaning { modality_lut: ModalityLut::Identity, palette: None, bits_stored: 8, padding: None },
        voi: Voi::Window(Window { center: 127.5, width: 255.0, function: VoiFunction::LinearExact }),
        invert: false,
        interpolation: Interpolation::Nearest,
        minification: Minification::Area,
        transform: view.transform(&ImageGrid::new(rows, cols, 1.0), viewport),
        overlay: OverlayRequest::default(),
        plane: None,
    }
}
