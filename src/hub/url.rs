//! The few things that are to be known of addresses.

use std::fmt::Write;

/// Returns a path as it stands in an address: slashes stay.
pub(super) fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// Returns the address that `target` means on the page `base`.
pub(super) fn joined(base: &str, target: &str) -> String {
    if target.starts_with("http://") || target.starts_with("https://") {
        return target.to_owned();
    }
    let base = base.split(['?', '#']).next().unwrap_or_default();
    let scheme_end = base.find("://").map_or(0, |at| at + 3);
    let origin_end = base[scheme_end..]
        .find('/')
        .map_or(base.len(), |at| scheme_end + at);
    if let Some(rest) = target.strip_prefix("//") {
        return format!("{}{rest}", &base[..scheme_end]);
    }
    if target.starts_with('/') {
        return format!("{}{target}", &base[..origin_end]);
    }
    let folder = base.rfind('/').filter(|&at| at >= origin_end);
    let folder = folder.map_or(base.len(), |at| at);
    let mut parts: Vec<&str> = base[origin_end..folder].split('/').collect();
    let mut rest = target;
    while let Some(shorter) = rest.strip_prefix("../") {
        parts.pop();
        rest = shorter;
    }
    let rest = rest.strip_prefix("./").unwrap_or(rest);
    format!("{}{}/{rest}", &base[..origin_end], parts.join("/"))
}

/// Returns scheme, host and port: what a secret is meant for.
pub(super) fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| start + at);
    &url[..end]
}

/// Returns the address without what an access is signed with: fit for a message.
pub(super) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let start = url.find("://").map_or(0, |at| at + 3);
    let host_end = url[start..].find('/').map_or(url.len(), |at| start + at);
    match url[start..host_end].rfind('@') {
        Some(at) => format!("{}{}", &url[..start], &url[start + at + 1..]),
        None => url.to_owned(),
    }
}

/// Returns the address without user name and password, and the header that says them.
pub(super) fn without_user(url: &str) -> (String, Option<String>) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let host_end = url[start..].find('/').map_or(url.len(), |at| start + at);
    match url[start..host_end].rfind('@') {
        Some(at) => {
            let user = decoded(&url[start..start + at]);
            let bare = format!("{}{}", &url[..start], &url[start + at + 1..]);
            (bare, Some(format!("Basic {}", base64(&user))))
        }
        None => (url.to_owned(), None),
    }
}

/// Undoes the escapes of an address.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let escape = more.first_chunk::<2>().filter(|_| *first == b'%');
        let escape = escape.and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = escape.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    bytes
}

/// Writes bytes as the header `Authorization` wants them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = three[0] << 16 | three[1] << 8 | three[2];
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_browsers_do() {
        let base = "https://h:1/a/b/?x=1";
        for (target, expected) in [
            ("http://o/c", "http://o/c"),
            ("//o/c", "https://o/c"),
            ("/c", "https://h:1/c"),
            ("c", "https://h:1/a/b/c"),
            ("./c", "https://h:1/a/b/c"),
            ("../../c", "https://h:1/c"),
            ("../../../c", "https://h:1/c"),
        ] {
            assert_eq!(joined(base, target), expected, "{target}");
        }
        assert_eq!(joined("https://h", "c"), "https://h/c");
    }

    #[test]
    fn takes_the_password_out_of_an_address() {
        let (url, header) = without_user("https://us%40er:pass@h:1/simple");
        assert_eq!(url, "https://h:1/simple");
        assert_eq!(header.unwrap(), "Basic dXNAZXI6cGFzcw==");
        assert_eq!(
            without_user("https://h/a@b"),
            ("https://h/a@b".into(), None)
        );
        for (text, expected) in [("", ""), ("M", "TQ=="), ("Ma", "TWE="), ("Man", "TWFu")] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn shows_no_secrets() {
        assert_eq!(shown("https://u:p@h/a?sig=x#y"), "https://h/a");
        assert_eq!(shown("https://h/a@b"), "https://h/a@b");
        assert_eq!(origin("https://h:1/a"), "https://h:1");
        assert_eq!(encoded("1_Pool/ü b.json"), "1_Pool/%C3%BC%20b.json");
    }
}
