//! Names of models on the hub.

use std::fmt;

use super::error::HubError;

/// The longest name that the hub gives.
const MAX_LENGTH: usize = 96;

/// `ORG/NAME` or `ORG/NAME@REVISION`; a few old models have no `ORG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    repository: String,
    revision: String,
}

impl ModelName {
    /// Reads a name; a revision is a branch, a tag or a commit, and `main` where none is given.
    ///
    /// # Errors
    /// [`HubError::Name`].
    pub fn parse(text: &str) -> Result<Self, HubError> {
        let wrong = || HubError::Name {
            name: text.to_owned(),
        };
        let (repository, revision) = text.split_once('@').unwrap_or((text, "main"));
        let parts: Vec<_> = repository.split('/').collect();
        let name_is_fine = parts.len() <= 2
            && repository.len() <= MAX_LENGTH
            && parts
                .iter()
                .all(|part| is_part(part) && !part.contains("--"));
        if name_is_fine && revision.split('/').all(is_part) {
            return Ok(Self {
                repository: repository.to_owned(),
                revision: revision.to_owned(),
            });
        }
        Err(wrong())
    }

    /// Returns true for a text with one slash that can be a name, as a path rarely looks.
    #[must_use]
    pub fn looks_like_one(text: &str) -> bool {
        let name = text.split('@').next().unwrap_or_default();
        name.contains('/') && Self::parse(text).is_ok()
    }

    /// `ORG/NAME`
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// A branch, a tag or a commit.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Returns the name of the repository's folder in a cache.
    pub(super) fn folder(&self) -> String {
        format!("models--{}", self.repository.replace('/', "--"))
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        Ok(())
    }
}

/// Returns true for what can be one folder's name everywhere.
fn is_part(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !part.is_empty()
        && part.chars().all(plain)
        && !part.starts_with(['.', '-'])
        && !part.ends_with('.')
        && !part.contains("..")
}

/// Returns true for a commit's full hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names() {
        let name = ModelName::parse("naver/splade-v3@refs/pr/1").unwrap();
        assert_eq!(
            (name.repository(), name.revision()),
            ("naver/splade-v3", "refs/pr/1")
        );
        assert_eq!(name.folder(), "models--naver--splade-v3");
        assert_eq!(name.to_string(), "naver/splade-v3@refs/pr/1");
        let main = ModelName::parse("a/b").unwrap();
        assert_eq!((main.revision(), main.to_string()), ("main", "a/b".into()));
        assert!(ModelName::parse("bert-base-uncased").is_ok());
    }

    #[test]
    fn refuses_what_could_leave_a_folder() {
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "../a",
            "a/..",
            "a/b/c",
            "a/b@",
            "a/b@../x",
            "a/b@x/../y",
            "a b/c",
            "a/b@/x",
            "a\\b/c",
            "a/.b",
            "a--b/c",
            "./a",
            "~/a",
            "C:/a",
            "a/b@x@y",
        ] {
            assert!(ModelName::parse(text).is_err(), "{text:?}");
            assert!(!ModelName::looks_like_one(text), "{text:?}");
        }
        assert!(!ModelName::looks_like_one("models"));
        assert!(ModelName::looks_like_one("naver/splade-v3@main"));
    }
}
