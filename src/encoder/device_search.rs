//! Finds the device that the user wants, and ONNX Runtime's library for it.

use std::path::Path;

use super::device::{Device, DeviceChoice};
use super::error::EncodeError;
use super::runtime::Runtime;
use super::session::{cuda, probe};

impl DeviceChoice {
    /// Finds ONNX Runtime's library for this choice, and the device.
    ///
    /// # Errors
    /// [`EncodeError::Runtime`] if there is no library, [`EncodeError::NoCuda`] if a GPU was asked for
    /// and something is missing.
    pub fn resolve(self, library: Option<&Path>) -> Result<(Runtime, Device), EncodeError> {
        match self {
            Self::Device(Device::Cpu) => Ok((Runtime::find(library, false)?, Device::Cpu)),
            Self::Device(Device::Cuda(number)) => {
                let runtime = Runtime::find(library, true)?;
                cuda::load(&runtime)?;
                Ok((runtime, Device::Cuda(number)))
            }
            Self::Auto => {
                if let Ok(runtime) = Runtime::find(library, true)
                    && cuda::load(&runtime).is_ok()
                {
                    // A driver may be there without a GPU that it can use. A process can load one
                    // library only, so the GPU's library serves the CPU then.
                    let device = match probe(&runtime, 0) {
                        Ok(()) => Device::Cuda(0),
                        Err(_) => Device::Cpu,
                    };
                    return Ok((runtime, device));
                }
                Ok((Runtime::find(library, false)?, Device::Cpu))
            }
        }
    }
}
