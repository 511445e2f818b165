//! A reader's desk in a window that nobody sees: one radiograph in four viewports, with masks and a map over it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, pos2};

use crate::app::cli::bench::scratch::Scratch;
use crate::app::dispatch::review;
use crate::app::hall::AppOptions;
use crate::app::settings::{self, Settings};
use crate::app::startup::unseen::{PassCost, UnseenWindow};
use crate::domain::coding::CodedConcept;
use crate::domain::finding::{Evidence, Finding, FindingLabel, Origin, Place, Subject};
use crate::domain::frame::Frame;
use crate::domain::mask::{Mask, Segment};
use crate::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, ReaderName};
use crate::export::phantom_study::{self, PhantomOptions};
use crate::imaging::phantom::RadiographGrid;
use crate::import::Importer;
use crate::review::command::Command;
use crate::ui::stage::{Layout, Pane, PaneContent, SeriesRef};
use crate::ui::view_state::{MaskStyle, SeriesPart};

/// Pixels of the window.
pub const SIZE: [u32; 2] = [1600, 1000];
const RADIOGRAPH: RadiographGrid = RadiographGrid { rows: 2048, cols: 2048, pixel_mm: 0.19 };
const MAP_SIZE: u32 = 28;
const READER: &str = "Bench";

pub struct ReadingDesk {
    pub window: UnseenWindow,
    pub radiograph: Arc<Frame>,
    at: Pos2,
    n_steps: u32,
    /// Read from as long as the window lives.
    _folder: Scratch,
}

impl ReadingDesk {
    /// Writes the radiograph, opens it, and waits until it stands in all four viewports with everything on.
    pub fn set_up() -> Result<Self, String> {
        let folder = Scratch::within(&std::env::temp_dir())?;
        let study = folder.path().join("study");
        write_study(&study)?;
        let options = AppOptions {
            importer: Importer::default(),
            store: folder.path().join("review.sqlite"),
            settings: settings_of_a_reader(&folder)?,
            open: vec![study],
            ..AppOptions::default()
        };
        let mut window = UnseenWindow::open(options, SIZE)?;
        wait(&mut window, "the radiograph", |window| window.app.has_shown_image())?;
        wait(&mut window, "its record", |window| window.app.open_desk().is_some_and(|desk| desk.is_record_read))?;
        let study = Arc::clone(window.app.library.open_study().ok_or("no study is open")?);
        let radiograph = shown_frame(&window)?;
        lay_out(&mut window, &study)?;
        let mut desk = Self { window, radiograph, at: pos2(300.0, 300.0), n_steps: 0, _folder: folder };
        for _ in 0..5 {
            desk.window.pass(Vec::new())?;
        }
        desk.press()?;
        Ok(desk)
    }

    fn press(&mut self) -> Result<(), String> {
        let pos = self.at;
        self.window.pass(vec![Event::PointerMoved(pos)])?;
        let pressed =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.window.pass(vec![pressed(true)])?;
        (0..3).try_for_each(|_| self.drag_step().map(|_| ()))
    }

    /// The pointer moves a little further with its button held: the window of all four follows.
    pub fn drag_step(&mut self) -> Result<PassCost, String> {
        self.n_steps += 1;
        let turn = f64::from(self.n_steps) * 0.3;
        let to = self.at + egui::vec2(60.0 * turn.cos() as f32, 60.0 * turn.sin() as f32);
        self.window.pass(vec![Event::PointerMoved(to)])
    }
}

fn write_study(folder: &std::path::Path) -> Result<(), String> {
    let options = PhantomOptions { ct: None, radiograph: Some(RADIOGRAPH), ..PhantomOptions::default() };
    let written = phantom_study::write(folder, &options, &|| false, &|_| {}).map_err(|error| error.to_string())?;
    std::fs::remove_file(written.truth_file).map_err(|error| error.to_string())
}

pub fn settings_of_a_reader(folder: &Scratch) -> Result<std::path::PathBuf, String> {
    let path = folder.path().join("settings.json");
    let settings = Settings { reader: READER.to_owned(), has_accepted_research_use: true, ..Settings::default() };
    settings::write(&path, &settings).map_err(|error| error.to_string())?;
    Ok(path)
}

fn wait(window: &mut UnseenWindow, what: &str, is_there: impl Fn(&UnseenWindow) -> bool) -> Result<(), String> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(120) {
        window.pass(Vec::new())?;
        if is_there(window) {
            return Ok(());
        }
    }
    Err(format!("{what} did not come"))
}

fn shown_frame(window: &UnseenWindow) -> Result<Arc<Frame>, String> {
    let study = window.app.library.open_study().ok_or("no study is open")?;
    let (instance, frame) = study.series.first().and_then(|series| series.image(0)).ok_or("the study is empty")?;
    match window.app.frames.get(&instance.frame_key(frame)) {
        Some(Ok(frame)) => Ok(Arc::clone(frame)),
        _ => Err("the radiograph was not decoded".to_owned()),
    }
}

fn lay_out(window: &mut UnseenWindow, study: &Arc<Study>) -> Result<(), String> {
    let finding = finding(study)?;
    let id = finding.id.clone();
    review::apply(&mut window.app, &study.uid, Command::AddFinding(Arc::new(finding)));
    let view = &mut window.app.view;
    view.transient.is_maximized = true;
    view.overlay.masks = MaskStyle::OutlineAndFill;
    view.overlay.saliency_shown = true;
    let look = view.look_mut(&study.uid);
    look.selected = Some(id);
    let series = PaneContent::Series(SeriesRef::new(study, SeriesPart::of(study, 0)));
    look.stage.layout = Layout { rows: 2, cols: 2 };
    look.stage.panes = vec![Pane { content: series, ..Pane::default() }; 4];
    look.stage.links.window = true;
    Ok(())
}

fn finding(study: &Study) -> Result<Finding, String> {
    let series = study.series.first().ok_or("the study is empty")?;
    let (instance, frame) = series.image(0).ok_or("the series is empty")?;
    let (rows, cols) = (instance.pixels.rows, instance.pixels.cols);
    let segment = |label: u8, color: [u8; 3]| {
        let inside: Vec<u8> =
            (0..rows as usize * cols as usize).map(|pixel| u8::from(label_at(pixel, cols) == label)).collect();
        let mask = Mask::from_dense(rows, cols, &inside).map_err(|error| error.to_string())?;
        let (id, code) = (label.to_string(), CodedConcept::new("99OVERREAD", "0", "Region"));
        Ok::<_, String>(Arc::new(Segment { name: format!("Region {id}"), id, code, color, mask }))
    };
    let n_cells = MAP_SIZE as usize * MAP_SIZE as usize;
    let scale = f64::from(MAP_SIZE) / f64::from(cols);
    let place =
        MapFromSource { scale_x: scale, offset_x: scale / 2.0 - 0.5, scale_y: scale, offset_y: scale / 2.0 - 0.5 };
    let facts = SaliencyFacts {
        method: "grad-cam".to_owned(),
        layer: "features".to_owned(),
        raw_peak: 1.0,
        map_from_source: place,
        source_rows: rows,
        source_cols: cols,
    };
    let values = (0..n_cells).map(|cell| saliency_at(cell, MAP_SIZE)).collect();
    let map = SaliencyMap::new(MAP_SIZE, MAP_SIZE, values, facts).map_err(|error| error.to_string())?;
    Ok(Finding {
        id: FindingId::new("bench"),
        subject: Subject { study: study.uid.clone(), series: series.uid.clone(), sop: instance.sop.clone(), frame },
        label: FindingLabel { id: "reader".to_owned(), name: "Measured".to_owned(), code: None },
        origin: Origin::Reader(ReaderName::new(READER)),
        assessment: None,
        place: Place::WholeImage,
        measurements: Vec::new(),
        evidence: Evidence {
            saliency: Some(Arc::new(map)),
            segments: vec![segment(1, [90, 180, 210])?, segment(2, [216, 120, 190])?],
            ..Evidence::default()
        },
        notices: Vec::new(),
    })
}

/// Two disks where lungs are.
pub fn label_at(pixel: usize, size: u32) -> u8 {
    let [x, y] = in_image(pixel, size);
    if (x - 0.3).hypot(y - 0.5) < 0.18 {
        1
    } else if (x - 0.7).hypot(y - 0.5) < 0.2 {
        2
    } else {
        0
    }
}

/// One warm place.
pub fn saliency_at(pixel: usize, size: u32) -> f32 {
    let [x, y] = in_image(pixel, size);
    (-((x - 0.6).powi(2) + (y - 0.4).powi(2)) / 0.02).exp() as f32
}

/// 0 to 1 along both axes of a square.
fn in_image(pixel: usize, size: u32) -> [f64; 2] {
    let size = size as usize;
    [(pixel % size) as f64 / size as f64, (pixel / size) as f64 / size as f64]
}
