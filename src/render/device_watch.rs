//! What becomes of the graphics device meanwhile: lost, out of memory, at fault. Nothing of it may end the program.
//!
//! Left alone, wgpu panics at the first error that nobody waited for, and egui's painter at the first draw on a device
//! that is gone.

use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Called when there is something to look at, from any thread.
pub type Alarm = Arc<dyn Fn() + Send + Sync>;

/// Why nothing more can be drawn with a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceTrouble {
    /// The driver was reset, the adapter was unplugged, the machine slept.
    Lost(String),
    OutOfMemory,
    /// The driver failed in a way that it does not explain.
    Fault(String),
}

#[derive(Debug, Default)]
struct Told {
    /// The first trouble; what follows from it says nothing new.
    trouble: Option<DeviceTrouble>,
    remarks: Vec<String>,
}

/// Keeps an eye on one device.
pub struct DeviceWatch {
    device: wgpu::Device,
    told: Arc<Mutex<Told>>,
    alarm: Alarm,
}

thread_local! {
    static N_PRETENDED: Cell<u32> = const { Cell::new(0) };
}

/// So many of this thread's next draws are told that the adapter has no memory left, for tests.
pub fn pretend_out_of_memory(n_draws: u32) {
    N_PRETENDED.set(n_draws);
}

impl fmt::Debug for DeviceWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceWatch").field("told", &self.told).finish_non_exhaustive()
    }
}

impl DeviceWatch {
    /// Takes the place of wgpu's own handlers on `device`.
    pub fn over(device: &wgpu::Device, alarm: Alarm) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let (of_loss, alarm_of_loss) = (Arc::clone(&told), Arc::clone(&alarm));
        device.set_device_lost_callback(move |reason, message| {
            let why = if message.is_empty() { format!("{reason:?}") } else { message };
            note(&of_loss, DeviceTrouble::Lost(why));
            alarm_of_loss();
        });
        let of_errors = Arc::clone(&told);
        let alarm_of_errors = Arc::clone(&alarm);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            match error {
                wgpu::Error::OutOfMemory { .. } => note(&of_errors, DeviceTrouble::OutOfMemory),
                wgpu::Error::Internal { description, .. } => note(&of_errors, DeviceTrouble::Fault(description)),
                wgpu::Error::Validation { description, .. } => {
                    lock(&of_errors).remarks.push(description);
                }
            }
            alarm_of_errors();
        }));
        Self { device: device.clone(), told, alarm }
    }

    /// Why this device is of no more use; `None` while it is.
    pub fn trouble(&self) -> Option<DeviceTrouble> {
        lock(&self.told).trouble.clone()
    }

    /// Errors since the last call that cost a draw, not the device.
    pub fn take_remarks(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.told).remarks)
    }

    /// As if an allocation that nobody waited for had failed, for tests.
    pub fn run_out_of_memory(&self) {
        note(&self.told, DeviceTrouble::OutOfMemory);
        (self.alarm)();
    }

    /// Loses the device as a reset driver would, for tests.
    pub fn lose(&self) {
        self.device.destroy();
        // The loss is told once the device is idle
        if let Err(error) = self.device.poll(wgpu::PollType::wait_indefinitely()) {
            log::debug!("the lost device does not answer: {error}");
        }
    }
}

fn lock(told: &Mutex<Told>) -> std::sync::MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(told: &Mutex<Told>, trouble: DeviceTrouble) {
    lock(told).trouble.get_or_insert(trouble);
}

/// Runs `work` and catches the first error it causes on the device, the gravest kind first.
pub(crate) fn caught<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> (T, Option<wgpu::Error>) {
    let scopes = [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory]
        .map(|filter| device.push_error_scope(filter));
    let done = work();
    // They end in the opposite order. On every platform but the web the answer is there at once.
    let errors = scopes.into_iter().rev().map(|scope| pollster::block_on(scope.pop())).collect::<Vec<_>>();
    let pretended = (N_PRETENDED.get() > 0).then(|| {
        N_PRETENDED.set(N_PRETENDED.get() - 1);
        wgpu::Error::OutOfMemory { source: "asked for".into() }
    });
    (done, errors.into_iter().flatten().next().or(pretended))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::render::offscreen::OffscreenRenderer;

    fn buffer(device: &wgpu::Device, size: u64) {
        let usage = wgpu::BufferUsages::UNIFORM;
        drop(device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false }));
    }

    #[test]
    fn errors_are_told_and_a_lost_device_ends_nothing() {
        let Ok(offscreen) = OffscreenRenderer::new() else { return println!("skipped: no graphics adapter") };
        let device = offscreen.device();
        let n_alarms = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&n_alarms);
        let watch = DeviceWatch::over(device, Arc::new(move || _ = count.fetch_add(1, Ordering::Relaxed)));
        buffer(device, u64::MAX / 2);
        assert_eq!((watch.take_remarks().len(), watch.take_remarks().len()), (1, 0));
        assert_eq!(watch.trouble(), None);

        let ((), error) = caught(device, || buffer(device, u64::MAX / 2));
        assert!(matches!(error, Some(wgpu::Error::Validation { .. })));
        assert!(watch.take_remarks().is_empty(), "an error that was waited for is no remark");
        assert!(caught(device, || buffer(device, 64)).1.is_none());

        let n_before = n_alarms.load(Ordering::Relaxed);
        watch.lose();
        assert!(matches!(watch.trouble(), Some(DeviceTrouble::Lost(_))));
        assert!(n_alarms.load(Ordering::Relaxed) > n_before);
        buffer(device, 64);
    }
}
