//! Requests over HTTP, one hop at a time, so that a secret goes nowhere but to the host that it is for.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, RequestExt};

use super::url::{joined, origin};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;
/// What a host may take to answer, and between two pieces of a body.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client with the system's certificates and the proxies of the environment.
pub(super) struct Client {
    agent: Agent,
}

/// A request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ask<'a> {
    pub url: &'a str,
    /// Sent to the host of `url` alone.
    pub authorization: Option<&'a str>,
    pub accept: Option<&'a str>,
    /// The first byte that is wanted.
    pub from: u64,
}

/// A host's answer.
pub(super) struct Answer {
    pub status: u16,
    headers: HeaderMap,
    body: Body,
    /// Where it came from, redirects followed.
    pub url: String,
}

/// The host could not be asked, or its answer broke off.
#[derive(Debug)]
pub(super) struct Unreachable(pub String);

impl Client {
    pub fn new() -> Self {
        Self::trusting(RootCerts::PlatformVerifier, None)
    }

    /// Makes a client that trusts the certificates of a file alone, and uses a proxy of its own, where they are given.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn with(certificates: Option<&Path>, proxy: Option<&str>) -> Result<Self, String> {
        let roots = certificates.map_or(Ok(RootCerts::PlatformVerifier), read_certificates)?;
        Ok(Self::trusting(roots, proxy))
    }

    fn trusting(roots: RootCerts, proxy: Option<&str>) -> Self {
        let tls = TlsConfig::builder().root_certs(roots);
        let proxy = proxy.and_then(|proxy| Proxy::new(proxy).ok());
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(proxy.or_else(Proxy::try_from_env))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("splade-export/", env!("CARGO_PKG_VERSION")))
            // A range is one of the bytes as they are stored.
            .accept_encoding("identity")
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE));
        Self {
            agent: config.build().into(),
        }
    }

    /// Asks for a file, and follows redirects.
    pub fn get(&self, ask: Ask<'_>) -> Result<Answer, Unreachable> {
        self.follow("GET", ask, |_, _| true)
    }

    /// Asks what a file is. A redirect to another host is where its content lies, and not followed.
    pub fn head(&self, ask: Ask<'_>) -> Result<Answer, Unreachable> {
        self.follow("HEAD", ask, |from, to| origin(from) == origin(to))
    }

    fn follow(
        &self,
        method: &str,
        ask: Ask<'_>,
        may_follow: impl Fn(&str, &str) -> bool,
    ) -> Result<Answer, Unreachable> {
        let (mut url, mut authorization) = (ask.url.to_owned(), ask.authorization);
        for _ in 0..MAX_REDIRECTS {
            let hop = Ask {
                url: &url,
                authorization,
                ..ask
            };
            let answer = self.send(method, hop)?;
            let next = match answer.header("location") {
                Some(location) if (300..400).contains(&answer.status) => joined(&url, location),
                _ => return Ok(answer),
            };
            if !may_follow(&url, &next) {
                return Ok(answer);
            }
            if url.starts_with("https://") && !next.starts_with("https://") {
                return Err(Unreachable(
                    "it sends to an address without encryption".into(),
                ));
            }
            if origin(&url) != origin(&next) {
                authorization = None;
            }
            url = next;
        }
        Err(Unreachable(
            "it sends from one address to the next without end".into(),
        ))
    }

    fn send(&self, method: &str, ask: Ask<'_>) -> Result<Answer, Unreachable> {
        let mut request = ureq::http::Request::builder().method(method).uri(ask.url);
        if let Some(value) = ask.authorization {
            request = request.header("authorization", value);
        }
        if let Some(value) = ask.accept {
            request = request.header("accept", value);
        }
        if ask.from > 0 {
            request = request.header("range", format!("bytes={}-", ask.from));
        }
        let request = request.body(()).map_err(|e| Unreachable(e.to_string()))?;
        let answer = request.with_agent(&self.agent).run();
        let (parts, body) = answer.map_err(|e| Unreachable(e.to_string()))?.into_parts();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            url: ask.url.to_owned(),
        })
    }
}

/// Reads certificates to trust.
fn read_certificates(path: &Path) -> Result<RootCerts, String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let certificates: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err("holds no certificate; check pip's setting cert".into());
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

impl Answer {
    /// Returns a header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a header that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// Reads the whole body, of at most `limit` bytes.
    pub fn bytes(mut self, limit: u64) -> Result<Vec<u8>, Unreachable> {
        let body = self.body.with_config().limit(limit).read_to_vec();
        body.map_err(|e| Unreachable(e.to_string()))
    }

    /// Returns the body, piece by piece.
    pub fn into_reader(self) -> impl Read {
        self.body.into_with_config().limit(u64::MAX).reader()
    }
}
