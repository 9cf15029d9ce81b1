//! Where the model runs, with how much memory and how many threads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use splade_export::internals::Runtime;
use splade_export::{Device, DeviceChoice, EncodeError, SpladeEncoder};

use super::encoder::{documents, lines, manifest, terms};
use crate::common::{fails, fixtures, model_folder, ok};

#[test]
fn less_memory_means_smaller_batches_and_the_same_terms() {
    let dir = tempfile::tempdir().unwrap();
    let (free, tight) = (dir.path().join("free"), dir.path().join("tight"));
    ok(&mut documents(&fixtures(), &free, &["--max-length", "128"]));
    ok(&mut documents(
        &fixtures(),
        &tight,
        &[
            "--max-length",
            "128",
            "--max-memory",
            "160M",
            "--threads",
            "2",
        ],
    ));
    let tokens = |output: &Path| {
        manifest(output)["encoding"]["batch_tokens"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(tokens(&free), 1024);
    assert!(tokens(&tight) < 1024, "{}", tokens(&tight));
    for (a, b) in lines(&free).iter().zip(&lines(&tight)) {
        assert_eq!(terms(a), terms(b));
    }
    let refused = dir.path().join("refused");
    let message = fails(
        2,
        &mut documents(&fixtures(), &refused, &["--max-memory", "60M"]),
    );
    assert!(
        message.contains("--max-memory 60 MB is not enough"),
        "{message}"
    );
    assert!(message.contains("MB are needed"), "{message}");
    assert!(!refused.exists());
}

#[test]
fn what_a_device_cannot_do_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("out");
    let refuse = |code, options: &[&str], expected: &str| {
        let message = fails(code, &mut documents(&fixtures(), &output, options));
        assert!(message.contains(expected), "{options:?}: {message}");
        assert!(!output.exists(), "{options:?}");
    };
    refuse(
        2,
        &["--precision", "fp16", "--device", "cpu"],
        "choose fp32 (exact) or int8 (faster)",
    );
    refuse(2, &["--device", "gpu"], "must be auto, cpu, cuda, cuda:N");
    refuse(
        2,
        &["--max-memory", "much"],
        "must be a size such as 800M, 1.5G or 512MiB",
    );
    refuse(2, &["--precision", "int4"], "possible values");
    // The library of the tests has no CUDA execution provider: no silent fall to the processor.
    if Runtime::find(None, true).unwrap() == Runtime::find(None, false).unwrap() {
        refuse(
            1,
            &["--device", "cuda"],
            "splade-export setup onnxruntime-gpu",
        );
        refuse(1, &["--device", "cuda:1"], "has no CUDA execution provider");
    }
}

#[test]
fn several_devices_share_the_batches_and_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, device: &str| {
        let output = dir.path().join(name);
        let options = [
            "--device",
            device,
            "--threads",
            "4",
            "--part-size",
            "40",
            "--index",
        ];
        let index = dir.path().join(format!("{name}-index"));
        ok(documents(&fixtures(), &output, &options).arg(&index));
        (output, index)
    };
    let (one, one_index) = run("one", "cpu");
    let (two, two_index) = run("two", "cpu,cpu");
    assert_eq!(files(&one), files(&two));
    assert_eq!(files(&one_index), files(&two_index));
    let encoder = SpladeEncoder::open(model_folder()).unwrap();
    let devices = DeviceChoice::Devices(vec![Device::Cpu; 2]);
    let encoder = encoder.threads(4).device(devices).build().unwrap();
    assert_eq!(encoder.devices(), [Device::Cpu, Device::Cpu]);
    assert_eq!(encoder.workers(), 4);
    let message = fails(
        2,
        &mut documents(&fixtures(), &one, &["--device", "cpu,cuda"]),
    );
    assert!(message.contains("all CPUs or all GPUs"), "{message}");
}

/// The files of a folder by name, with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs_err::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs_err::read(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn more_threads_than_any_machine_has_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    for threads in ["0", "1025", "20000", "65535"] {
        let output = dir.path().join("out");
        let message = fails(
            2,
            &mut documents(&fixtures(), &output, &["--threads", threads]),
        );
        assert!(message.contains("1..=1024"), "{message}");
        assert!(!output.exists());
    }
    for threads in [0, 1025, usize::MAX] {
        let encoder = SpladeEncoder::open(model_folder())
            .unwrap()
            .threads(threads);
        let error = encoder.build().unwrap_err();
        assert!(
            matches!(error, EncodeError::Threads { most: 1024, .. }),
            "{error}"
        );
        assert!(error.is_about_settings());
    }
}
