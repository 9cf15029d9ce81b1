//! The index that pip is configured for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The settings of pip that are followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipSettings {
    /// Addresses of indexes, the first one first; they may hold a user name and a password.
    pub indexes: Vec<String>,
    /// Folders with wheels.
    pub folders: Vec<PathBuf>,
    /// A file of certificates to trust instead of the system's.
    pub certificates: Option<PathBuf>,
    /// A proxy instead of that of the environment.
    pub proxy: Option<String>,
}

/// Sections of the file, the stronger later.
const SECTIONS: [&str; 3] = ["global", "install", "download"];

impl PipSettings {
    /// Reads pip's files and its variables (`PIP_INDEX_URL` and the like), which are stronger. Where neither names
    /// an index, pip is asked for its own.
    #[must_use]
    pub fn from_env() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut settings = HashMap::new();
        for file in files(&variable) {
            if let Ok(text) = std::fs::read_to_string(file) {
                settings.extend(parse(&text));
            }
        }
        for key in [
            "index-url",
            "extra-index-url",
            "find-links",
            "no-index",
            "cert",
            "proxy",
        ] {
            let name = format!("PIP_{}", key.replace('-', "_").to_ascii_uppercase());
            if let Some(value) = variable(&name) {
                settings.insert(key.to_owned(), value);
            }
        }
        let mut settings = Self::of(&settings);
        if let Some(none) = settings.indexes.iter().position(String::is_empty) {
            match default_index() {
                Some(index) => settings.indexes[none] = index,
                None => drop(settings.indexes.remove(none)),
            }
        }
        settings
    }

    /// An empty address stands for pip's own index.
    fn of(settings: &HashMap<String, String>) -> Self {
        let words = |key: &str| {
            settings
                .get(key)
                .map_or("", String::as_str)
                .split_whitespace()
        };
        let is_true = |key: &str| {
            words(key)
                .next()
                .is_some_and(|value| matches!(value, "1" | "true" | "yes" | "on"))
        };
        let mut indexes = Vec::new();
        if !is_true("no-index") {
            indexes.push(words("index-url").next().unwrap_or_default().to_owned());
            indexes.extend(words("extra-index-url").map(str::to_owned));
        }
        Self {
            indexes,
            folders: words("find-links")
                .map(|word| word.strip_prefix("file://").unwrap_or(word))
                .filter(|word| !word.contains("://"))
                .map(PathBuf::from)
                .collect(),
            certificates: settings.get("cert").map(PathBuf::from),
            proxy: settings.get("proxy").cloned(),
        }
    }
}

/// Returns pip's files, the stronger later.
fn files(variable: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let named = variable("PIP_CONFIG_FILE").map(PathBuf::from);
    // As pip has it: the null device switches all files off.
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = vec![
        PathBuf::from("/etc/xdg/pip/pip.conf"),
        PathBuf::from("/etc/pip.conf"),
    ];
    if cfg!(target_os = "macos") {
        files.push("/Library/Application Support/pip/pip.conf".into());
    }
    if let Some(home) = variable("HOME").map(PathBuf::from) {
        files.push(home.join(".pip/pip.conf"));
        let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.unwrap_or_else(|| home.join(".config"));
        files.push(config.join("pip/pip.conf"));
        if cfg!(target_os = "macos") {
            files.push(home.join("Library/Application Support/pip/pip.conf"));
        }
    }
    files.extend(variable("VIRTUAL_ENV").map(|folder| Path::new(&folder).join("pip.conf")));
    files.extend(named);
    files
}

/// Reads a file of sections, keys and values; a value goes on in lines that are indented.
fn parse(text: &str) -> HashMap<String, String> {
    let mut found: Vec<(usize, String, String)> = Vec::new();
    let mut section = None;
    let mut open = false;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = SECTIONS.iter().position(|&known| known == name);
            open = false;
        } else if line.starts_with([' ', '\t']) && open {
            if let Some((_, _, value)) = found.last_mut() {
                value.push(' ');
                value.push_str(bare);
            }
        } else if let (Some(section), Some((key, value))) = (section, bare.split_once(['=', ':'])) {
            let key = key.trim().replace('_', "-").to_ascii_lowercase();
            found.push((section, key, value.trim().to_owned()));
            open = true;
        } else {
            open = false;
        }
    }
    found.sort_by_key(|&(section, ..)| section);
    found
        .into_iter()
        .map(|(_, key, value)| (key, value))
        .collect()
}

/// Asks pip for the index that it takes where it is not configured.
fn default_index() -> Option<String> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let help = Command::new(python)
        .args(["-m", "pip", "download", "--help"])
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .output()
        .ok()?;
    default_in_help(&String::from_utf8_lossy(&help.stdout))
}

/// Finds `(default https://...)` in the words on `--index-url`.
fn default_in_help(help: &str) -> Option<String> {
    let words: Vec<_> = help.split_whitespace().collect();
    let option = words
        .iter()
        .position(|word| word.starts_with("--index-url"))?;
    let mut pairs = words[option..].windows(2);
    let found = pairs.find(|pair| pair[0] == "(default" && pair[1].starts_with("https://"))?;
    Some(found[1].trim_end_matches(['.', ')']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_files_as_pip_does() {
        let text = "# a comment\n[list]\nindex-url = http://no\n[download]\nindex_url: https://u:p@h/simple\n\
                    [global]\nindex-url = https://weaker/simple\nfind-links =\n    /wheels\n    file:///more\n    \
                    https://page\ncert = /c.pem\n";
        let settings = PipSettings::of(&parse(text));
        assert_eq!(settings.indexes, ["https://u:p@h/simple"]);
        assert_eq!(settings.folders, [Path::new("/wheels"), Path::new("/more")]);
        assert_eq!(settings.certificates, Some("/c.pem".into()));
        let more = parse("[global]\nextra-index-url = http://a\n http://b\n");
        assert_eq!(PipSettings::of(&more).indexes, ["", "http://a", "http://b"]);
        let none = parse("[global]\nno-index = true\nextra-index-url = http://a\n");
        assert_eq!(PipSettings::of(&none).indexes, [""; 0]);
    }

    #[test]
    fn finds_pips_own_index_in_its_help() {
        let help = "  -i, --index-url <url>  Base URL of the\n      Python Package Index (default\n      \
                    https://index.example/simple). This should\n  --extra-index-url <url> x (default https://no)";
        assert_eq!(
            default_in_help(help).unwrap(),
            "https://index.example/simple"
        );
        assert_eq!(default_in_help("nothing"), None);
    }
}
