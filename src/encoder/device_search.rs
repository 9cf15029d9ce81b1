//! Finds the devices that the user wants, and ONNX Runtime's library for them.

use std::path::{Path, PathBuf};

use super::device::{Device, DeviceChoice};
use super::error::EncodeError;
use super::runtime::{Runtime, RuntimeError};
use super::session::{cuda, probe, version};

/// More GPUs than a machine has.
const MAX_GPUS: u32 = 64;

impl DeviceChoice {
    /// Finds ONNX Runtime's library for this choice, and the devices, of which there is at least one. They
    /// are all CPUs or all GPUs, so that it does not matter which of them encodes a text.
    ///
    /// # Errors
    /// [`EncodeError::Runtime`] if there is no library, [`EncodeError::NoCuda`] if a GPU was asked for
    /// and something is missing, [`EncodeError::MixedDevices`] for a list of both.
    pub fn resolve(&self, library: Option<&Path>) -> Result<(Runtime, Vec<Device>), EncodeError> {
        match self {
            Self::Auto => Ok(automatic(library)?),
            Self::Device(device) => listed(library, &[*device]),
            Self::Devices(devices) => listed(library, devices),
            Self::AllGpus => {
                let (runtime, _) = listed(library, &[Device::Cuda(0)])?;
                // The first must be there; the others are those that can be used.
                probe(&runtime, 0)?;
                let more = (1..MAX_GPUS).take_while(|&number| probe(&runtime, number).is_ok());
                let gpus = std::iter::once(0).chain(more).map(Device::Cuda).collect();
                Ok((runtime, gpus))
            }
        }
    }
}

/// Returns ONNX Runtime's library and its version, as it is loaded where neither a library nor a device is named.
///
/// # Errors
/// [`RuntimeError`] if there is none, or it cannot be loaded.
pub fn default_runtime() -> Result<(PathBuf, String), RuntimeError> {
    let gpu = Runtime::find(None, true).ok();
    let gpu = gpu.filter(|runtime| cuda::load(runtime).is_ok());
    let runtime = match gpu {
        Some(runtime) => runtime,
        None => Runtime::find(None, false)?,
    };
    let version = version(&runtime)?;
    Ok((runtime.library, version))
}

/// Returns the first GPU if there is one that can be used, else the CPU.
fn automatic(library: Option<&Path>) -> Result<(Runtime, Vec<Device>), EncodeError> {
    if let Ok(runtime) = Runtime::find(library, true)
        && cuda::load(&runtime).is_ok()
    {
        // A driver may be there without a GPU that it can use. A process can load one library only, so
        // the GPU's library serves the CPU then.
        let device = match probe(&runtime, 0) {
            Ok(()) => Device::Cuda(0),
            Err(_) => Device::Cpu,
        };
        return Ok((runtime, vec![device]));
    }
    Ok((Runtime::find(library, false)?, vec![Device::Cpu]))
}

/// Returns these devices.
fn listed(
    library: Option<&Path>,
    devices: &[Device],
) -> Result<(Runtime, Vec<Device>), EncodeError> {
    let is_gpu = |device: &Device| matches!(device, Device::Cuda(_));
    let first = devices.first().copied().unwrap_or(Device::Cpu);
    if let Some(other) = devices.iter().find(|other| is_gpu(other) != is_gpu(&first)) {
        return Err(EncodeError::MixedDevices {
            first: first.to_string(),
            other: other.to_string(),
        });
    }
    let runtime = Runtime::find(library, is_gpu(&first))?;
    if is_gpu(&first) {
        cuda::load(&runtime)?;
    }
    let devices = if devices.is_empty() {
        &[first]
    } else {
        devices
    };
    Ok((runtime, devices.to_vec()))
}
