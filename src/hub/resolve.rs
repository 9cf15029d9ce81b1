//! From what a user types to a model's folder.

use std::path::{Path, PathBuf};

use super::cache::RepositoryCache;
use super::error::HubError;
use super::fetch::{FetchedModel, fetch};
use super::name::ModelName;
use super::progress::{HubEvent, Progress};
use super::selection::needed;
use super::settings::HubSettings;

/// Asks for the hub where a folder has the same name.
const FORCED: &str = "hf:";

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelPlace {
    /// A folder that the user named; it need not exist.
    Folder(PathBuf),
    /// A snapshot in the cache.
    Hub(FetchedModel),
}

/// When the hub is asked for a model that the cache has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// Never: a name means the same as in the run before.
    #[default]
    No,
    /// Always, so that a branch means its newest commit.
    Yes,
}

impl ModelPlace {
    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Hub(model) => &model.folder,
        }
    }
}

/// Finds a model: a folder of this path, else one of this name in the local cache, else on the hub.
///
/// `hf:ORG/NAME` passes over the folder. What is no name is a folder, whether there is one or not. The environment is
/// read only for a name.
///
/// # Errors
/// [`HubError`] with the next step.
pub fn resolve_model(
    text: &str,
    refresh: Refresh,
    progress: Progress<'_>,
) -> Result<ModelPlace, HubError> {
    if let Some(name) = text.strip_prefix(FORCED) {
        return by_name(name, refresh, progress);
    }
    if Path::new(text).exists() || !ModelName::looks_like_one(text) {
        return Ok(ModelPlace::Folder(text.into()));
    }
    by_name(text, refresh, progress).map_err(|error| HubError::NoFolder {
        name: text.to_owned(),
        source: Box::new(error),
    })
}

fn by_name(text: &str, refresh: Refresh, progress: Progress<'_>) -> Result<ModelPlace, HubError> {
    let name = ModelName::parse(text)?;
    let settings = HubSettings::from_env()?;
    find(&name, &settings, refresh, progress).map(ModelPlace::Hub)
}

fn find(
    name: &ModelName,
    settings: &HubSettings,
    refresh: Refresh,
    progress: Progress<'_>,
) -> Result<FetchedModel, HubError> {
    let cache = RepositoryCache::new(settings, name);
    let cached = cache.commit(name.revision()).map(|commit| FetchedModel {
        name: name.clone(),
        folder: cache.snapshot(&commit),
        commit,
    });
    let usable = cached.filter(|model| is_usable(&cache, model));
    if let Some(model) = &usable
        && (settings.offline || refresh == Refresh::No && cache.is_whole(&model.commit))
    {
        return Ok(model.clone());
    }
    if settings.offline {
        return Err(HubError::Offline {
            name: name.to_string(),
            cache: settings.cache.clone(),
        });
    }
    match (fetch(name, settings, progress), usable) {
        (Err(HubError::Network { reason, .. }), Some(model)) => {
            progress(HubEvent::Cached {
                folder: model.folder.clone(),
                reason,
            });
            Ok(model)
        }
        (result, _) => result,
    }
}

/// Returns true if what is there can be a model: the hub's other tools leave no word whether all of it is.
fn is_usable(cache: &RepositoryCache, model: &FetchedModel) -> bool {
    if cache.is_whole(&model.commit) {
        return true;
    }
    let files = cache.files(&model.commit);
    let has = |end: &str| files.iter().any(|file| file.ends_with(end));
    let named = has("config.json") || has(".onnx");
    let tokens = has("tokenizer.json") || has("vocab.txt");
    needed(&files).is_some() && named && tokens && shards_are_there(&model.folder, &files)
}

/// Returns true unless an index names a shard that is missing.
fn shards_are_there(folder: &Path, files: &[String]) -> bool {
    let mut indexes = files.iter().filter(|file| file.ends_with(".index.json"));
    indexes.all(|index| {
        let bytes = std::fs::read(folder.join(index)).unwrap_or_default();
        let Ok(index) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
            return false;
        };
        let shards = index["weight_map"].as_object();
        shards.is_some_and(|map| {
            map.values().all(|shard| {
                let name = shard.as_str().unwrap_or_default();
                files.iter().any(|file| file.ends_with(name))
            })
        })
    })
}
