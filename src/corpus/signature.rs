//! Formats that are not read, told from their first bytes.

use super::format::InputFormat;

/// What a file is, and what to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsupported {
    /// Completes "this is ...".
    pub found: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const BY_FIRST_BYTES: [(&[u8], Unsupported); 13] = [
    (b"PAR1", PARQUET),
    (
        b"\x28\xB5\x2F\xFD",
        Unsupported {
            found: "compressed with Zstandard",
            remedy: "decompress it first (zstd -d), or pipe it in (zstd -dc)",
        },
    ),
    (
        b"BZh",
        Unsupported {
            found: "compressed with bzip2",
            remedy: "decompress it first (bunzip2), or pipe it in (bzip2 -dc)",
        },
    ),
    (
        b"\xFD7zXZ\0",
        Unsupported {
            found: "compressed with xz",
            remedy: "decompress it first (unxz), or pipe it in (xz -dc)",
        },
    ),
    (
        b"\x04\x22\x4D\x18",
        Unsupported {
            found: "compressed with LZ4",
            remedy: "decompress it first (lz4 -d), or pipe it in (lz4 -dc)",
        },
    ),
    (
        b"\x1f\x8b",
        Unsupported {
            found: "compressed with gzip twice",
            remedy: "decompress it once (gunzip)",
        },
    ),
    (
        b"PK\x03\x04",
        Unsupported {
            found: "a zip archive inside of a compressed file",
            remedy: "decompress it once, and give the .zip",
        },
    ),
    (
        b"7z\xBC\xAF\x27\x1C",
        Unsupported {
            found: "a 7-Zip archive",
            remedy: "unpack it first (7z x)",
        },
    ),
    (
        b"ARROW1\0\0",
        Unsupported {
            found: "an Arrow file",
            remedy: "convert it to JSON Lines first",
        },
    ),
    (
        b"%PDF-",
        Unsupported {
            found: "a PDF document",
            remedy: "extract its text to JSON Lines first",
        },
    ),
    (
        b"version https://git-lfs",
        Unsupported {
            found: "a Git LFS pointer in the place of the file",
            remedy: "fetch the file itself (git lfs pull)",
        },
    ),
    (b"\xFF\xFE", UTF_16),
    (b"\xFE\xFF", UTF_16),
];

const PARQUET: Unsupported = Unsupported {
    found: "a Parquet file",
    remedy: "convert it to JSON Lines first",
};
const UTF_16: Unsupported = Unsupported {
    found: "text in UTF-16",
    remedy: "convert it first (iconv -f UTF-16 -t UTF-8)",
};
const TAR: Unsupported = Unsupported {
    found: "a tar archive",
    remedy: "unpack it first (tar -xf), and give the files in it",
};
const HTML: Unsupported = Unsupported {
    found: "an HTML page",
    remedy: "look at it: the place it came from may have answered with an error",
};

/// Tells what a decompressed file is that cannot be read.
pub(super) fn unsupported(head: &[u8]) -> Option<Unsupported> {
    let found = BY_FIRST_BYTES
        .iter()
        .find(|(first, _)| head.starts_with(first))
        // Text may begin with the letters of bzip2.
        .filter(|(first, _)| *first != b"BZh" || is_bzip2(head));
    if let Some((_, unsupported)) = found {
        return Some(*unsupported);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(TAR);
    }
    let text = head.trim_ascii_start();
    let begins = |tag: &[u8]| {
        text.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    };
    (begins(b"<!doctype html") || begins(b"<html")).then_some(HTML)
}

/// Returns true for the head of a bzip2 file: a level, and the digits of pi that begin a block.
fn is_bzip2(head: &[u8]) -> bool {
    head.get(3)
        .is_some_and(|level| (b'1'..=b'9').contains(level))
        && head.get(4..10) == Some(b"1AY&SY")
}

/// Tells what a file is by the end of its name, if it cannot be read.
///
/// The second value is true if the name says that there are records in it, as `docs.jsonl.zst` does.
pub(super) fn unsupported_name(name: &str) -> Option<(Unsupported, bool)> {
    let name = name.to_ascii_lowercase();
    let (stem, ending) = name.rsplit_once('.')?;
    let compressed = |index: usize| {
        let has_records = InputFormat::from_name(stem).is_some();
        Some((BY_FIRST_BYTES[index].1, has_records))
    };
    match ending {
        "parquet" => Some((PARQUET, true)),
        "zst" | "zstd" => compressed(1),
        "bz2" => compressed(2),
        "xz" => compressed(3),
        "lz4" => compressed(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_are_not_read_are_named() {
        let found = |head: &[u8]| unsupported(head).map(|u| u.found);
        let mut tar = vec![b'a'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        for (head, expected) in [
            (&b"PAR1\x15"[..], "a Parquet file"),
            (b"\x28\xB5\x2F\xFD\0", "compressed with Zstandard"),
            (b"BZh91AY&SY", "compressed with bzip2"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "a Git LFS pointer in the place of the file",
            ),
            (b"\n<!DOCTYPE HTML>", "an HTML page"),
            (&tar, "a tar archive"),
        ] {
            assert_eq!(found(head), Some(expected));
        }
        for head in [&b"BZh\ttext"[..], b"{}", b"", b"version 2\tof it"] {
            assert_eq!(found(head), None);
        }
        let name = |name| unsupported_name(name).map(|(what, records)| (what.found, records));
        assert_eq!(
            name("a.jsonl.zst"),
            Some(("compressed with Zstandard", true))
        );
        assert_eq!(
            name("notes.txt.bz2"),
            Some(("compressed with bzip2", false))
        );
        assert_eq!(name("a.jsonl.gz"), None);
    }
}
