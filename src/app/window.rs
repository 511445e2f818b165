//! The window around the hall. It may be lost with its graphics device, or fall over a fault while it draws: then it is
//! opened anew around the same hall, where everything is as it was.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use egui::ViewportCommand;

use crate::app::faults::Faults;
use crate::app::hall::App;
use crate::app::startup::{self, Watch};
use crate::jobs::panic_guard::{TaskOutcome, guarded};
use crate::render::device_watch::{Alarm, DeviceTrouble, DeviceWatch};

/// The window is opened anew at most this often …
const MOST_RETURNS: usize = 3;
/// … within this time.
const RETURN_SPAN: Duration = Duration::from_mins(1);

/// Why a window had to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    Device(DeviceTrouble),
    /// A fault of the program while it drew or carried out what was asked.
    Fault,
}

/// Wakes whichever window there is.
#[derive(Clone, Default)]
pub struct Wake(Arc<Mutex<Option<egui::Context>>>);

impl Wake {
    pub fn callback(&self) -> Alarm {
        let wake = self.clone();
        Arc::new(move || wake.after(Duration::ZERO))
    }

    pub fn after(&self, delay: Duration) {
        let ctx = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ctx) = ctx {
            ctx.request_repaint_after(delay);
        }
    }

    fn point_to(&self, ctx: &egui::Context) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ctx.clone());
    }
}

/// What outlives a window.
#[derive(Default)]
pub struct House {
    pub hall: RefCell<Option<App>>,
    pub wake: Wake,
    pub trouble: RefCell<Option<Trouble>>,
    watch: RefCell<Option<DeviceWatch>>,
    /// What egui remembers: widths of panels, how far lists are scrolled.
    memory: RefCell<Option<egui::util::IdTypeMap>>,
    faults: Faults,
    /// Of whoever measures the window.
    onlooker: RefCell<Option<Watch>>,
}

impl House {
    pub fn watch_with(&self, watch: Watch) {
        self.onlooker.replace(Some(watch));
    }

    /// Moves the hall into a window that has just been made.
    pub fn enter(self: &Rc<Self>, cc: &eframe::CreationContext<'_>) -> Window {
        self.wake.point_to(&cc.egui_ctx);
        if let Some(memory) = self.memory.take() {
            cc.egui_ctx.data_mut(|data| *data = memory);
        }
        let watch = cc.wgpu_render_state.as_ref().map(|state| DeviceWatch::over(&state.device, self.wake.callback()));
        self.watch.replace(watch);
        if let Some(app) = &mut *self.hall.borrow_mut() {
            startup::enter(app, cc);
        }
        Window { house: Rc::clone(self) }
    }

    /// Why the last window went; `None` when the reader closed it. `has_fallen` says that it ended by a panic.
    pub fn take_trouble(&self, has_fallen: bool) -> Option<Trouble> {
        let of_device = self.watch.take().and_then(|watch| watch.trouble()).map(Trouble::Device);
        // A panic that follows from a lost device is no fault of its own
        let told = self.trouble.take();
        let of_device = of_device.filter(|_| told.is_some() || has_fallen);
        of_device.or(told).or(has_fallen.then_some(Trouble::Fault))
    }

    fn watched_trouble(&self) -> Option<Trouble> {
        if let Some(trouble) = &*self.trouble.borrow() {
            return Some(trouble.clone());
        }
        let trouble = self.watch.borrow().as_ref().and_then(DeviceWatch::trouble).map(Trouble::Device)?;
        self.trouble.replace(Some(trouble.clone()));
        Some(trouble)
    }
}

/// One window, as long as its graphics device holds.
pub struct Window {
    house: Rc<House>,
}

impl Window {
    fn with_hall(&self, ctx: &egui::Context, work: impl FnOnce(&mut App)) {
        let mut hall = self.house.hall.borrow_mut();
        let Some(app) = &mut *hall else { return };
        if matches!(guarded(|| work(app)), TaskOutcome::Panicked) {
            self.house.trouble.replace(Some(Trouble::Fault));
            ctx.request_repaint();
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        if let Some(watch) = &*self.house.watch.borrow() {
            self.house.faults.of_device(watch);
            for remark in watch.take_remarks() {
                log::error!("the graphics adapter refused a draw: {remark}");
            }
        }
        if self.house.watched_trouble().is_none() {
            self.with_hall(ctx, |app| {
                if let Some(watch) = &mut *self.house.onlooker.borrow_mut() {
                    watch(app, ctx);
                }
                app.logic(ctx, frame);
            });
        }
        if self.house.watched_trouble().is_some() {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        self.house.faults.look_again(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        // egui's painter panics when it is to draw with a lost device; of nothing it draws nothing
        if self.house.watched_trouble().is_some() {
            return;
        }
        let ctx = ui.ctx().clone();
        self.with_hall(&ctx, |app| {
            self.house.faults.of_drawing();
            app.ui(ui, frame);
        });
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        let hall = self.house.hall.try_borrow().ok();
        hall.and_then(|hall| hall.as_ref().map(|app| app.clear_color(visuals))).unwrap_or([0.0, 0.0, 0.0, 1.0])
    }

    fn on_exit(&mut self) {
        if matches!(self.house.watched_trouble(), Some(Trouble::Device(_)))
            && let Some(ctx) = &*self.house.wake.0.lock().unwrap_or_else(PoisonError::into_inner)
        {
            self.house.memory.replace(Some(ctx.data(Clone::clone)));
        }
        if let Some(app) = &mut *self.house.hall.borrow_mut() {
            app.on_exit();
        }
    }
}

/// Counts how often the window was opened anew, so that a fault that repeats itself does not go on forever.
#[derive(Debug, Default)]
pub struct Returns(Vec<Instant>);

impl Returns {
    /// One more; the number of those within the last minute, or `None` when there are too many.
    pub fn one_more(&mut self, now: Instant) -> Option<usize> {
        self.0.retain(|at| now.saturating_duration_since(*at) < RETURN_SPAN);
        self.0.push(now);
        (self.0.len() <= MOST_RETURNS).then_some(self.0.len())
    }
}

impl App {
    /// What is said and given up after `trouble`, the `n_returns`th within a minute.
    pub fn returned(&mut self, trouble: &Trouble, n_returns: usize) {
        let what = match trouble {
            Trouble::Device(DeviceTrouble::Lost(why)) => {
                log::warn!("the graphics device was lost: {why}");
                "The graphics adapter was lost"
            }
            Trouble::Device(DeviceTrouble::OutOfMemory) => "The graphics adapter had no memory left",
            Trouble::Device(DeviceTrouble::Fault(why)) => {
                log::warn!("the graphics device failed: {why}");
                "The graphics adapter failed"
            }
            Trouble::Fault => "The screen failed by a fault of the program",
        };
        let mut text = format!("{what}. The window was opened anew; nothing decided was lost.");
        if is_drawn_by_processor(trouble, n_returns) {
            text += " Pictures are drawn by the processor for now.";
        }
        self.voice.warn(text);
        if *trouble == Trouble::Fault {
            self.view.dialogs.clear();
            self.view.transient.forget();
            // The same again: then it is something in the look
            if let Some(look) = self.library.open.as_ref().filter(|_| n_returns > 1) {
                self.view.looks.remove(look);
            }
        }
    }
}

/// An adapter that fails twice in a minute is left alone.
pub fn is_drawn_by_processor(trouble: &Trouble, n_returns: usize) -> bool {
    matches!(trouble, Trouble::Device(_)) && n_returns > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_returns_in_a_minute_are_enough_and_a_minute_later_three_more_are_allowed() {
        let (mut returns, start) = (Returns::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!([0, 1, 2].map(|s| returns.one_more(at(s))), [Some(1), Some(2), Some(3)]);
        assert_eq!(returns.one_more(at(30)), None);
        assert_eq!(returns.one_more(at(100)), Some(1));
    }
}
