//! The license that a model's card states.

use std::path::Path;

/// Returns what `README.md` of a model's folder states as its license, if it does so where the hub looks for it.
#[must_use]
pub fn stated_license(folder: &Path) -> Option<String> {
    let card = std::fs::read_to_string(folder.join("README.md")).ok()?;
    let mut lines = card.lines().map(str::trim_end);
    if lines.next()? != "---" {
        return None;
    }
    let head: Vec<_> = lines.take_while(|&line| line != "---").collect();
    let value = |key: &str| {
        let mut values = head.iter().filter_map(|line| line.strip_prefix(key));
        let value = values.next()?.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    match value("license:")?.as_str() {
        "other" => value("license_name:").or_else(|| Some("other".into())),
        license => Some(license.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_head_of_the_card() {
        let dir = tempfile::tempdir().unwrap();
        let stated = |card: &str| {
            std::fs::write(dir.path().join("README.md"), card).unwrap();
            stated_license(dir.path())
        };
        assert_eq!(
            stated("---\nlanguage: en\nlicense: mit\n---\n"),
            Some("mit".into())
        );
        assert_eq!(
            stated("---\nlicense: other\nlicense_name: 'own'\n---\n"),
            Some("own".into())
        );
        assert_eq!(stated("---\ntags: []\n---\nlicense: mit\n"), None);
        assert_eq!(stated("# Model\nlicense: mit\n"), None);
    }
}
