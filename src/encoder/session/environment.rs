//! ONNX Runtime's library, loaded once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::Session;

use super::super::error::{EncodeError, NoCuda};
use super::super::runtime::{Runtime, RuntimeError};
use super::cuda;
use crate::quote;

/// Returns the environment of this library. ONNX Runtime allows one per process: it is made once and
/// kept.
///
/// # Errors
/// [`RuntimeError::Unusable`] if the library cannot be loaded, or if the process has loaded another.
pub fn environment(runtime: &Runtime) -> Result<Environment, EncodeError> {
    static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let unusable = |reason: String| RuntimeError::Unusable {
        path: runtime.library.clone(),
        reason,
    };
    match &*loaded {
        Some((library, environment)) if *library == runtime.library => Ok(environment.clone()),
        Some((library, _)) => {
            let other = format!("this process has loaded {} already", quote::path(library));
            Err(unusable(other).into())
        }
        None => {
            let environment = ort::init_from(&runtime.library)
                .map_err(|e| unusable(e.to_string()))?
                .with_telemetry(false)
                // Failures come back as errors; ONNX Runtime would print them too, in color.
                .with_logger(Arc::new(|_, _, _, _, _| {}))
                .build()?;
            environment.set_log_level(ort::logging::LogLevel::Fatal);
            *loaded = Some((runtime.library.clone(), environment.clone()));
            Ok(environment)
        }
    }
}

/// Tells whether ONNX Runtime can use this GPU.
///
/// # Errors
/// [`NoCuda`] if not.
pub fn probe(runtime: &Runtime, device: u32) -> Result<(), EncodeError> {
    let environment = environment(runtime)?;
    let builder = Session::builder(&environment)?;
    let provided = builder.with_execution_providers([cuda::provider(device, None)]);
    match provided {
        Ok(_) => Ok(()),
        Err(error) => Err(NoCuda::refused(device, error.to_string()).into()),
    }
}
