//! A model's files from the hub into the cache.

use std::path::PathBuf;

use super::cache::{RepositoryCache, safe_etag, safe_path};
use super::download::{Download, lock};
use super::error::HubError;
use super::hash::Promise;
use super::http::{Answer, Ask, Client};
use super::listing::{list, refusal};
use super::name::ModelName;
use super::progress::{HubEvent, Progress};
use super::selection::needed;
use super::settings::HubSettings;
use super::token::Token;
use super::url::{encoded, shown};

/// A model in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedModel {
    /// Its name.
    pub name: ModelName,
    /// The commit that its revision stands for.
    pub commit: String,
    /// The folder of its files.
    pub folder: PathBuf,
}

/// Asks the hub for a model's files and downloads those that are missing.
pub(super) fn fetch(
    name: &ModelName,
    settings: &HubSettings,
    progress: Progress<'_>,
) -> Result<FetchedModel, HubError> {
    let client = Client::new();
    let listing = list(&client, settings, name)?;
    let files = needed(&listing.files).ok_or_else(|| HubError::NoWeights {
        name: name.to_string(),
    })?;
    // Before anything is written.
    for file in &listing.files {
        safe_path(file)?;
    }
    let repository = Repository {
        client,
        settings,
        name,
        commit: listing.commit,
        cache: RepositoryCache::new(settings, name),
        authorization: settings.token.as_ref().map(Token::bearer),
    };
    for file in &files {
        repository.fetch_file(file, progress)?;
    }
    let (cache, commit) = (repository.cache, repository.commit);
    cache.set_whole(&commit, &files)?;
    cache.set_commit(name.revision(), &commit)?;
    Ok(FetchedModel {
        name: name.clone(),
        folder: cache.snapshot(&commit),
        commit,
    })
}

struct Repository<'a> {
    client: Client,
    settings: &'a HubSettings,
    name: &'a ModelName,
    commit: String,
    cache: RepositoryCache,
    authorization: Option<String>,
}

/// What the hub says of a file.
struct FileFacts {
    etag: String,
    size: Option<u64>,
}

impl Repository<'_> {
    fn fetch_file(&self, file: &str, progress: Progress<'_>) -> Result<(), HubError> {
        let path = safe_path(file)?;
        if self.cache.snapshot(&self.commit).join(&path).is_file() {
            return Ok(());
        }
        let url = format!(
            "{}/{}/resolve/{}/{}",
            self.settings.endpoint,
            encoded(self.name.repository()),
            self.commit,
            encoded(file)
        );
        let facts = self.facts(&url, file, progress)?;
        let blob = self.cache.blob(&facts.etag);
        let _lock = lock(&self.cache.lock(&facts.etag), file, progress)?;
        let have = std::fs::metadata(&blob).ok().map(|metadata| metadata.len());
        if have.is_none() || facts.size.is_some_and(|size| have != Some(size)) {
            let download = Download {
                name: file,
                url: &url,
                authorization: self.authorization.as_deref(),
                size: facts.size,
                promise: Promise::of_etag(&facts.etag),
                target: &blob,
                partial: &blob.with_file_name(format!("{}.incomplete", facts.etag)),
                attempts: self.settings.attempts,
                pause: self.settings.pause,
            };
            download.run(&self.client, &|answer| self.refusal(answer), progress)?;
        }
        self.cache.link(&self.commit, &path, &facts.etag)
    }

    /// Asks for a file's tag and size.
    fn facts(&self, url: &str, file: &str, progress: Progress<'_>) -> Result<FileFacts, HubError> {
        let ask = Ask {
            url,
            authorization: self.authorization.as_deref(),
            ..Ask::default()
        };
        let mut attempt = 1;
        loop {
            let reason = match self.client.head(ask) {
                Ok(answer) if (200..400).contains(&answer.status) => return facts(&answer),
                Ok(answer) if !matches!(answer.status, 408 | 429 | 500..=599) => {
                    return Err(self.refusal(&answer));
                }
                Ok(answer) => format!("status {}", answer.status),
                Err(unreachable) => unreachable.0,
            };
            if attempt >= self.settings.attempts {
                return Err(HubError::BrokenOff {
                    file: file.into(),
                    attempts: attempt,
                    reason,
                });
            }
            progress(HubEvent::Retry {
                name: file.into(),
                reason,
            });
            std::thread::sleep(self.settings.pause * (1 << (attempt - 1).min(6)));
            attempt += 1;
        }
    }

    fn refusal(&self, answer: &Answer) -> HubError {
        refusal(answer, self.settings, self.name)
    }
}

fn facts(answer: &Answer) -> Result<FileFacts, HubError> {
    let wrong = |reason: &str| HubError::Answer {
        url: shown(&answer.url),
        reason: reason.into(),
    };
    let linked = answer.header("x-linked-etag");
    let etag = linked.or_else(|| answer.header("etag"));
    let etag = safe_etag(etag.ok_or_else(|| wrong("the file has no ETag"))?)?;
    let size = match (answer.number("x-linked-size"), answer.status) {
        (Some(size), _) => Some(size),
        (None, 200) => answer.number("content-length"),
        // The length of a redirect is not the file's.
        (None, _) => None,
    };
    Ok(FileFacts {
        etag: etag.to_owned(),
        size,
    })
}
