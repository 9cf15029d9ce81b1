//! Models by name, from a hub on this machine that speaks the real one's protocol.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::hub::{COMMIT, Hub, NAME, git_sha1, sha256};
use crate::common::{fails, model_folder, ok, tool};

const WEIGHTS: &str = "model.safetensors";

/// The demo model as a repository, with files that the program does not need.
fn files() -> HashMap<String, Vec<u8>> {
    let mut files: HashMap<_, _> = ["config.json", "tokenizer.json", WEIGHTS]
        .into_iter()
        .map(|name| {
            (
                name.to_owned(),
                std::fs::read(model_folder().join(name)).unwrap(),
            )
        })
        .collect();
    let card = "---\nlicense: mit\n---\n# A model\n";
    for (name, content) in [
        ("README.md", card),
        (
            "1_SpladePooling/config.json",
            r#"{"pooling_strategy": "max"}"#,
        ),
        (".gitattributes", "x"),
        ("pytorch_model.bin", "not wanted"),
        ("onnx/model.onnx", "not wanted"),
    ] {
        files.insert(name.to_owned(), content.into());
    }
    files
}

pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) hub: Hub,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            hub: Hub::start(files()),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool();
        for name in [
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .env("HF_ENDPOINT", &self.hub.endpoint)
            .env("HF_HOME", self.dir.path())
            .args(arguments);
        command
    }

    pub(crate) fn model(&self) -> Command {
        self.command(&["model", NAME, "--json"])
    }

    fn repository(&self) -> PathBuf {
        self.dir.path().join("hub/models--org--tiny")
    }

    fn snapshot(&self) -> PathBuf {
        self.repository().join("snapshots").join(COMMIT)
    }

    fn blobs(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.repository().join("blobs")) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn weights(&self) -> Vec<u8> {
        std::fs::read(self.snapshot().join(WEIGHTS)).unwrap()
    }

    /// Checks that a run has fetched the model.
    pub(crate) fn check(&self, stdout: &str) {
        let report: serde_json::Value = serde_json::from_str(stdout).unwrap();
        assert_eq!(report["name"], NAME);
        assert_eq!(report["commit"], COMMIT);
        assert_eq!(report["architecture"], "bert");
        assert_eq!(report["license"], "mit");
        assert_eq!(report["folder"], self.snapshot().to_str().unwrap());
        assert!(self.weights() == self.hub.state().files[WEIGHTS]);
    }
}

#[test]
fn the_first_run_downloads_and_the_second_asks_nothing() {
    let place = Place::new();
    place.check(&ok(&mut place.model()));
    let repository = place.repository();
    assert_eq!(
        std::fs::read_to_string(repository.join("refs/main")).unwrap(),
        COMMIT
    );
    let files = place.hub.state().files.clone();
    for (file, up) in [
        ("config.json", "../../"),
        ("1_SpladePooling/config.json", "../../../"),
    ] {
        let target = std::fs::read_link(place.snapshot().join(file)).unwrap();
        let etag = git_sha1(&files[file]);
        assert_eq!(target, Path::new(&format!("{up}blobs/{etag}")));
    }
    assert!(
        repository
            .join("blobs")
            .join(sha256(&files[WEIGHTS]))
            .is_file()
    );
    let asked = place.hub.state().requests.clone();
    let unwanted = |name: &str| !asked.iter().any(|request| request.path.contains(name));
    assert!(
        unwanted("pytorch_model") && unwanted("onnx") && unwanted("gitattributes"),
        "{asked:?}"
    );
    place.check(&ok(place.model().env("HF_HUB_OFFLINE", "1")));
    place.check(&ok(
        &mut place.command(&["model", NAME, "--json", "--cached"])
    ));
    assert_eq!(place.hub.state().requests.len(), asked.len());
    // Asked again, the hub is asked for its newest commit and for nothing else.
    place.check(&ok(&mut place.model()));
    assert_eq!(place.hub.state().requests.len(), asked.len() + 1);
}

#[test]
fn the_cache_is_shared_with_the_hubs_own_tools() {
    let Some(python) = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|p| !p.is_empty())
    else {
        return;
    };
    let load = |place: &Place, offline: &str, code: &str| {
        let mut command = Command::new(&python);
        let command = command.args(["-c", code, NAME]);
        let command = command
            .env("HF_ENDPOINT", &place.hub.endpoint)
            .env("HF_HOME", place.dir.path());
        ok(command
            .env("HF_HUB_OFFLINE", offline)
            .env("HF_HUB_DISABLE_XET", "1"))
    };
    let place = Place::new();
    ok(&mut place.model());
    let read = "import sys; from transformers import AutoModelForMaskedLM as A; print(len(A.from_pretrained(sys.argv[1]).state_dict()))";
    assert!(load(&place, "1", read).trim().parse::<usize>().unwrap() > 10);
    let theirs = Place::new();
    let fetch = "import os, sys; from huggingface_hub import hf_hub_download as get; print([os.path.dirname(get(sys.argv[1], f)) for f in ('config.json', 'tokenizer.json', 'model.safetensors')][0])";
    let folder = load(&theirs, "0", fetch);
    assert_eq!(folder.trim(), theirs.snapshot().to_str().unwrap());
    let report = ok(theirs.model().env("HF_HUB_OFFLINE", "1"));
    assert!(report.contains(COMMIT), "{report}");
}

#[test]
fn a_download_that_breaks_off_goes_on() {
    let place = Place::new();
    place.hub.state().cuts = (2, 3_000_000);
    place.check(&ok(&mut place.model()));
    let from: Vec<_> = place
        .hub
        .large_gets()
        .iter()
        .map(|request| request.from)
        .collect();
    assert_eq!(from.len(), 3, "{from:?}");
    assert!(from[0].is_none() && from[1].unwrap() > 0 && from[2].unwrap() > from[1].unwrap());
}

#[test]
fn a_killed_download_resumes() {
    let place = Place::new();
    place.hub.state().pause = Duration::from_millis(100);
    let mut child = place.model().stdout(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let partial = place.repository().join(format!(
        "blobs/{}.incomplete",
        sha256(&place.hub.state().files[WEIGHTS])
    ));
    while std::fs::metadata(&partial).map_or(0, |metadata| metadata.len()) < 1_000_000 {
        assert!(started.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(partial.exists() && !place.snapshot().join(WEIGHTS).exists());
    fails(1, place.model().env("HF_HUB_OFFLINE", "1"));
    place.hub.state().pause = Duration::ZERO;
    place.check(&ok(&mut place.model()));
    assert!(place.hub.large_gets()[1].from.unwrap() >= 1_000_000);
    assert!(!partial.exists());
}

#[test]
fn a_wrong_download_is_refused() {
    let place = Place::new();
    place.hub.state().corrupt = true;
    let message = fails(1, &mut place.model());
    assert!(
        message.contains("SHA-256") && message.contains(WEIGHTS),
        "{message}"
    );
    assert!(!place.snapshot().join(WEIGHTS).exists());
    let hash = sha256(&place.hub.state().files[WEIGHTS]);
    assert!(!place.blobs().iter().any(|name| name.starts_with(&hash)));
    place.hub.state().corrupt = false;
    // A wrong beginning is not kept either.
    let partial = place.repository().join(format!("blobs/{hash}.incomplete"));
    std::fs::write(partial, vec![7; 1000]).unwrap();
    place.check(&ok(&mut place.model()));
}

#[test]
fn two_processes_at_once_download_once() {
    let place = Place::new();
    place.hub.state().pause = Duration::from_millis(20);
    let children: Vec<_> = (0..3)
        .map(|_| place.model().stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        place.check(&String::from_utf8(output.stdout).unwrap());
    }
    assert_eq!(place.hub.large_gets().len(), 1);
}

#[test]
fn names_from_the_hub_cannot_leave_the_cache() {
    for name in [
        "../../../evil/config.json",
        "/tmp/evil/config.json",
        "a\\..\\evil",
        "1_x/../../config.json",
    ] {
        let place = Place::new();
        place.hub.state().more_names.push(name.to_owned());
        let message = fails(1, &mut place.model());
        assert!(message.contains("outside the cache"), "{message}");
        assert!(!place.repository().exists());
    }
    let place = Place::new();
    place.hub.state().etag = Some("../../../../evil".into());
    let message = fails(1, &mut place.model());
    assert!(message.contains("outside the cache"), "{message}");
    assert_eq!(place.blobs(), [""; 0]);
}

#[test]
fn the_token_goes_to_the_hub_alone_and_is_not_shown() {
    let place = Place::new();
    place.hub.state().token = Some("hf_secret".into());
    let message = fails(1, &mut place.model());
    assert!(
        message.contains("401") && message.contains("HF_TOKEN"),
        "{message}"
    );
    let message = fails(1, place.model().env("HF_TOKEN", "hf_wrong"));
    assert!(
        message.contains("does not accept the token") && !message.contains("hf_wrong"),
        "{message}"
    );
    std::fs::write(place.dir.path().join("token"), "hf_secret\n").unwrap();
    place.check(&ok(&mut place.model()));
    let requests = place.hub.state().requests.clone();
    assert!(requests.iter().any(|request| request.on_other_host));
    for request in requests.iter().filter(|request| request.on_other_host) {
        assert_eq!(request.authorization, None);
    }
}

#[test]
fn refusals_say_the_next_step() {
    let place = Place::new();
    place.hub.state().refusal = Some((403, "GatedRepo"));
    let message = fails(1, &mut place.model());
    assert!(
        message.contains(&format!(
            "accept its terms at {}/{NAME}",
            place.hub.endpoint
        )),
        "{message}"
    );
    place.hub.state().refusal = Some((404, "RepoNotFound"));
    let message = fails(1, &mut place.model());
    assert!(message.contains("has no model org/tiny"), "{message}");
    place.hub.state().refusal = None;
    let message = fails(1, &mut place.command(&["model", "org/tiny@v9"]));
    assert!(message.contains("no revision \"v9\""), "{message}");
    place.hub.state().refusal = Some((500, ""));
    let message = fails(1, &mut place.model());
    assert!(message.contains("status 500"), "{message}");
    let message = fails(1, place.model().env("HF_HUB_OFFLINE", "1"));
    assert!(message.contains("HF_HUB_OFFLINE"), "{message}");
    let message = fails(1, place.model().env("HF_ENDPOINT", "http://127.0.0.1:1"));
    assert!(
        message.contains("cannot be reached") && message.contains("HTTPS_PROXY"),
        "{message}"
    );
    let message = fails(1, &mut place.command(&["model", "hf:../x"]));
    assert!(message.contains("is no model's name"), "{message}");
}

#[test]
fn without_a_network_the_cache_does() {
    let place = Place::new();
    ok(&mut place.model());
    let stdout = ok(place.model().env("HF_ENDPOINT", "http://127.0.0.1:1"));
    place.check(&stdout);
}

#[test]
fn a_commit_and_a_folder_of_the_same_name_can_be_asked_for() {
    let place = Place::new();
    let named = format!("{NAME}@{COMMIT}");
    place.check(&ok(&mut place.command(&["model", &named, "--json"])));
    assert!(!place.repository().join("refs").exists());
    let here = place.dir.path().join("here");
    std::fs::create_dir_all(here.join(NAME)).unwrap();
    let message = fails(1, place.command(&["model", NAME]).current_dir(&here));
    assert!(message.contains("not a model folder"), "{message}");
    let forced = format!("hf:{NAME}");
    place.check(&ok(place
        .command(&["model", &forced, "--json"])
        .current_dir(&here)));
}
