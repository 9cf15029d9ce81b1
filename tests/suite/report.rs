//! `report`: its numbers against numbers counted another way, its page in a real browser, its refusals.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::common::runs::Bench;
use crate::common::synthetic::Synthetic;
use crate::common::{fails, ok, script, tool};

/// A term as a page must not take it.
const HOSTILE: &str = "</script><script>alert(1)</script>\u{202e}\u{7}&amp;'\"";

/// The documents of all parts in a folder.
fn documents(folder: &Path) -> Vec<Value> {
    let mut names: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .iter()
        .flat_map(|name| {
            let text = fs_err::read_to_string(name).unwrap();
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            lines
        })
        .collect()
}

fn line<'a>(summary: &'a str, name: &str) -> &'a str {
    let found = summary.lines().find(|line| line.starts_with(name));
    found.unwrap_or_else(|| panic!("no line {name} in\n{summary}"))
}

/// Runs `report` on something in the bench's folder.
fn report(bench: &Bench, collection: &str, output: &str, args: &[&str]) -> String {
    let mut command = bench.program();
    command
        .args(["report", collection, "--output", output])
        .args(args);
    ok(&mut command)
}

#[test]
fn a_step_costs_what_it_costs_when_it_is_taken() {
    let bench = Bench::new(120);
    ok(&mut bench.documents_with(
        "weights",
        &["--step", "none", "--contents", "--compress", "none"],
    ));
    ok(&mut bench.documents_with("impacts", &["--index", "index", "--compress", "none"]));
    let of_weights = report(&bench, "weights", "weights.html", &[]);
    let of_impacts = report(&bench, "impacts", "impacts.html", &["--index", "index"]);

    let parts = documents(&bench.at("impacts/documents"));
    let vectors = parts.iter().map(|d| d["vector"].as_object().unwrap());
    let postings: usize = vectors.clone().map(serde_json::Map::len).sum();
    let sum: u64 = vectors
        .flat_map(|vector| vector.values())
        .map(|impact| impact.as_u64().unwrap())
        .sum();
    assert!(postings > 1000 && postings < 10_000, "{postings}");
    let (postings, sum) = (commas(postings as u64), commas(sum));
    let default = of_weights
        .lines()
        .find(|line| line.contains("step 0.1 (the default)"))
        .unwrap();
    let expected = format!("{postings} postings, impacts of {sum} in all");
    assert!(default.contains(&expected), "{default}\n{expected}");
    assert!(
        line(&of_impacts, "postings").contains(&postings),
        "{of_impacts}"
    );
    assert!(line(&of_impacts, "impacts").ends_with(&format!("sum {sum}")));

    let bytes: u64 = bench
        .files("index")
        .iter()
        .map(|(_, file)| file.len() as u64)
        .sum();
    let page = fs_err::read_to_string(bench.at("impacts.html")).unwrap();
    assert!(
        page.contains(&format!("<bdi>{}</bdi>", commas(bytes))),
        "no {bytes}"
    );
}

fn commas(value: u64) -> String {
    let digits = value.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups
        .map(|group| String::from_utf8(group.to_vec()).unwrap())
        .collect();
    groups.join(",")
}

#[test]
fn expansion_terms_are_those_that_explain_marks() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with(
        "weights",
        &["--step", "none", "--contents", "--compress", "none"],
    ));
    let summary = report(&bench, "weights", "a.html", &[]);
    let (mut all, mut expansions) = (0, 0);
    for document in documents(&bench.at("weights/documents")) {
        let text = document["contents"].as_str().unwrap();
        if text.is_empty() {
            continue;
        }
        let json = ok(bench
            .program()
            .args(["explain", text, "--json", "--step", "none"]));
        let explained: Value = serde_json::from_str(&json).unwrap();
        for term in explained["terms"].as_array().unwrap() {
            all += 1;
            expansions += u32::from(term["expansion"].as_bool().unwrap());
        }
    }
    assert!(expansions > 0 && expansions < all);
    let share = 100.0 * f64::from(expansions) / f64::from(all);
    assert!(
        line(&summary, "expansion").contains(&format!("{share:.1} % of the terms")),
        "{summary}\n{share}"
    );

    let mut without = tool();
    without.current_dir(bench.dir.path());
    let summary = ok(without.args(["report", "weights", "--output", "b.html"]));
    assert!(line(&summary, "expansion").contains("no model was named"));
    ok(&mut bench.documents_with("no-texts", &["--step", "none"]));
    let summary = report(&bench, "no-texts", "c.html", &[]);
    assert!(line(&summary, "expansion").contains("texts were not kept"));
}

#[test]
fn the_page_does_not_depend_on_threads_or_the_cut_into_parts() {
    let bench = Bench::new(200);
    let options = ["--step", "none", "--contents"];
    ok(&mut bench.documents_with("a/same", &options));
    report(&bench, "a/same", "one.html", &["--threads", "1"]);
    report(
        &bench,
        "a/same",
        "four.html",
        &["--threads", "4", "--quiet"],
    );
    let page = |name: &str| fs_err::read(bench.at(name)).unwrap();
    assert!(page("one.html") == page("four.html"));

    // Where one file holds all, the queries are others: everything else is the same.
    let lines = |cut: usize| -> Vec<String> {
        let synthetic = Synthetic {
            vocabulary: 500,
            terms: 20,
            ..Synthetic::default()
        };
        let mut bytes = Vec::new();
        synthetic.write(0..300, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<_> = text.lines().map(|line| format!("{line}\n")).collect();
        lines.chunks(cut).map(<[String]>::concat).collect()
    };
    let mut summaries = Vec::new();
    for (name, cut) in [("whole", 300), ("cut", 7)] {
        fs_err::create_dir(bench.at(name)).unwrap();
        for (i, part) in lines(cut).iter().enumerate() {
            bench.write(&format!("{name}/{i:04}.jsonl"), part);
        }
        let summary = report(&bench, name, &format!("{name}.html"), &[]);
        let kept = summary
            .lines()
            .filter(|line| !line.starts_with("page") && !line.starts_with("requantized"));
        summaries.push(kept.collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(summaries[0], summaries[1]);
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_after_a_failure() {
    let bench = Bench::new(1);
    bench.write("c.jsonl", "{\"id\": \"a\", \"vector\": {\"x\": 0.5}}\n");
    bench.write("there.html", "mine");
    let run = |collection: &str, output: &str| {
        let mut command = bench.program();
        command.args(["report", collection, "--output", output]);
        command
    };
    let error = fails(1, &mut run("c.jsonl", "there.html"));
    assert!(error.contains("overwrites nothing"), "{error}");
    assert_eq!(fs_err::read(bench.at("there.html")).unwrap(), b"mine");
    let error = fails(1, &mut run("c.jsonl", "there.html/page.html"));
    assert!(error.contains("in a folder that can be written"), "{error}");
    ok(&mut run("c.jsonl", "new/page.html"));
    assert!(bench.at("new/page.html").is_file());

    bench.write(
        "bad.jsonl",
        "{\"id\": \"a\", \"vector\": {\"x\": 0.5}}\n{\"id\": \"b\", \"vector\": {\"y\": -1}}\n",
    );
    let error = fails(1, &mut run("bad.jsonl", "bad.html"));
    assert!(
        error.contains("bad.jsonl:2") && error.contains("term \"y\" has the weight -1"),
        "{error}"
    );
    let error = fails(1, run("c.jsonl", "x.html").args(["--index", "model"]));
    assert!(error.contains("no Lucene index"), "{error}");
    let names: Vec<String> = fs_err::read_dir(bench.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let left = |name: &&String| {
        name.starts_with(".unfinished") || name.as_str() == "bad.html" || name.as_str() == "x.html"
    };
    assert_eq!(names.iter().filter(left).count(), 0, "{names:?}");
}

/// A collection with foreign terms: markup, control characters, other scripts, one of each kind of length.
fn foreign() -> String {
    let terms = [
        HOSTILE,
        "猫",
        "مرحبا",
        "internationalization-of-a-very-long-term-without-end",
        "##ing",
        "👩‍👩‍👧",
        "a b",
        "",
    ];
    let mut text = String::new();
    for i in 0..40 {
        let vector: HashMap<&str, f32> = terms
            .iter()
            .enumerate()
            .filter(|(at, _)| i % (at + 1) == 0)
            .map(|(at, &term)| (term, 0.25 + at as f32))
            .collect();
        let line = serde_json::json!({"id": format!("d{i}"), "vector": vector});
        writeln!(text, "{line}").unwrap();
    }
    text
}

#[test]
fn terms_are_text_and_never_markup() {
    let bench = Bench::new(1);
    bench.write("foreign.jsonl", foreign());
    report(&bench, "foreign.jsonl", "foreign.html", &[]);
    let page = fs_err::read_to_string(bench.at("foreign.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    assert!(page.contains(
        "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;U+202EU+0007&amp;amp;&#39;&quot;"
    ));
    assert!(page.contains("猫"));
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_pages() {
    let bench = Bench::new(120);
    ok(&mut bench.documents_with("weights", &["--step", "none", "--contents"]));
    ok(&mut bench.documents_with("impacts", &["--index", "index"]));
    bench.write("foreign.jsonl", foreign());
    bench.write("nothing.jsonl", "{\"id\": \"a\", \"vector\": {}}\n");
    report(&bench, "weights", "weights.html", &[]);
    report(&bench, "impacts", "impacts.html", &["--index", "index"]);
    report(&bench, "foreign.jsonl", "foreign.html", &[]);
    report(&bench, "nothing.jsonl", "nothing.html", &[]);
    let mut check = script("check_report.sh");
    check.current_dir(bench.dir.path());
    ok(check.args([
        "weights.html",
        "impacts.html",
        "foreign.html",
        "nothing.html",
    ]));
}
