//! Why a piece cannot be installed.

use std::path::PathBuf;

use thiserror::Error;

use crate::hub::error::HubError;
use crate::quote::{self, Name};

/// Why a piece cannot be installed, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum SetupError {
    #[error(
        "pip is not configured for an index, and there is no pip to ask for its own; set PIP_INDEX_URL to the \
         address of a package index, the one that ends in /simple"
    )]
    NoIndex,
    #[error(
        "{piece} has no pinned package for {platform} (there are ones for Linux with glibc on x86_64 and aarch64, and \
         macOS on arm64; for GPUs Linux on x86_64 alone); {remedy}",
        platform = Name(platform)
    )]
    Platform {
        piece: &'static str,
        platform: String,
        remedy: &'static str,
    },
    #[error(
        "{index} cannot be reached: {reason}. Check the network, HTTPS_PROXY and PIP_INDEX_URL, or copy the folder \
         {cache} from another machine",
        index = Name(index), reason = Name(reason), cache = quote::path(cache)
    )]
    Network {
        index: String,
        reason: String,
        cache: PathBuf,
    },
    #[error(
        "{file} with the SHA-256 {sha256} is on none of the indexes {indexes}; set PIP_INDEX_URL to one that has it",
        indexes = Name(indexes)
    )]
    NoWheel {
        file: &'static str,
        sha256: &'static str,
        indexes: String,
    },
    #[error(
        "{index} answered with status {status}; check PIP_INDEX_URL and its user name and password",
        index = Name(index)
    )]
    Status { index: String, status: u16 },
    #[error("{}", quote::about(path, reason))]
    Certificates { path: PathBuf, reason: String },
    #[error("{}; remove it and try again", quote::about(file, reason))]
    Wheel { file: PathBuf, reason: String },
    #[error(
        "{folder} exists and was not made by a setup; move it away, or set SPLADE_EXPORT_CACHE to another folder",
        folder = quote::path(folder)
    )]
    Foreign { folder: PathBuf },
    #[error(transparent)]
    Hub(#[from] HubError),
}
