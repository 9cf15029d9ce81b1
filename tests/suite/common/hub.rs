//! A hub on this machine: its listing, its two ways to serve files, and the ways in which a network fails.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use sha1::Digest;

/// The repository's name.
pub const NAME: &str = "org/tiny";
/// The commit that `main` stands for.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// Files of at least this size lie on another host.
const LARGE: usize = 1 << 20;

/// A hub with one repository.
pub struct Hub {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

/// What it serves, how it fails, and what it was asked.
#[derive(Default)]
pub struct State {
    pub files: HashMap<String, Vec<u8>>,
    /// Names that the listing has besides.
    pub more_names: Vec<String>,
    /// A token without which nothing is served.
    pub token: Option<String>,
    /// A status and a code that every request gets.
    pub refusal: Option<(u16, &'static str)>,
    /// So many answers with content of large files end after so many bytes.
    pub cuts: (usize, usize),
    /// What holds once those are used up.
    pub cuts_after: (usize, usize),
    /// Large files arrive with a wrong byte.
    pub corrupt: bool,
    /// Pause after each 256 KiB of a large file.
    pub pause: Duration,
    /// Tag of every file instead of its own.
    pub etag: Option<String>,
    pub requests: Vec<Request>,
    other_host: String,
}

/// A request that was made.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub from: Option<usize>,
    pub on_other_host: bool,
}

impl Hub {
    pub fn start(files: HashMap<String, Vec<u8>>) -> Self {
        let state = Arc::new(Mutex::new(State {
            files,
            ..State::default()
        }));
        let endpoint = listen(&state, false);
        state.lock().unwrap().other_host = listen(&state, true);
        Self { endpoint, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Returns the requests for content of large files.
    pub fn large_gets(&self) -> Vec<Request> {
        let state = self.state();
        let requests = state.requests.iter();
        let large = requests.filter(|request| request.on_other_host && request.method == "GET");
        large.cloned().collect()
    }
}

fn listen(state: &Arc<Mutex<State>>, other: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let state = Arc::clone(&state);
            // A client that goes away is no failure of the hub.
            thread::spawn(move || drop(serve(&stream, &state, other)));
        }
    });
    address
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        ..Request::default()
    };
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = Some(value.to_owned()),
            "range" => {
                let from = value.trim_start_matches("bytes=").trim_end_matches('-');
                request.from = from.parse().ok();
            }
            _ => {}
        }
    }
    Some(request)
}

fn serve(stream: &TcpStream, state: &Mutex<State>, on_other_host: bool) -> std::io::Result<()> {
    let Some(mut request) = read_request(stream) else {
        return Ok(());
    };
    request.on_other_host = on_other_host;
    let mut answer = Answer {
        stream,
        head_only: request.method == "HEAD",
    };
    let mut state = state.lock().unwrap();
    state.requests.push(request.clone());
    if on_other_host {
        return answer.large(&request, state);
    }
    if let Some((status, code)) = state.refusal {
        return answer.send(status, &format!("X-Error-Code: {code}\r\n"), b"{}");
    }
    let expected = state.token.as_ref().map(|token| format!("Bearer {token}"));
    if expected.is_some() && expected != request.authorization {
        return answer.send(401, "X-Error-Code: GatedRepo\r\n", b"{}");
    }
    if request.path.starts_with("/api/models/") {
        return answer.listing(&request.path, &state);
    }
    let prefix = format!("/{NAME}/resolve/");
    let moved = "/api/resolve-cache/";
    if let Some(rest) = request.path.strip_prefix(moved) {
        return answer.small(rest, &state);
    }
    let Some((revision, file)) = request
        .path
        .strip_prefix(&prefix)
        .and_then(|rest| rest.split_once('/'))
    else {
        return answer.send(404, "X-Error-Code: RepoNotFound\r\n", b"");
    };
    if ![COMMIT, "main"].contains(&revision) {
        return answer.send(404, "X-Error-Code: RevisionNotFound\r\n", b"");
    }
    match state.files.get(file) {
        None => answer.send(404, "X-Error-Code: EntryNotFound\r\n", b""),
        Some(content) if content.len() >= LARGE => {
            let etag = state.etag.clone().unwrap_or_else(|| sha256(content));
            let headers = format!(
                "Location: {}/{file}?signature=secret\r\nX-Linked-Etag: \"{etag}\"\r\nX-Linked-Size: {}\r\n\
                 X-Repo-Commit: {COMMIT}\r\n",
                state.other_host,
                content.len()
            );
            answer.send(302, &headers, b"")
        }
        // As the hub does for small files: a redirect on the same host.
        Some(_) if file == "config.json" => {
            let headers = format!("Location: {moved}{file}\r\nX-Repo-Commit: {COMMIT}\r\n");
            answer.send(307, &headers, b"")
        }
        Some(_) => answer.small(file, &state),
    }
}

struct Answer<'a> {
    stream: &'a TcpStream,
    head_only: bool,
}

impl Answer<'_> {
    fn send(&mut self, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
        self.head(status, headers, body.len())?;
        if self.head_only {
            return Ok(());
        }
        self.stream.write_all(body)
    }

    fn head(&mut self, status: u16, headers: &str, length: usize) -> std::io::Result<()> {
        let head = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        self.stream.write_all(head.as_bytes())
    }

    fn listing(&mut self, path: &str, state: &State) -> std::io::Result<()> {
        let rest = path.trim_start_matches("/api/models/");
        let Some(rest) = rest.strip_prefix(NAME) else {
            return self.send(404, "X-Error-Code: RepoNotFound\r\n", b"");
        };
        let rest = rest.split('?').next().unwrap_or_default();
        if !["", "/revision/main", &format!("/revision/{COMMIT}")].contains(&rest) {
            return self.send(404, "X-Error-Code: RevisionNotFound\r\n", b"");
        }
        let names = state.files.keys().chain(&state.more_names);
        let siblings: Vec<_> = names
            .map(|name| serde_json::json!({"rfilename": name}))
            .collect();
        let body = serde_json::json!({"id": NAME, "sha": COMMIT, "siblings": siblings}).to_string();
        self.send(200, "Content-Type: application/json\r\n", body.as_bytes())
    }

    fn small(&mut self, file: &str, state: &State) -> std::io::Result<()> {
        let content = &state.files[file];
        let etag = state.etag.clone().unwrap_or_else(|| git_sha1(content));
        let headers = format!("ETag: \"{etag}\"\r\nX-Repo-Commit: {COMMIT}\r\n");
        self.send(200, &headers, content)
    }

    /// Serves from any byte on, as slowly, as briefly or as wrongly as is asked for.
    fn large(
        &mut self,
        request: &Request,
        mut state: MutexGuard<'_, State>,
    ) -> std::io::Result<()> {
        let file = request.path[1..].split('?').next().unwrap_or_default();
        let mut content = state.files[file].clone();
        if state.corrupt {
            let middle = content.len() / 2;
            content[middle] ^= 1;
        }
        let from = request.from.unwrap_or(0);
        let mut end = content.len();
        if state.cuts.0 > 0 {
            state.cuts.0 -= 1;
            end = content.len().min(from + state.cuts.1);
        } else if state.cuts_after.0 > 0 {
            state.cuts_after.0 -= 1;
            end = content.len().min(from + state.cuts_after.1);
        }
        let pause = state.pause;
        drop(state);
        if from >= content.len() {
            return self.send(416, "", b"");
        }
        let (status, headers) = match request.from {
            None => (200, String::new()),
            Some(from) => (
                206,
                format!(
                    "Content-Range: bytes {from}-{}/{}\r\n",
                    content.len() - 1,
                    content.len()
                ),
            ),
        };
        self.head(status, &headers, content.len() - from)?;
        for piece in content[from..end].chunks(1 << 18) {
            self.stream.write_all(piece)?;
            thread::sleep(pause);
        }
        Ok(())
    }
}

pub fn sha256(content: &[u8]) -> String {
    hex(&sha2::Sha256::digest(content))
}

pub fn git_sha1(content: &[u8]) -> String {
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {}\0", content.len()));
    hasher.update(content);
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
