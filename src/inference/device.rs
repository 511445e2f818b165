//! What a network runs on: the processor unless asked otherwise.

use std::fmt;

use candle_core::Device;

use crate::inference::error::{ModelError, first_line};

/// A device as a person names it: `cpu`, `cuda`, `cuda:1`, `metal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    #[default]
    Cpu,
    Cuda(usize),
    Metal(usize),
}

impl DeviceChoice {
    /// Opens the device; says which feature is missing when this build has no support for it.
    pub fn open(self) -> Result<Device, ModelError> {
        let unavailable = |reason: String| ModelError::Device { wanted: self.to_string(), reason };
        match self {
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
        match self {
            Self::Cpu => match rayon::current_num_threads() {
                1 => "cpu, 1 thread".to_owned(),
                n_threads => format!("cpu, {n_threads} threads"),
            },
            Self::Cuda(_) | Self::Metal(_) => self.to_string(),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Metal(index) => write!(f, "metal:{index}"),
        }
    }
}

impl TryFrom<&str> for DeviceChoice {
    type Error = ModelError;

    fn try_from(text: &str) -> Result<Self, ModelError> {
        let (kind, index) = text.split_once(':').unwrap_or((text, "0"));
        let index = index.parse::<usize>();
        match (kind.to_ascii_lowercase().as_str(), index) {
            ("cpu", Ok(0)) => Ok(Self::Cpu),
            ("cuda", Ok(index)) => Ok(Self::Cuda(index)),
            ("metal", Ok(index)) => Ok(Self::Metal(index)),
            _ => Err(ModelError::Device {
                wanted: text.to_owned(),
                reason: "it is none of cpu, cuda, cuda:N, metal".to_owned(),
            }),
        }
    }
}
