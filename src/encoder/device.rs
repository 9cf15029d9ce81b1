//! The devices that a graph can run on.

use std::fmt;
use std::str::FromStr;

use super::batch::BatchBudget;
use super::error::EncodeError;
use crate::model::Precision;

/// Where the graph runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU of this number, through ONNX Runtime's CUDA execution provider.
    Cuda(u32),
}

/// Where the user wants the graph to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first GPU if ONNX Runtime's CUDA execution provider and an NVIDIA driver are there, else the
    /// CPU.
    #[default]
    Auto,
    /// This device, or an error.
    Device(Device),
}

impl Device {
    /// Returns the precision unless another is asked for: exact on the CPU, half precision on a GPU.
    #[must_use]
    pub fn default_precision(self) -> Precision {
        match self {
            Self::Cpu => Precision::Fp32,
            Self::Cuda(_) => Precision::Fp16,
        }
    }

    /// Refuses a precision that would be slower and less exact than the device's default.
    ///
    /// # Errors
    /// [`EncodeError::Precision`] with the precisions that suit the device.
    pub fn check(self, precision: Precision) -> Result<(), EncodeError> {
        let (device, remedy) = match (self, precision) {
            (Self::Cpu, Precision::Fp16) => (
                "cpu",
                "processors compute it no faster than fp32; choose fp32 (exact) or int8 (faster)",
            ),
            (Self::Cuda(_), Precision::Int8) => (
                "cuda",
                "the CUDA execution provider has no 8-bit products; choose fp16 or fp32",
            ),
            _ => return Ok(()),
        };
        Err(EncodeError::Precision {
            precision,
            device,
            remedy,
        })
    }

    /// Returns how large batches suit the device.
    #[must_use]
    pub fn budget(self, precision: Precision) -> BatchBudget {
        match (self, precision) {
            // Scales belong to a run: alone in it, a text's weights depend on no other text.
            (Self::Cpu, Precision::Int8) => BatchBudget {
                texts: 1,
                ..BatchBudget::default()
            },
            (Self::Cpu, _) => BatchBudget::default(),
            // Large enough to fill the device's matrix units; few lengths, so that its arena stops
            // growing.
            (Self::Cuda(_), _) => BatchBudget {
                tokens: 16_384,
                texts: 256,
                length_multiple: 8,
                ..BatchBudget::default()
            },
        }
    }

    /// Returns how many encoder threads the device can use of `threads`.
    #[must_use]
    pub fn workers(self, threads: usize) -> usize {
        match self {
            Self::Cpu => threads.max(1),
            // While one waits for the device the other reads weights and fills the next batch.
            Self::Cuda(_) => threads.clamp(1, 2),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cuda = |number| Ok(Self::Device(Device::Cuda(number)));
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Device(Device::Cpu)),
            "cuda" => cuda(0),
            _ => match text.strip_prefix("cuda:").and_then(|n| n.parse().ok()) {
                Some(number) => cuda(number),
                None => Err("must be auto, cpu, cuda or cuda:N".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read() {
        let cuda = |number| Ok(DeviceChoice::Device(Device::Cuda(number)));
        assert_eq!("cuda:3".parse(), cuda(3));
        assert_eq!("cuda".parse(), cuda(0));
        assert_eq!("auto".parse(), Ok(DeviceChoice::Auto));
        for wrong in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }
}
