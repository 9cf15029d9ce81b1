//! The CUDA execution provider and the libraries it needs.
//!
//! The provider names its libraries without a folder, so the loader would look for them in the system's
//! folders and in `LD_LIBRARY_PATH`. Loaded here before, by their paths beside ONNX Runtime, they are found
//! without either.

use std::iter;
use std::path::{Path, PathBuf};

use ort::ep::cuda::{AttentionBackend, CUDA};
use ort::ep::{ArenaExtendStrategy, ExecutionProviderDispatch};
use ort::util::preload_dylib;

use super::super::error::NoCuda;
use super::super::runtime::{GPU_PIECE, Runtime, cache_folder};

const PROVIDER: &str = "libonnxruntime_providers_cuda.so";
/// The folder of the libraries beside ONNX Runtime's, where `splade-export setup` puts both.
const FOLDER: &str = "cuda";
/// The folders of pip's packages of CUDA 13 and cuDNN, from that of ONNX Runtime's library in `onnxruntime-gpu`.
const PACKAGES: [&str; 2] = ["../../nvidia/cu13/lib", "../../nvidia/cudnn/lib"];
/// The libraries, each after those that it needs; a wheel may have more than the provider uses.
const LIBRARIES: [&str; 15] = [
    "libcudart.so.13",
    "libnvJitLink.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libnvrtc.so.13",
    "libcurand.so.10",
    "libcufft.so.12",
    "libcudnn_graph.so.9",
    "libcudnn_engines_precompiled.so.9",
    "libcudnn_engines_runtime_compiled.so.9",
    "libcudnn_heuristic.so.9",
    "libcudnn_ops.so.9",
    "libcudnn_cnn.so.9",
    "libcudnn_adv.so.9",
    "libcudnn.so.9",
];

/// Loads the driver and the libraries.
///
/// # Errors
/// [`NoCuda`] with what is missing and where it comes from.
pub fn load(runtime: &Runtime) -> Result<(), NoCuda> {
    // Resolves links, because the provider is looked for beside the real library.
    let library = runtime.library.canonicalize();
    let library = library.as_deref().unwrap_or(&runtime.library);
    let folder = library.parent().unwrap_or(Path::new("."));
    let provider = folder.join(PROVIDER);
    if !provider.exists() {
        return Err(NoCuda::NoProvider { provider });
    }
    preload_dylib("libcuda.so.1").map_err(|e| NoCuda::NoDriver {
        reason: e.to_string(),
    })?;
    let fetched = cache_folder().map(|cache| cache.join(GPU_PIECE).join(FOLDER));
    let places: Vec<PathBuf> = iter::once(FOLDER)
        .chain(PACKAGES)
        .map(|place| folder.join(place))
        .chain(fetched)
        .collect();
    for name in LIBRARIES {
        let mut places = places.iter().map(|place| place.join(name));
        // Leaves it to the loader to find what lies elsewhere.
        if let Some(library) = places.find(|place| place.exists()) {
            preload_dylib(&library).map_err(|e| NoCuda::NoLibrary {
                library,
                reason: e.to_string(),
            })?;
        }
    }
    Ok(())
}

/// Returns the provider for a session.
pub fn provider(device: u32, memory_limit: Option<usize>) -> ExecutionProviderDispatch {
    let provider = CUDA::default()
        .with_device_id(i32::try_from(device).unwrap_or(i32::MAX))
        // Lengths vary: doubling the arena at each new one would fill the device.
        .with_arena_extend_strategy(ArenaExtendStrategy::SameAsRequested)
        // Keeps fp32 exact: TF32 would round its factors.
        .with_tf32(false)
        // Leaves out cuDNN's kernel, which it compiles anew for every shape of a batch.
        .with_attention_backend(
            AttentionBackend::FLASH_ATTENTION
                | AttentionBackend::EFFICIENT_ATTENTION
                | AttentionBackend::MATH,
        );
    match memory_limit {
        Some(limit) => provider.with_memory_limit(limit),
        None => provider,
    }
    .build()
    // Otherwise ONNX Runtime would leave out a provider that fails, without a word.
    .error_on_failure()
}
