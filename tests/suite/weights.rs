//! The weights: published ones, independently computed ones, and those of the same text in company.

use std::collections::HashMap;

use crate::common::{distance, encode, encode_with, fixtures, has_vnni, settings, shared, texts};
use splade_export::{
    Aggregation, BatchBudget, Device, EncoderSettings, HeadChoice, Operators, Precision,
};

#[test]
fn published_weights_and_dot_products_are_reproduced() {
    let golden = fs_err::read(fixtures().join("goldens/splade-tiny.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
    let sentences = golden["sentences"].as_array().unwrap();
    let texts: Vec<&str> = sentences
        .iter()
        .map(|s| s["text"].as_str().unwrap())
        .collect();
    let vectors = encode(Aggregation::Max, &texts, 256, BatchBudget::default());
    for (sentence, vector) in sentences.iter().zip(&vectors) {
        for (term, weight) in sentence["weights"].as_object().unwrap() {
            let difference = f64::from(vector[term]) - weight.as_f64().unwrap();
            assert!(difference.abs() < 1e-4, "{term}: off by {difference}");
        }
    }
    for (i, a) in vectors.iter().enumerate() {
        for (j, b) in vectors.iter().enumerate() {
            let dot: f32 = a.iter().map(|(t, w)| w * b.get(t).unwrap_or(&0.0)).sum();
            let published = golden["dot_products"][i][j].as_f64().unwrap();
            assert!((f64::from(dot) - published).abs() < 1e-3, "{i}, {j}: {dot}");
        }
    }
}

#[test]
fn the_screened_head_agrees_with_the_head_in_the_graph() {
    let texts = texts(&fixtures().join("corpus.jsonl"));
    let texts: Vec<&str> = texts.values().map(String::as_str).collect();
    let screened = encode(Aggregation::Max, &texts, 512, BatchBudget::default());
    let oracle = EncoderSettings {
        head: HeadChoice::InGraph(Operators::Plain),
        ..settings(Aggregation::Max)
    };
    let oracle = encode_with(oracle, &texts, 512, BatchBudget::default());
    for (a, b) in screened.iter().zip(&oracle) {
        assert!(a.len() > 50);
        assert!(distance(a, b) < 2e-5, "{}", distance(a, b));
    }
}

#[test]
fn the_operators_for_gpus_give_the_same_weights() {
    let texts = texts(&fixtures().join("corpus.jsonl"));
    let mut texts: Vec<&str> = texts.values().map(String::as_str).collect();
    texts.extend(["cell", "a short text"]);
    let budget = BatchBudget {
        length_multiple: 8,
        ..BatchBudget::default()
    };
    for (aggregation, precision, tolerance) in [
        (Aggregation::Max, Precision::Fp32, 2e-5),
        (Aggregation::Sum, Precision::Fp32, 2e-4),
        (Aggregation::Max, Precision::Fp16, 2e-2),
    ] {
        let fused = EncoderSettings {
            precision: Some(precision),
            head: HeadChoice::InGraph(Operators::Fused),
            ..settings(aggregation)
        };
        let fused = encode_with(fused, &texts, 256, budget);
        let plain = encode(aggregation, &texts, 256, BatchBudget::default());
        for (a, b) in fused.iter().zip(&plain) {
            assert!(!b.is_empty());
            let distance = distance(a, b);
            assert!(
                distance < tolerance,
                "{aggregation:?} {precision}: {distance}"
            );
        }
    }
}

#[test]
fn int8_keeps_nearly_all_terms_and_does_not_depend_on_company() {
    let texts = texts(&fixtures().join("corpus.jsonl"));
    let texts: Vec<&str> = texts.values().map(String::as_str).collect();
    let exact = encode(Aggregation::Max, &texts, 256, BatchBudget::default());
    for head in [HeadChoice::Best, HeadChoice::InGraph(Operators::Plain)] {
        let options = EncoderSettings {
            precision: Some(Precision::Int8),
            head,
            ..settings(Aggregation::Max)
        };
        let budget = Device::Cpu.budget();
        let int8 = encode_with(options.clone(), &texts, 256, budget);
        let (mut common, mut all) = (0, 0);
        for (a, b) in int8.iter().zip(&exact) {
            let both = a.keys().filter(|term| b.contains_key(*term)).count();
            common += both;
            all += a.len() + b.len() - both;
            assert!(distance(a, b) < 0.5, "{head:?}: {}", distance(a, b));
        }
        let share = f64::from(common as u32) / f64::from(all as u32);
        eprintln!("{head:?}: {share}");
        let least = if has_vnni() { 0.93 } else { 0.9 };
        assert!(share > least, "{head:?}: {share}");
        // Bit for bit.
        for (text, together) in texts.iter().zip(&int8).step_by(7) {
            let alone = encode_with(options.clone(), &[text], 256, budget);
            assert_eq!(&alone[0], together, "{head:?}");
        }
    }
}

#[test]
fn a_text_has_the_same_weights_alone_and_in_every_company() {
    let texts = texts(&fixtures().join("corpus.jsonl"));
    let long = texts.values().cloned().collect::<Vec<_>>().join(" ");
    let mut texts: Vec<&str> = texts.values().map(String::as_str).collect();
    texts.extend(["cell", "a", long.as_str(), "", "日本語 🙂"]);
    let budget = |tokens, texts| BatchBudget {
        tokens,
        texts,
        length_multiple: 1,
        ..BatchBudget::default()
    };
    for aggregation in [Aggregation::Max, Aggregation::Sum] {
        let alone = encode(aggregation, &texts, 512, budget(1, 1));
        for company in [budget(300, 64), budget(1024, 64), budget(100_000, 1000)] {
            let together = encode(aggregation, &texts, 512, company);
            for (a, b) in alone.iter().zip(&together) {
                let difference = distance(a, b);
                // Sums over 512 tokens are large: the bound is relative there.
                let scale = a.values().copied().fold(1.0, f32::max);
                assert!(
                    difference < 1e-5 * scale,
                    "{aggregation:?} {company:?}: {difference}"
                );
            }
        }
    }
}

#[test]
fn weights_agree_with_those_computed_independently_in_python() {
    let Some(golden) = shared("golden/scifact-weights.jsonl") else {
        return;
    };
    let Some(scifact) = shared("data/scifact") else {
        return;
    };
    let mut corpus = texts(&scifact.join("corpus.jsonl"));
    corpus.extend(texts(&scifact.join("queries.jsonl")));
    let lines: Vec<serde_json::Value> = fs_err::read_to_string(golden)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts: Vec<&str> = lines
        .iter()
        .map(|l| corpus[l["id"].as_str().unwrap()].as_str())
        .collect();
    for (key, aggregation) in [("max", Aggregation::Max), ("sum", Aggregation::Sum)] {
        let vectors = encode(aggregation, &texts, 256, BatchBudget::default());
        let mut compared = 0;
        for (line, vector) in lines.iter().zip(&vectors) {
            let Some(golden) = line[key].as_object() else {
                continue;
            };
            let golden: HashMap<String, f32> = golden
                .iter()
                .map(|(t, w)| (t.clone(), serde_json::from_value(w.clone()).unwrap()))
                .collect();
            let largest = golden.values().copied().fold(1.0, f32::max);
            let difference = distance(vector, &golden);
            assert!(difference < 5e-5 * largest, "{}: {difference}", line["id"]);
            compared += 1;
        }
        assert!(compared > 50, "{compared} texts compared");
    }
}
