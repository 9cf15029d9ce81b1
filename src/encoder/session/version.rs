//! The version of ONNX Runtime's library.

use std::ffi::CStr;

use libloading::{Library, Symbol};
use ort::sys::OrtApiBase;

use super::super::runtime::{Runtime, RuntimeError};

/// Returns the version that a library says it has.
///
/// # Errors
/// [`RuntimeError::Unusable`] if it cannot be loaded or is another library.
#[allow(
    unsafe_code,
    reason = "the library is asked through its C interface, which is the same in all of its versions"
)]
pub fn version(runtime: &Runtime) -> Result<String, RuntimeError> {
    let unusable = |reason: String| RuntimeError::Unusable {
        path: runtime.library.clone(),
        reason,
    };
    // SAFETY: loading runs the library's own initialization, as encoding with it does.
    let library = unsafe { Library::new(&runtime.library) }.map_err(|e| unusable(e.to_string()))?;
    // SAFETY: the function of this name has this type in every version of ONNX Runtime.
    let base: Symbol<'_, unsafe extern "C" fn() -> *const OrtApiBase> =
        unsafe { library.get(b"OrtGetApiBase") }.map_err(|e| unusable(e.to_string()))?;
    // SAFETY: the function has no arguments, and what it returns is part of the library or null.
    let base = unsafe { base().as_ref() };
    let base = base.ok_or_else(|| unusable("it gives no interface".to_owned()))?;
    // SAFETY: the text is part of the library, which is loaded until the end of this function.
    let text = unsafe { CStr::from_ptr((base.GetVersionString)()) };
    Ok(text.to_string_lossy().into_owned())
}
