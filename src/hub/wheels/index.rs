//! Finding a wheel in a package index: its simple interface, as JSON or as HTML.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::SetupError;
use super::pins::Wheel;
use super::pip::PipSettings;
use crate::hub::http::{Ask, Client};
use crate::hub::url::{joined, origin, shown, without_user};

/// The longest page that is read.
const MAX_PAGE: u64 = 64 << 20;
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";

/// Where a wheel is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Address {
        url: String,
        authorization: Option<String>,
    },
}

#[derive(Deserialize)]
struct Page {
    files: Vec<Link>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Link {
    filename: String,
    url: String,
}

/// Looks for a wheel in the folders and on the indexes. Its hash is checked once it is here.
pub(super) fn find(
    client: &Client,
    settings: &PipSettings,
    wheel: &Wheel,
    cache: &Path,
) -> Result<Source, SetupError> {
    let in_folder = settings
        .folders
        .iter()
        .map(|folder| folder.join(wheel.file));
    if let Some(file) = in_folder.into_iter().find(|path| {
        path.is_file() && crate::digest::sha256_of(path).is_ok_and(|sha256| sha256 == wheel.sha256)
    }) {
        return Ok(Source::File(file));
    }
    if settings.indexes.is_empty() {
        return Err(SetupError::NoIndex);
    }
    for index in &settings.indexes {
        if let Some(source) = ask(client, index, wheel, cache)? {
            return Ok(source);
        }
    }
    let indexes: Vec<_> = settings.indexes.iter().map(|index| shown(index)).collect();
    Err(SetupError::NoWheel {
        file: wheel.file,
        sha256: wheel.sha256,
        indexes: indexes.join(", "),
    })
}

/// Asks one index; `None` if it does not have the project or the file.
fn ask(
    client: &Client,
    index: &str,
    wheel: &Wheel,
    cache: &Path,
) -> Result<Option<Source>, SetupError> {
    let (base, authorization) = without_user(index);
    let url = format!("{}/{}/", base.trim_end_matches('/'), wheel.project);
    let unreachable = |reason: crate::hub::http::Unreachable| SetupError::Network {
        index: shown(index),
        reason: reason.0,
        cache: cache.to_owned(),
    };
    let ask = Ask {
        url: &url,
        authorization: authorization.as_deref(),
        accept: Some(ACCEPT),
        ..Ask::default()
    };
    let answer = client.get(ask).map_err(unreachable)?;
    match answer.status {
        200 => {}
        404 => return Ok(None),
        status => {
            return Err(SetupError::Status {
                index: shown(index),
                status,
            });
        }
    }
    let is_json = answer
        .header("content-type")
        .is_some_and(|kind| kind.contains("json"));
    let page = answer.url.clone();
    let bytes = answer.bytes(MAX_PAGE).map_err(unreachable)?;
    let links = if is_json {
        serde_json::from_slice::<Page>(&bytes).map_or_else(|_| Vec::new(), |page| page.files)
    } else {
        html_links(&String::from_utf8_lossy(&bytes))
    };
    let link = links.into_iter().find(|link| link.filename == wheel.file);
    Ok(link.map(|link| {
        let (url, own) = without_user(&joined(&page, &link.url));
        // The index's password is for the index alone.
        let same = origin(&url) == origin(&base);
        Source::Address {
            authorization: own.or_else(|| authorization.filter(|_| same)),
            url: url.split('#').next().unwrap_or_default().to_owned(),
        }
    }))
}

/// Returns the links of a page: `<a href="URL">FILE</a>`.
fn html_links(page: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for anchor in page.split("<a ").skip(1) {
        let Some((attributes, rest)) = anchor.split_once('>') else {
            continue;
        };
        let text = rest.split('<').next().unwrap_or_default().trim();
        let quoted = attributes.split_once("href=").and_then(|(_, value)| {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value[1..].split(quote).next()
        });
        if let Some(url) = quoted {
            links.push(Link {
                filename: text.to_owned(),
                url: url.replace("&amp;", "&"),
            });
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_links_of_a_page() {
        let page = "<html><a data-x='1' href=\"../../a-1.whl#sha256=00\">a-1.whl</a><br/>\n\
                    <a href='https://h/b.whl?x=1&amp;y=2' rel=\"x\">\n b.whl </a><a name=\"c\">c</a>";
        let link = |filename: &str, url: &str| Link {
            filename: filename.into(),
            url: url.into(),
        };
        assert_eq!(
            html_links(page),
            [
                link("a-1.whl", "../../a-1.whl#sha256=00"),
                link("b.whl", "https://h/b.whl?x=1&y=2"),
            ]
        );
    }
}
