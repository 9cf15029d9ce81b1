//! Why a model cannot be had.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::quote::{self, Name, Quoted};

/// Why a model or a package cannot be had, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum HubError {
    #[error(
        "{} is no model's name; names look like naver/splade-v3 or naver/splade-v3@main",
        Quoted(name)
    )]
    Name { name: String },
    #[error(
        "{host} cannot be reached: {reason}. Check the network and HTTPS_PROXY, or fetch the files on another \
         machine and copy its cache folder ({cache})",
        host = Name(host), reason = Name(reason), cache = quote::path(cache)
    )]
    Network {
        host: String,
        reason: String,
        cache: PathBuf,
    },
    #[error(
        "{name} is not whole in the cache {cache}, and HF_HUB_OFFLINE forbids the network; unset it, or run \
         `splade-export model {name}` where there is a network and copy the cache",
        name = Name(name), cache = quote::path(cache)
    )]
    Offline { name: String, cache: PathBuf },
    #[error(
        "{endpoint} wants to know who asks for {name} (401): it is gated or private, or there is no model of this \
         name. Accept its terms at {endpoint}/{name}, then set HF_TOKEN to a token from {endpoint}/settings/tokens",
        endpoint = Name(endpoint), name = Name(name)
    )]
    NoToken { endpoint: String, name: String },
    #[error(
        "{endpoint} does not accept the token for {name} (401); set HF_TOKEN to a valid one from \
         {endpoint}/settings/tokens",
        endpoint = Name(endpoint), name = Name(name)
    )]
    BadToken { endpoint: String, name: String },
    #[error(
        "the token's owner has no access to {name} (403); accept its terms at {endpoint}/{name} with that account, \
         and give the token the right to read gated repositories",
        endpoint = Name(endpoint), name = Name(name)
    )]
    Forbidden { endpoint: String, name: String },
    #[error(
        "{endpoint} has no model {name} (404); look for its exact name at {endpoint}/models",
        endpoint = Name(endpoint), name = Name(name)
    )]
    NoModel { endpoint: String, name: String },
    #[error(
        "{name} has no revision {revision} (404); see {endpoint}/{name}/tree/main for those there are",
        endpoint = Name(endpoint), name = Name(name), revision = Quoted(revision)
    )]
    NoRevision {
        endpoint: String,
        name: String,
        revision: String,
    },
    #[error(
        "{name} has no file that a model needs: neither safetensors nor pytorch_model.bin nor an ONNX export; \
         choose another model",
        name = Name(name)
    )]
    NoWeights { name: String },
    #[error("{url} answered with status {status}; try again later", url = Name(url))]
    Status { url: String, status: u16 },
    #[error(
        "{url} gave an answer that makes no sense: {reason}; check HF_ENDPOINT, or try again later",
        url = Name(url), reason = Name(reason)
    )]
    Answer { url: String, reason: String },
    #[error(
        "the name {} from the hub would lie outside the cache; nothing was written. Do not use this model",
        Quoted(path)
    )]
    OutsideCache { path: String },
    #[error(
        "{file} was downloaded whole, but its {kind} is {found}, where {expected} was promised; it was removed. A \
         proxy may have changed it: try again, or on another network",
        file = Name(file), expected = Name(expected), found = Name(found)
    )]
    Corrupt {
        file: String,
        kind: &'static str,
        expected: String,
        found: String,
    },
    #[error(
        "the download of {file} broke off {attempts} times ({reason}); what has come is kept, so run the command \
         again to go on",
        file = Name(file), reason = Name(reason)
    )]
    BrokenOff {
        file: String,
        attempts: u32,
        reason: String,
    },
    #[error("{}", quote::located(path, source))]
    File { path: PathBuf, source: io::Error },
    #[error(
        "there is no folder {}, so it was taken for a model's name",
        Quoted(name)
    )]
    NoFolder { name: String, source: Box<HubError> },
    #[error("there is no folder for a cache, because HOME is not set; set {variable} to a folder")]
    NoHome { variable: &'static str },
}

impl HubError {
    /// Adds a path to an error of the file system.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
