//! Wheels into pieces.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;
use zip::ZipArchive;

use super::error::SetupError;
use super::index::{Source, find};
use super::pins::{Piece, Wheel};
use super::pip::PipSettings;
use super::{records, work_folder};
use crate::durable::{create_folder, parent_of};
use crate::hub::download::{Download, lock};
use crate::hub::error::HubError;
use crate::hub::hash::Promise;
use crate::hub::http::{Answer, Client};
use crate::hub::progress::Progress;
use crate::hub::url::shown;

/// The library of ONNX Runtime in its wheel, before its version.
const LIBRARY: &str = "onnxruntime/capi/libonnxruntime.";
/// Where the provider for CUDA looks for what it calls.
const CUDA: &str = "cuda";

/// Where pieces come from and where they go.
#[derive(Debug, Clone)]
pub struct SetupSettings {
    /// The cache's folder.
    pub cache: PathBuf,
    /// Whether a piece is made anew that is there.
    pub force: bool,
    /// What pip is configured for.
    pub pip: PipSettings,
    /// Attempts in a row without a new byte before a download fails.
    pub attempts: u32,
    /// The pause before the second attempt.
    pub pause: Duration,
}

/// What has become of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its folder.
    pub folder: PathBuf,
    /// True if it was there before.
    pub was_there: bool,
}

impl SetupSettings {
    /// Reads the environment: `SPLADE_EXPORT_CACHE`, `XDG_CACHE_HOME`, `HOME`, and pip's settings.
    ///
    /// # Errors
    /// [`HubError::NoHome`].
    pub fn from_env() -> Result<Self, SetupError> {
        let cache = crate::encoder::cache_folder().ok_or(HubError::NoHome {
            variable: "SPLADE_EXPORT_CACHE",
        })?;
        Ok(Self {
            cache: std::path::absolute(&cache).map_err(HubError::file(cache))?,
            force: false,
            pip: PipSettings::from_env(),
            attempts: 5,
            pause: Duration::from_millis(500),
        })
    }
}

/// Installs a piece unless it is there. Nothing is removed or replaced that a setup did not make.
///
/// # Errors
/// [`SetupError`]; what has come of a download is kept for the next run.
pub fn install(
    piece: Piece,
    settings: &SetupSettings,
    progress: Progress<'_>,
) -> Result<Installed, SetupError> {
    let folder = settings.cache.join(piece.folder());
    let installed = |was_there| {
        let folder = folder.clone();
        Ok(Installed { folder, was_there })
    };
    if !settings.force && is_there(piece, &folder) {
        return installed(true);
    }
    let wheels = piece.wheels()?;
    refuse_foreign(&folder)?;
    let _lock = lock(&settings.cache.join(".lock"), piece.name(), progress)?;
    // Another setup may have done the work meanwhile.
    if settings.force || !is_there(piece, &folder) {
        let setup = Setup {
            piece,
            settings,
            client: client(&settings.pip)?,
        };
        setup.run(wheels, &folder, progress)?;
    }
    installed(false)
}

fn client(pip: &PipSettings) -> Result<Client, SetupError> {
    let client = Client::with(pip.certificates.as_deref(), pip.proxy.as_deref());
    client.map_err(|reason| SetupError::Certificates {
        path: pip.certificates.clone().unwrap_or_default(),
        reason,
    })
}

fn is_there(piece: Piece, folder: &Path) -> bool {
    let stamp = fs::read_to_string(folder.join(".stamp")).unwrap_or_default();
    let file = folder.join(piece.file());
    stamp.trim_end() == piece.stamp().trim_end()
        && file.exists()
        && records::has_its_size(folder, &file)
}

/// Refuses to replace what no setup made.
fn refuse_foreign(folder: &Path) -> Result<(), SetupError> {
    if folder.symlink_metadata().is_ok() && !records::is_ours(folder) {
        let folder = folder.to_owned();
        return Err(SetupError::Foreign { folder });
    }
    Ok(())
}

struct Setup<'a> {
    piece: Piece,
    settings: &'a SetupSettings,
    client: Client,
}

impl Setup<'_> {
    fn run(
        &self,
        wheels: &[Wheel],
        folder: &Path,
        progress: Progress<'_>,
    ) -> Result<(), SetupError> {
        let failed = |path: &Path| HubError::file(path.to_owned());
        let cache = &self.settings.cache;
        // Under the lock, what carries the mark was left by an interrupted run.
        work_folder::remove_leftovers(cache).map_err(failed(cache))?;
        let work = work_folder::create(cache).map_err(failed(cache))?;
        let made = work.path().join("piece");
        create_folder(&made).map_err(failed(&made))?;
        for wheel in wheels {
            let file = self.fetch(wheel, progress)?;
            let unpacked = unpack(self.piece, &file, &made);
            let kept = file.parent() != Some(&self.downloads());
            if !kept {
                fs::remove_file(&file).map_err(failed(&file))?;
            }
            unpacked.map_err(|reason| SetupError::Wheel { file, reason })?;
        }
        self.finish(&made, folder, work.path())
            .map_err(failed(folder))?;
        // What is left of it is the piece that was replaced.
        work.close().map_err(failed(folder))?;
        Ok(())
    }

    /// Gives a whole piece its place.
    fn finish(&self, made: &Path, folder: &Path, work: &Path) -> io::Result<()> {
        records::write(made, self.piece.file())?;
        fs::write(made.join(".stamp"), self.piece.stamp())?;
        create_folder(parent_of(folder))?;
        // A piece of an older version steps aside first: a folder cannot be moved onto another.
        if folder.symlink_metadata().is_ok() {
            fs::rename(folder, work.join("replaced"))?;
        }
        fs::rename(made, folder)
    }

    fn downloads(&self) -> PathBuf {
        self.settings.cache.join("downloads")
    }

    fn fetch(&self, wheel: &Wheel, progress: Progress<'_>) -> Result<PathBuf, SetupError> {
        let cache = &self.settings.cache;
        let source = find(&self.client, &self.settings.pip, wheel, cache)?;
        let (url, authorization) = match source {
            Source::File(file) => return Ok(file),
            Source::Address { url, authorization } => (url, authorization),
        };
        let target = self.downloads().join(format!("{}.whl", wheel.sha256));
        let download = Download {
            name: wheel.file,
            url: &url,
            authorization: authorization.as_deref(),
            size: None,
            promise: Promise::Sha256(wheel.sha256.to_owned()),
            target: &target,
            partial: &target.with_extension("whl.incomplete"),
            attempts: self.settings.attempts,
            pause: self.settings.pause,
        };
        let refused = |answer: &Answer| HubError::Status {
            url: shown(&answer.url),
            status: answer.status,
        };
        download.run(&self.client, &refused, progress)?;
        Ok(target)
    }
}

/// Takes what a piece needs out of a wheel.
fn unpack(piece: Piece, wheel: &Path, to: &Path) -> Result<(), String> {
    let text = |e: io::Error| e.to_string();
    let file = BufReader::new(File::open(wheel).map_err(text)?);
    let mut archive = ZipArchive::new(file).map_err(|e| e.to_string())?;
    let mut library = None;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|e| e.to_string())?;
        let name = entry.name().map_err(|e| e.to_string())?.into_owned();
        let Some(place) = place(piece, &name) else {
            continue;
        };
        if name.starts_with(LIBRARY) {
            library = Some(place.clone());
        }
        let path = to.join(place);
        create_folder(parent_of(&path)).map_err(text)?;
        let mut file = fs::File::create(&path).map_err(text)?;
        io::copy(&mut entry, &mut file).map_err(text)?;
        file.sync_all().map_err(text)?;
    }
    match library {
        // One name on every platform and for every version: that is where the program looks.
        Some(library) => link(&library, &to.join(piece.file())).map_err(text),
        None => Ok(()),
    }
}

/// Returns where a file of a wheel belongs in a piece; `None` if it is not needed.
fn place(piece: Piece, name: &str) -> Option<PathBuf> {
    let (folder, file) = name.rsplit_once('/')?;
    let is_library = name.starts_with(LIBRARY);
    let wanted = match piece {
        Piece::Model => {
            let files = ["config.json", "model.safetensors", "tokenizer.json"];
            folder == "cognition/model" && files.contains(&file)
        }
        Piece::OnnxRuntime => {
            let texts = ["LICENSE", "ThirdPartyNotices.txt"];
            is_library || folder == "onnxruntime" && texts.contains(&file)
        }
        Piece::OnnxRuntimeGpu => {
            let providers = [
                "libonnxruntime_providers_cuda.so",
                "libonnxruntime_providers_shared.so",
            ];
            is_library || folder == "onnxruntime/capi" && providers.contains(&file)
        }
    };
    if wanted {
        return Some(file.into());
    }
    if piece != Piece::OnnxRuntimeGpu {
        return None;
    }
    if name.starts_with("nvidia/") && file.starts_with("lib") && file.contains(".so") {
        return Some(Path::new(CUDA).join(file));
    }
    let package = name.split(['-', '/']).next().unwrap_or_default();
    let in_info = folder.ends_with(".dist-info") || folder.ends_with(".dist-info/licenses");
    let license = in_info && (file.starts_with("LICENSE") || folder.ends_with("licenses"))
        || name == "onnxruntime/LICENSE";
    license.then(|| Path::new("licenses").join(format!("{package}-{file}")))
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    fs::copy(parent_of(path).join(target), path).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_needed_and_nothing_else() {
        let gpu = |name| place(Piece::OnnxRuntimeGpu, name);
        assert_eq!(
            gpu("onnxruntime/capi/libonnxruntime.so.1.31.1"),
            Some("libonnxruntime.so.1.31.1".into())
        );
        assert_eq!(
            gpu("nvidia/cu13/lib/libcublas.so.13"),
            Some("cuda/libcublas.so.13".into())
        );
        assert_eq!(
            gpu("nvidia_cublas-13.10.0.20.dist-info/licenses/License.txt"),
            Some("licenses/nvidia_cublas-License.txt".into())
        );
        assert_eq!(gpu("nvidia/cu13/include/cublas.h"), None);
        assert_eq!(
            gpu("onnxruntime/capi/libonnxruntime_providers_tensorrt.so"),
            None
        );
        let model = |name| place(Piece::Model, name);
        assert_eq!(
            model("cognition/model/config.json"),
            Some("config.json".into())
        );
        assert_eq!(model("cognition/other/config.json"), None);
        assert_eq!(
            place(Piece::OnnxRuntime, "onnxruntime/LICENSE"),
            Some("LICENSE".into())
        );
        assert_eq!(place(Piece::OnnxRuntime, "x/../../libonnxruntime.so"), None);
    }
}
