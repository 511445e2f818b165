//! Where networks run, as it is asked for: on the command line, in the settings, in the record of a run.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceChoice {
    /// The first accelerator this build and this machine have; the processor otherwise.
    #[default]
    Auto,
    Cpu,
    /// Zero-based, as NVIDIA's driver counts.
    Cuda(usize),
    /// Zero-based.
    Metal(usize),
}

/// No device is called so.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no device '{0}'; there are auto, cpu, cuda, cuda:N and metal")]
pub struct UnknownDevice(pub String);

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Metal(index) => write!(f, "metal:{index}"),
        }
    }
}

impl TryFrom<&str> for DeviceChoice {
    type Error = UnknownDevice;

    fn try_from(text: &str) -> Result<Self, UnknownDevice> {
        let (kind, index) = text.split_once(':').unwrap_or((text, "0"));
        let has_index = text.contains(':');
        match (kind.to_ascii_lowercase().as_str(), index.parse::<usize>()) {
            ("auto", _) if !has_index => Ok(Self::Auto),
            ("cpu", Ok(0)) => Ok(Self::Cpu),
            ("cuda", Ok(index)) => Ok(Self::Cuda(index)),
            ("metal", Ok(index)) => Ok(Self::Metal(index)),
            _ => Err(UnknownDevice(text.to_owned())),
        }
    }
}

impl Serialize for DeviceChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeviceChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::try_from(text.as_str()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_they_are_written() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(2), DeviceChoice::Metal(0)] {
            assert_eq!(DeviceChoice::try_from(choice.to_string().as_str()), Ok(choice));
        }
        assert_eq!(DeviceChoice::try_from("CUDA"), Ok(DeviceChoice::Cuda(0)));
        for wrong in ["", "tpu", "cuda:", "cuda:-1", "cpu:1", "auto:0"] {
            assert_eq!(DeviceChoice::try_from(wrong), Err(UnknownDevice(wrong.to_owned())));
        }
    }
}
