//! Opening the device that was asked for, and what a run's record says of it.

use candle_core::Device;

pub use crate::domain::device::DeviceChoice;
use crate::inference::error::{ModelError, first_line};

/// Threads that a network's layers are split over.
#[derive(Debug)]
pub struct Threads(rayon::ThreadPool);

impl Threads {
    /// So many of their own, apart from those that the rest of the program shares.
    pub fn apart(n_threads: usize) -> std::io::Result<Self> {
        rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().map(Self).map_err(std::io::Error::other)
    }

    /// How many the rest of the program shares.
    pub fn n_shared() -> usize {
        rayon::current_num_threads()
    }

    /// Works on one of them; networks within use the others.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.install(work)
    }
}

impl DeviceChoice {
    /// The device that `Auto` means here; any other is itself.
    #[must_use]
    pub fn resolved(self) -> Self {
        if self != Self::Auto {
            return self;
        }
        // A build without an accelerator does not try one.
        let is_there = |choice: &Self| choice.open().is_ok();
        [Self::Cuda(0), Self::Metal(0)].into_iter().find(is_there).unwrap_or(Self::Cpu)
    }

    /// Opens the device; says which feature is missing when this build has no support for it.
    pub fn open(self) -> Result<Device, ModelError> {
        let unavailable = |reason: String| ModelError::Device { wanted: self.to_string(), reason };
        match self {
            Self::Auto => self.resolved().open(),
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(_) if !cfg!(feature = "cuda") => {
                Err(unavailable("this build has no CUDA support (feature 'cuda')".to_owned()))
            }
            Self::Metal(_) if !cfg!(feature = "metal") => {
                Err(unavailable("this build has no Metal support (feature 'metal')".to_owned()))
            }
            Self::Cuda(index) => Device::new_cuda(index).map_err(|error| unavailable(first_line(&error.to_string()))),
            Self::Metal(index) => Device::new_metal(index).map_err(|error| unavailable(first_line(&error.to_string()))),
        }
    }

    /// For the record of a run: `cpu, 2 threads` or `cuda:0`.
    pub fn describe(self) -> String {
        match self.resolved() {
            Self::Cpu => match rayon::current_num_threads() {
                1 => "cpu, 1 thread".to_owned(),
                n_threads => format!("cpu, {n_threads} threads"),
            },
            accelerator => accelerator.to_string(),
        }
    }

    /// Whether `reason` is a device's way to say that its memory is full.
    pub fn is_out_of_memory(reason: &str) -> bool {
        let reason = reason.to_ascii_lowercase();
        // CUDA's and cuBLAS's codes and words; Metal gives no buffer.
        ["out of memory", "out_of_memory", "alloc_failed", "failed to create metal resource"]
            .iter()
            .any(|words| reason.contains(words))
    }
}
