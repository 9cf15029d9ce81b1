//! What messages about the hub, a setup and the scripts advise works when it is followed.

use std::path::Path;
use std::process::Command;

use super::hub::Place;
use crate::common::runs::Bench;
use crate::common::{fails, fixtures, ok, program, script, tool};

// ---- the hub ----------------------------------------------------------------------------------------------------

/// A way in which the hub refuses, what the message advises, and what follows the advice.
struct HubCase {
    name: &'static str,
    hinder: fn(&Place) -> Command,
    advice: &'static str,
    follow: fn(&Place) -> Command,
}

const NAMED: &[&str] = &["model", "org/tiny", "--json"];

fn refused(place: &Place, status: u16, code: &'static str) -> Command {
    place.hub.state().refusal = Some((status, code));
    place.command(NAMED)
}

fn accepted(place: &Place) -> Command {
    place.hub.state().refusal = None;
    place.command(NAMED)
}

fn with(mut command: Command, name: &str, value: &str) -> Command {
    command.env(name, value);
    command
}

fn gated(place: &Place) -> Command {
    place.hub.state().token = Some("hf_secret".into());
    place.command(NAMED)
}

const HUB_CASES: [HubCase; 11] = [
    HubCase {
        name: "no name",
        hinder: |place| place.command(&["model", "hf:../tiny"]),
        advice: "names look like naver/splade-v3 or naver/splade-v3@main",
        follow: |place| place.command(&["model", "hf:org/tiny@main", "--json"]),
    },
    HubCase {
        name: "offline",
        hinder: |place| with(place.command(NAMED), "HF_HUB_OFFLINE", "1"),
        advice: "unset it",
        follow: |place| place.command(NAMED),
    },
    HubCase {
        name: "no token",
        hinder: gated,
        advice: "then set HF_TOKEN to a token from",
        follow: |place| with(gated(place), "HF_TOKEN", "hf_secret"),
    },
    HubCase {
        name: "a bad token",
        hinder: |place| with(gated(place), "HF_TOKEN", "hf_wrong"),
        advice: "set HF_TOKEN to a valid one",
        follow: |place| with(gated(place), "HF_TOKEN", "hf_secret"),
    },
    HubCase {
        name: "terms that were not accepted",
        hinder: |place| refused(place, 403, "GatedRepo"),
        advice: "accept its terms at",
        follow: accepted,
    },
    HubCase {
        name: "no model of this name",
        hinder: |place| place.command(&["model", "org/tini"]),
        advice: "look for its exact name at",
        follow: |place| place.command(NAMED),
    },
    HubCase {
        name: "no such revision",
        hinder: |place| place.command(&["model", "org/tiny@v9"]),
        advice: "/org/tiny/tree/main for those there are",
        follow: |place| place.command(&["model", "org/tiny@main", "--json"]),
    },
    HubCase {
        name: "an overloaded hub",
        hinder: |place| refused(place, 503, ""),
        advice: "try again later",
        follow: accepted,
    },
    HubCase {
        name: "what is no hub",
        hinder: |place| refused(place, 200, ""),
        advice: "check HF_ENDPOINT, or try again later",
        follow: accepted,
    },
    HubCase {
        name: "a proxy that changes files",
        hinder: |place| {
            place.hub.state().corrupt = true;
            place.command(NAMED)
        },
        advice: "try again, or on another network",
        follow: |place| {
            place.hub.state().corrupt = false;
            place.command(NAMED)
        },
    },
    HubCase {
        name: "no folder for the cache",
        hinder: |place| homeless(place.command(NAMED), &["HF_HOME"]),
        advice: "set HF_HOME to a folder",
        follow: |place| homeless(place.command(NAMED), &[]),
    },
];

/// Removes what says where a user's folders are.
fn homeless(mut command: Command, more: &[&str]) -> Command {
    for name in ["HOME", "USERPROFILE", "XDG_CACHE_HOME"].iter().chain(more) {
        command.env_remove(name);
    }
    command
}

#[test]
fn what_is_advised_about_the_hub_gets_the_model() {
    for case in &HUB_CASES {
        let place = Place::new();
        let error = fails(1, &mut (case.hinder)(&place));
        assert!(error.contains(case.advice), "{}: {error}", case.name);
        println!("{}", case.name);
        place.check(&ok(&mut (case.follow)(&place)));
    }
}

#[test]
fn a_download_that_broke_off_for_good_goes_on_with_the_same_command() {
    let place = Place::new();
    // A beginning comes, then nothing more.
    place.hub.state().cuts = (1, 3_000_000);
    place.hub.state().cuts_after = (5, 0);
    let error = fails(1, &mut place.command(NAMED));
    let advice = "what has come is kept, so run the command again to go on";
    assert!(error.contains(advice), "{error}");
    place.hub.state().cuts_after = (0, 0);
    let before = place.hub.large_gets().len();
    place.check(&ok(&mut place.command(NAMED)));
    assert!(place.hub.large_gets()[before].from.unwrap() > 1_000_000);
}

#[test]
fn without_a_network_a_copied_cache_does() {
    let elsewhere = Place::new();
    for (variable, value) in [
        ("HF_ENDPOINT", "http://127.0.0.1:1"),
        ("HF_HUB_OFFLINE", "1"),
    ] {
        let place = Place::new();
        let mut command = with(place.command(NAMED), variable, value);
        let error = fails(1, &mut command);
        let cache = place.dir.path().join("hub");
        let words = if variable == "HF_ENDPOINT" {
            format!(
                "fetch the files on another machine and copy its cache folder ({})",
                cache.display()
            )
        } else {
            assert!(
                error.contains(&format!("the cache {}", cache.display())),
                "{error}"
            );
            "run `splade-export model org/tiny` where there is a network and copy the cache"
                .to_owned()
        };
        assert!(error.contains(&words), "{error}");
        ok(&mut elsewhere.command(&["model", "org/tiny"]));
        copy(&elsewhere.dir.path().join("hub"), &cache);
        let report = ok(&mut command);
        assert!(report.contains("\"bert\""), "{report}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to.parent().unwrap()).unwrap();
    ok(Command::new("cp").arg("-a").arg(from).arg(to));
}

// ---- setup ------------------------------------------------------------------------------------------------------

/// Takes the command that a message prints, and runs it.
fn run_advised(message: &str, with: impl Fn(&mut Command)) {
    let (_, command) = message.split_once("splade-export setup").unwrap();
    let line = command.lines().next().unwrap();
    let mut command = tool();
    command.arg("setup").args(line.split_whitespace());
    with(&mut command);
    ok(&mut command);
}

#[test]
fn what_is_advised_about_onnx_runtime_gets_it() {
    let bench = Bench::new(1);
    let cache = bench.at("cache");
    let here = |command: &mut Command| {
        command
            .env("SPLADE_EXPORT_CACHE", &cache)
            .env_remove("ORT_DYLIB_PATH");
    };
    let explain = |more: &[&str]| {
        let mut command = bench.program();
        command.args(["explain", "a b", "--json"]).args(more);
        here(&mut command);
        command
    };
    let error = fails(1, &mut explain(&[]));
    assert!(
        error.contains("Get it with:\n    splade-export setup onnxruntime\n"),
        "{error}"
    );
    run_advised(&error, here);
    let expected = ok(&mut explain(&[]));

    // Named, and not there: without the name, it is found.
    let error = fails(1, &mut explain(&["--onnxruntime", "nowhere.so"]));
    assert!(error.contains("leave that out"), "{error}");
    // Damaged.
    let library = cache.join("onnxruntime/libonnxruntime.so");
    let library = library.canonicalize().unwrap();
    fs_err::write(&library, "no library").unwrap();
    let error = fails(1, &mut explain(&[]));
    assert!(
        error.contains("splade-export setup --force onnxruntime"),
        "{error}"
    );
    run_advised(&error, here);
    assert_eq!(ok(&mut explain(&[])), expected);
}

#[test]
fn what_is_advised_about_a_setup_makes_it_work() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good");
    let setup = |cache: &Path| {
        let mut command = tool();
        command
            .args(["setup", "model"])
            .env("SPLADE_EXPORT_CACHE", cache);
        command
    };
    // Without a folder for the cache, then with the one that is asked for.
    let mut command = homeless(setup(&good), &["SPLADE_EXPORT_CACHE"]);
    let error = fails(1, &mut command);
    assert!(
        error.contains("set SPLADE_EXPORT_CACHE to a folder"),
        "{error}"
    );
    ok(&mut setup(&good));

    // Without a network, a copied folder does.
    let cache = dir.path().join("new");
    let mut command = setup(&cache);
    command
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
        .env_remove("PIP_FIND_LINKS")
        .env_remove("PIP_EXTRA_INDEX_URL");
    let error = fails(1, &mut command);
    let advice = format!(
        "or copy the folder {} from another machine",
        cache.display()
    );
    assert!(error.contains(&advice), "{error}");
    let _ = fs_err::remove_dir_all(&cache);
    copy(&good, &cache);
    assert!(ok(&mut command).contains("was there"));

    // A folder of somebody else, and another cache.
    let mine = dir.path().join("mine");
    fs_err::create_dir_all(mine.join("models/splade-tiny")).unwrap();
    fs_err::write(mine.join("models/splade-tiny/thesis.tex"), "years").unwrap();
    let error = fails(1, &mut setup(&mine));
    assert!(
        error.contains("move it away, or set SPLADE_EXPORT_CACHE to another folder"),
        "{error}"
    );
    assert!(ok(&mut setup(&good)).contains("was there"));
}

// ---- scripts ----------------------------------------------------------------------------------------------------

/// Runs the command that a script's message prints, with `names` in the place of the words that stand for something.
fn run_from_message(error: &str, dir: &Path, names: &[(&str, &str)]) {
    let (_, command) = error.split_once("splade-export ").unwrap();
    let line = command.lines().next().unwrap();
    let mut command = program();
    for word in line.split_whitespace() {
        let stands_for = names.iter().find(|(name, _)| *name == word);
        command.arg(stands_for.map_or(word, |(_, value)| *value));
    }
    ok(command.arg("--quiet").current_dir(dir));
}

#[test]
fn what_the_search_scripts_advise_leads_to_a_score() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = fixtures();
    let corpus = fixtures.to_str().unwrap();
    let script = |name: &str, arguments: &str| {
        let mut command = Command::new("bash");
        let line = format!("\"$0\" {arguments}");
        command
            .args(["-c", &line])
            .arg(crate::common::root().join("scripts").join(name))
            .current_dir(dir.path());
        command
    };
    let mut build = script("build_index.sh", "collection anserini");
    let error = fails(1, &mut build);
    assert!(
        error.contains("make one with: splade-export documents"),
        "{error}"
    );
    run_from_message(&error, dir.path(), &[("...", corpus)]);

    let mut evaluate = script(
        "evaluate.sh",
        "--index ix --topics topics.tsv --qrels qrels.tsv --run run.txt --searcher anserini",
    );
    let error = fails(1, &mut evaluate);
    assert!(error.contains("no Lucene index at ix"), "{error}");
    run_from_message(&error, dir.path(), &[("COLLECTION", "collection")]);
    let error = fails(1, &mut evaluate);
    assert!(error.contains("no such topics file: topics.tsv"), "{error}");
    run_from_message(&error, dir.path(), &[("...", corpus)]);
    let error = fails(1, &mut evaluate);
    assert!(
        error.contains("give BEIR's qrels/test.tsv or a TREC qrels file"),
        "{error}"
    );
    fs_err::copy(
        fixtures.join("qrels/test.tsv"),
        dir.path().join("qrels.tsv"),
    )
    .unwrap();
    let score = ok(&mut evaluate);
    assert!(score.contains("nDCG@10"), "{score}");

    // What exists is written over only where that is said.
    let error = fails(1, &mut evaluate);
    assert!(
        error.contains("choose another name, or add --overwrite"),
        "{error}"
    );
    let again = "--index ix --topics topics.tsv --qrels qrels.tsv --run run.txt --searcher anserini --overwrite";
    let again = ok(&mut script("evaluate.sh", again));
    let measures = |printed: &str| {
        printed
            .lines()
            .take(4)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(measures(&again), measures(&score));
}

#[test]
fn what_setup_advises_about_damage_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let setup = |arguments: &[&str]| {
        let mut command = script("setup.sh");
        command
            .args(arguments)
            .env("SPLADE_EXPORT_CACHE", dir.path());
        command
    };
    ok(&mut setup(&["model"]));
    let weights = dir.path().join("models/splade-tiny/model.safetensors");
    let mut bytes = fs_err::read(&weights).unwrap();
    bytes[1000] ^= 1;
    fs_err::write(&weights, bytes).unwrap();
    let error = fails(1, &mut setup(&["--check", "model"]));
    let (_, command) = error
        .split_once("make them anew: scripts/setup.sh ")
        .unwrap();
    let arguments: Vec<_> = command.lines().next().unwrap().split_whitespace().collect();
    ok(&mut setup(&arguments));
    ok(&mut setup(&["--check", "model"]));
}
