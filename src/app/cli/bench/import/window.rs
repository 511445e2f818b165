//! From choosing a folder in a running window to its first picture on screen: the program as a reader has it open.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use crate::app::cli::bench::import::{Setting, volume, writing};
use crate::app::cli::bench::measure::{Part, Series};
use crate::app::cli::bench::sheet::Sheet;
use crate::app::hall::App;
use crate::app::settings::{self, Settings};
use crate::app::startup;
use crate::app::state::first_image::FirstImage;

/// Between one folder and the next, so that what the last one left to do is done.
const REST: Duration = Duration::from_millis(500);
/// Longer than anybody waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the rounds stand.
enum Step {
    /// Until then, with nothing being read.
    Resting(Instant),
    Asked(Instant),
}

struct Rounds {
    folder: PathBuf,
    n_rounds: u32,
    step: Step,
    seconds: Vec<f64>,
    fault: Option<String>,
}

impl Rounds {
    /// At the beginning of each pass: what the one before has drawn is on screen.
    fn pass(&mut self, app: &mut App, ctx: &Context) {
        let now = Instant::now();
        match self.step {
            Step::Resting(until) if now < until || app.library.running.is_some() => {
                ctx.request_repaint_after(Duration::from_millis(20));
            }
            // One goes before and does not count
            Step::Resting(_) if self.seconds.len() > self.n_rounds as usize => {
                ctx.send_viewport_cmd(ViewportCommand::Close)
            }
            Step::Resting(_) => {
                app.open(vec![self.folder.clone()]);
                self.step = Step::Asked(now);
                ctx.request_repaint();
            }
            Step::Asked(asked) => {
                if matches!(app.library.first_image, FirstImage::Drawn(_)) {
                    self.seconds.push((now - asked).as_secs_f64());
                    self.step = Step::Resting(now + REST);
                    ctx.request_repaint_after(REST);
                } else if now - asked > PATIENCE {
                    self.fault = Some("the first picture did not come".to_owned());
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
            }
        }
    }
}

/// Needs a screen, as the program does.
pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_slices = setting.n(1000);
    let folder = setting.folder.join("series");
    writing::ct_series(&folder, n_slices, volume::SIZE)?;
    let options = setting.program();
    let known_reader = Settings { has_accepted_research_use: true, ..Settings::default() };
    settings::write(&options.settings, &known_reader).map_err(|error| format!("no settings could be kept: {error}"))?;
    let step = Step::Resting(Instant::now() + 2 * REST);
    let rounds = Rounds { folder, n_rounds: setting.n_rounds, step, seconds: Vec::new(), fault: None };
    let rounds = Rc::new(RefCell::new(rounds));
    let watched = Rc::clone(&rounds);
    startup::open_watched_window(options, Box::new(move |app, ctx| watched.borrow_mut().pass(app, ctx)))?;
    let rounds = rounds.borrow();
    if let Some(fault) = &rounds.fault {
        return Err(fault.clone());
    }
    let [first, rest @ ..] = rounds.seconds.as_slice() else { return Err("the window was closed".to_owned()) };
    let part = Part::new("window", "from choosing the folder to its first picture on screen");
    let series = Series { part, seconds: rest.to_vec() };
    let median = series.median() * 1e3;
    Ok(Sheet::new("import window", setting.n_rounds, vec![series], &[])
        .with_fact("slices", n_slices)
        .with_fact("first_folder_ms", first * 1e3)
        .with_target("milliseconds to the first picture on screen", 300.0, median))
}
