//! What the hub says of a repository.

use serde::Deserialize;

use super::error::HubError;
use super::http::{Answer, Ask, Client};
use super::name::{ModelName, is_commit};
use super::settings::HubSettings;
use super::url::{encoded, shown};
use crate::quote::Quoted;

/// The longest listing that is read.
const MAX_LISTING: u64 = 32 << 20;

/// A commit and its files.
#[derive(Debug)]
pub(super) struct Listing {
    pub commit: String,
    pub files: Vec<String>,
}

#[derive(Deserialize)]
struct Information {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Asks for the commit of a revision, and for its files.
pub(super) fn list(
    client: &Client,
    settings: &HubSettings,
    name: &ModelName,
) -> Result<Listing, HubError> {
    let url = format!(
        "{}/api/models/{}/revision/{}",
        settings.endpoint,
        encoded(name.repository()),
        // A slash in a revision is no slash of the address.
        encoded(name.revision()).replace('/', "%2F")
    );
    let authorization = settings.token.as_ref().map(super::token::Token::bearer);
    let ask = Ask {
        url: &url,
        authorization: authorization.as_deref(),
        ..Ask::default()
    };
    let unreachable = |reason: super::http::Unreachable| HubError::Network {
        host: settings.endpoint.clone(),
        reason: reason.0,
        cache: settings.cache.clone(),
    };
    let answer = client.get(ask).map_err(unreachable)?;
    if answer.status != 200 {
        return Err(refusal(&answer, settings, name));
    }
    let wrong = |reason: String| HubError::Answer {
        url: shown(&url),
        reason,
    };
    let bytes = answer.bytes(MAX_LISTING).map_err(unreachable)?;
    let information: Information =
        serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    if !is_commit(&information.sha) {
        return Err(wrong(format!("{} is no commit", Quoted(&information.sha))));
    }
    Ok(Listing {
        commit: information.sha,
        files: information
            .siblings
            .into_iter()
            .map(|sibling| sibling.rfilename)
            .collect(),
    })
}

/// Says why the hub refuses, and what to do.
pub(super) fn refusal(answer: &Answer, settings: &HubSettings, name: &ModelName) -> HubError {
    let (endpoint, repository) = (settings.endpoint.clone(), name.repository().to_owned());
    let code = answer.header("x-error-code").unwrap_or_default();
    match (answer.status, code) {
        (401, _) if settings.token.is_none() => HubError::NoToken {
            endpoint,
            name: repository,
        },
        // To a stranger a missing model looks like a private one.
        (401, "RepoNotFound") => HubError::NoModel {
            endpoint,
            name: repository,
        },
        (401, _) => HubError::BadToken {
            endpoint,
            name: repository,
        },
        (403, _) => HubError::Forbidden {
            endpoint,
            name: repository,
        },
        (404, "RevisionNotFound") => HubError::NoRevision {
            endpoint,
            name: repository,
            revision: name.revision().to_owned(),
        },
        (404, _) => HubError::NoModel {
            endpoint,
            name: repository,
        },
        (status, _) => HubError::Status {
            url: shown(&answer.url),
            status,
        },
    }
}
