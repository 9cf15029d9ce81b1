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

/// Most devices of a list.
const MAX_DEVICES: usize = 64;

/// Where the user wants the graph to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first GPU if ONNX Runtime's CUDA execution provider and an NVIDIA driver are there, else the
    /// CPU.
    #[default]
    Auto,
    /// This device, or an error.
    Device(Device),
    /// All of these, or an error. Each has the model's weights and workers of its own, and they share out
    /// the batches. The CPU may be named several times.
    Devices(Vec<Device>),
    /// All GPUs that can be used, or an error if there are none.
    AllGpus,
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
    pub fn budget(self) -> BatchBudget {
        match self {
            Self::Cpu => BatchBudget::default(),
            // Large enough to fill the device's matrix units; few lengths, so that its arena stops
            // growing.
            Self::Cuda(_) => BatchBudget {
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

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = match text {
            "cpu" => return Ok(Self::Cpu),
            "cuda" => Some(0),
            _ => text.strip_prefix("cuda:").and_then(|n| n.parse().ok()),
        };
        number.map(Self::Cuda).ok_or_else(|| {
            "must be auto, cpu, cuda, cuda:N, cuda:all, or a list such as cuda:0,cuda:1".to_owned()
        })
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => return Ok(Self::Auto),
            "cuda:all" => return Ok(Self::AllGpus),
            _ => {}
        }
        let devices: Vec<Device> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        if devices.len() > MAX_DEVICES {
            return Err(format!("at most {MAX_DEVICES} devices can be listed"));
        }
        for (at, device) in devices.iter().enumerate() {
            if *device != Device::Cpu && devices[..at].contains(device) {
                return Err(format!("{device} is listed twice"));
            }
        }
        Ok(match devices.as_slice() {
            [device] => Self::Device(*device),
            _ => Self::Devices(devices),
        })
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
        assert_eq!("cuda:all".parse(), Ok(DeviceChoice::AllGpus));
        let list = vec![Device::Cuda(1), Device::Cuda(0)];
        assert_eq!("cuda:1,cuda".parse(), Ok(DeviceChoice::Devices(list)));
        let list = vec![Device::Cpu; 2];
        assert_eq!("cpu,cpu".parse(), Ok(DeviceChoice::Devices(list)));
        for wrong in [
            "",
            "gpu",
            "cuda:",
            "cuda:-1",
            "cuda:x",
            "CPU",
            "cpu,",
            "cpu,auto",
            "cuda:1,cuda:1",
            "cpu,cuda:all",
        ] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }
}
