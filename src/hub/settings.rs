//! Where the hub and its cache are: the variables of the hub's own tools.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::HubError;
use super::token::Token;

/// How the hub is used.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// The cache's folder.
    pub cache: PathBuf,
    /// The user's token, if there is one.
    pub token: Option<Token>,
    /// True if the network must not be used.
    pub offline: bool,
    /// Attempts in a row without a new byte before a download fails.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles from attempt to attempt.
    pub pause: Duration,
}

/// The hub's own address.
const ENDPOINT: &str = "https://huggingface.co";

impl HubSettings {
    /// Reads the environment: `HF_ENDPOINT`, `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`,
    /// `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// [`HubError::NoHome`].
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let user = set("HOME")
            .or_else(|| set("USERPROFILE"))
            .map(PathBuf::from);
        let path = |name: &str| set(name).map(|text| expand(&text, user.as_deref()));
        let home = path("HF_HOME")
            .or_else(|| path("XDG_CACHE_HOME").map(|base| base.join("huggingface")))
            .or_else(|| Some(user.as_ref()?.join(".cache/huggingface")));
        let cache = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| home.as_ref().map(|home| home.join("hub")))
            .ok_or(HubError::NoHome {
                variable: "HF_HOME",
            })?;
        let truth = |name: &str| set(name).is_some_and(|value| is_true(&value));
        let token_file = path("HF_TOKEN_PATH").or_else(|| Some(home?.join("token")));
        let token = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]
            .iter()
            .find_map(|name| Token::new(&set(name)?))
            .or_else(|| Token::read(&token_file?))
            .filter(|_| !truth("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.into());
        Ok(Self {
            endpoint: endpoint.trim().trim_end_matches('/').to_owned(),
            cache,
            token,
            offline: truth("HF_HUB_OFFLINE") || truth("TRANSFORMERS_OFFLINE"),
            attempts: 5,
            pause: Duration::from_millis(500),
        })
    }
}

fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// Puts the user's folder in the place of `~`.
fn expand(text: &str, user: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), user) {
        (Some(rest), Some(user)) => user.join(rest),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        let find = |name: &str| {
            let mut all = variables.iter();
            all.find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        HubSettings::from_variables(&find).unwrap()
    }

    #[test]
    fn the_cache_is_where_the_hubs_tools_have_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).cache;
        let home = ("HOME", "/u");
        assert_eq!(cache(&[home]), Path::new("/u/.cache/huggingface/hub"));
        assert_eq!(
            cache(&[home, ("XDG_CACHE_HOME", "/x")]),
            Path::new("/x/huggingface/hub")
        );
        assert_eq!(
            cache(&[home, ("HF_HOME", "~/h"), ("XDG_CACHE_HOME", "/x")]),
            Path::new("/u/h/hub")
        );
        let old = ("HUGGINGFACE_HUB_CACHE", "/old");
        assert_eq!(cache(&[home, old, ("HF_HOME", "/h")]), Path::new("/old"));
        assert_eq!(
            cache(&[home, old, ("HF_HUB_CACHE", "/new")]),
            Path::new("/new")
        );
        let nothing = HubSettings::from_variables(&|_| None);
        assert!(matches!(nothing, Err(HubError::NoHome { .. })));
    }

    #[test]
    fn the_token_comes_from_the_environment_or_a_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "from_file\n").unwrap();
        let home = dir.path().to_str().unwrap();
        let token = |more: &[(&str, &str)]| settings(&[&[("HF_HOME", home)], more].concat()).token;
        assert_eq!(token(&[]), Token::new("from_file"));
        assert_eq!(token(&[("HF_TOKEN", "t")]), Token::new("t"));
        assert_eq!(
            token(&[("HF_TOKEN", "t"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]),
            None
        );
        assert!(settings(&[("HF_HOME", home), ("HF_HUB_OFFLINE", "True")]).offline);
        assert_eq!(
            settings(&[("HF_HOME", home), ("HF_ENDPOINT", "http://m/")]).endpoint,
            "http://m"
        );
    }
}
