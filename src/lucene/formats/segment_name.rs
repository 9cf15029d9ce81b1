//! Names segments and their files.
//!
//! A segment is `_` and its number in base 36; its files are that name and an extension. Postings and doc values are
//! per-field formats, whose names carry the format and a suffix: `_0_Lucene90_0.doc`.

use std::path::{Path, PathBuf};

use crate::lucene::store::codec::FIELD_SUFFIX;

/// Extensions of files that belong to the whole segment.
const PLAIN: [&str; 7] = ["fdm", "fdt", "fdx", "fnm", "nvd", "nvm", "si"];
/// Extensions of files of the per-field formats.
const PER_FIELD: [&str; 6] = ["doc", "dvd", "dvm", "tim", "tip", "tmd"];

/// Name of a segment, and the folder it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentName {
    dir: PathBuf,
    name: String,
}

impl SegmentName {
    /// Returns the name of the segment with a number.
    pub(crate) fn new(dir: &Path, number: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            name: format!("_{}", base36(number)),
        }
    }

    /// Returns the segment with a name from a commit point; nothing if the name is not `_` and base 36.
    pub(crate) fn parse(dir: &Path, name: &str) -> Option<Self> {
        let digits = name.strip_prefix('_')?;
        let valid = !digits.is_empty()
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'));
        valid.then(|| Self {
            dir: dir.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns the name, such as `_0`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns folder and name, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// Returns the folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the name of the file with an extension.
    pub(crate) fn file_name(&self, extension: &str) -> String {
        if PER_FIELD.contains(&extension) {
            format!("{}_{FIELD_SUFFIX}.{extension}", self.name)
        } else {
            format!("{}.{extension}", self.name)
        }
    }

    /// Returns the path of the file with an extension.
    pub(crate) fn file(&self, extension: &str) -> PathBuf {
        self.dir.join(self.file_name(extension))
    }

    /// Returns the extensions of all files of a segment, `si` last.
    pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
        PER_FIELD.into_iter().chain(PLAIN)
    }
}

/// Returns a number in base 36, in lowercase.
#[allow(clippy::cast_possible_truncation, reason = "a remainder below 36")]
pub(crate) fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = (number % 36) as u8;
        digits.push(char::from(if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        }));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(base36(0), "0");
        assert_eq!(base36(35), "z");
        assert_eq!(base36(36 * 36 + 10), "10a");
        let segment = SegmentName::new(Path::new("x"), 36);
        assert_eq!(segment.file("doc"), Path::new("x/_10_Lucene90_0.doc"));
        assert_eq!(segment.file("fdt"), Path::new("x/_10.fdt"));
        assert_eq!(SegmentName::parse(Path::new("x"), "_10"), Some(segment));
        assert_eq!(SegmentName::parse(Path::new("x"), "_../y"), None);
        assert_eq!(SegmentName::extensions().count(), 13);
        assert_eq!(SegmentName::extensions().last(), Some("si"));
    }
}
