//! What the program does with a GPU, where there is none: ONNX Runtime's real CUDA execution provider on a stand-in for
//! CUDA that computes nothing (`tests/cuda/stand_in.c`). It tells which kernels would run, what is copied and what fits;
//! weights are compared on the CPU (`transformers.rs`, `weights.rs`) and on a real GPU (`scripts/bench/gpu.sh`).

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::encoder::manifest;
use crate::common::{fails, fixtures, ok, program, root};

/// The libraries for which the file is compiled, without the driver's.
const LIBRARIES: [&str; 5] = [
    "libcudart.so.13",
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcurand.so.10",
    "libcudnn.so.9",
];

/// A machine with a GPU that computes nothing.
pub(crate) struct StandIn {
    provider: PathBuf,
    folder: TempDir,
}

impl StandIn {
    /// Compiles the libraries; `None` where `scripts/test.sh` says that there is no provider for this platform.
    pub(crate) fn new() -> Option<Self> {
        let provider = std::env::var_os("SPLADE_EXPORT_CUDA_PROVIDER").expect(
            "SPLADE_EXPORT_CUDA_PROVIDER is not set: run scripts/test.sh, \
             or scripts/setup.sh cuda-provider and eval \"$(scripts/setup.sh --print-env)\"",
        );
        if provider.is_empty() {
            eprintln!("skipped: ONNX Runtime for GPUs is not pinned for this platform");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let stand_in = Self {
            provider: provider.into(),
            folder,
        };
        for name in LIBRARIES {
            compile(name, &stand_in.cuda());
        }
        compile("libcuda.so.1", &stand_in.driver());
        Some(stand_in)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of CUDA's libraries in the cache.
    fn cuda(&self) -> PathBuf {
        self.at("cache/onnxruntime-gpu/cuda")
    }

    fn driver(&self) -> PathBuf {
        self.at("driver")
    }

    fn log(&self) -> PathBuf {
        self.at("log")
    }

    /// The command `documents` on this machine.
    pub(crate) fn documents(&self, corpus: &Path, output: &Path, options: &[&str]) -> Command {
        let mut command = program();
        command
            .args(["documents", "--quiet", "--onnxruntime"])
            .arg(self.provider.join("libonnxruntime.so"))
            .args(options)
            .arg("--output")
            .arg(output)
            .arg(corpus)
            .env("SPLADE_EXPORT_CACHE", self.at("cache"))
            .env("LD_LIBRARY_PATH", self.driver())
            .env("STAND_IN_LOG", self.log());
        command
    }

    /// Runs to success and returns what the GPU was asked to do.
    pub(crate) fn run(&self, command: &mut Command) -> Asked {
        let _ = fs_err::remove_file(self.log());
        ok(command);
        Asked(fs_err::read_to_string(self.log()).unwrap())
    }
}

/// Compiles the stand-in as the library of this name.
fn compile(name: &str, folder: &Path) {
    fs_err::create_dir_all(folder).unwrap();
    ok(Command::new("cc")
        .args(["-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "-pthread"])
        .arg(format!("-Wl,-soname,{name}"))
        .arg(root().join("tests/cuda/stand_in.c"))
        .arg("-o")
        .arg(folder.join(name)));
}

/// What a GPU was asked to do: a line for each call.
pub(crate) struct Asked(String);

impl Asked {
    /// The number of lines that begin so.
    fn count(&self, begin: &str) -> usize {
        let lines = self.0.lines();
        lines.filter(|line| line.starts_with(begin)).count()
    }

    /// Kernels with this in their name.
    fn kernels(&self, part: &str) -> usize {
        let lines = self.0.lines();
        lines
            .filter(|line| line.starts_with("kernel") && line.contains(part))
            .count()
    }

    /// Each batch counts its weights once.
    fn batches(&self) -> usize {
        self.kernels("NonZeroCountEachBlock")
    }

    /// What would make a GPU wait, or compute elsewhere; nothing where all is well. A batch ends with the number of the
    /// weights that are not zero, then their places and values.
    pub(crate) fn strays(&self) -> Vec<String> {
        let back = self.count("copy 2");
        let expected = 3 * self.batches();
        let mut strays = Vec::new();
        if self.batches() == 0 {
            strays.push("no batch was run".to_owned());
        }
        if back != expected {
            strays.push(format!("{back} copies to the host instead of {expected}"));
        }
        for (begin, what) in [
            ("wait for an event", "waits for an event"),
            ("graph of cuDNN", "asks cuDNN for a kernel for its shape"),
        ] {
            if self.count(begin) > 0 {
                strays.push(what.to_owned());
            }
        }
        strays
    }
}

#[test]
fn a_batch_is_all_on_the_gpu_and_sparse_weights_come_back() {
    let Some(stand_in) = StandIn::new() else {
        return;
    };
    let corpus = fixtures().join("corpus.jsonl");
    let output = stand_in.at("out");
    let asked = stand_in.run(&mut stand_in.documents(&corpus, &output, &["--device", "cuda"]));
    assert!(asked.strays().is_empty(), "{:?}", asked.strays());
    assert_eq!(asked.batches(), 1);
    // Two layers, whose scores stay out of memory; GELU in each and in the head's transform.
    assert_eq!(asked.kernels("AttentionKernel"), 2);
    assert_eq!(asked.kernels("BiasGelu"), 3);
    assert_eq!(asked.kernels("SkipLayerNorm"), 4);
    assert_eq!(asked.kernels("Softmax"), 0);
    let written = manifest(&output);
    assert_eq!(written["encoding"]["device"], "cuda");
    assert_eq!(written["encoding"]["precision"], "fp16");
    assert_eq!(written["counts"]["documents"], 107);

    for (name, options) in [
        ("single", &["--device", "cuda:0", "--precision", "fp32"][..]),
        ("sum", &["--device", "cuda", "--aggregation", "sum"]),
        ("all", &["--device", "cuda:all"]),
        ("auto", &[]),
    ] {
        let output = stand_in.at(name);
        let asked = stand_in.run(&mut stand_in.documents(&corpus, &output, options));
        assert!(asked.strays().is_empty(), "{name}: {:?}", asked.strays());
        assert_eq!(manifest(&output)["encoding"]["device"], "cuda", "{name}");
    }
}

#[test]
fn batches_and_sessions_become_as_small_as_memory_wants() {
    let Some(stand_in) = StandIn::new() else {
        return;
    };
    let corpus = stand_in.at("corpus.tsv");
    let line = |i| format!("d{i}\t{}\n", "salt in the sea and in the soup ".repeat(20));
    fs_err::write(&corpus, (0..400).map(line).collect::<String>()).unwrap();
    let run = |name: &str, memory: &str, options: &[&str]| {
        let mut command = stand_in.documents(&corpus, &stand_in.at(name), options);
        command.env("STAND_IN_MEMORY", memory);
        command
    };
    let on_gpu = ["--device", "cuda"];
    let free = stand_in.run(&mut run("free", "1000000000", &on_gpu));
    assert_eq!(free.count("refused"), 0);
    let tight = stand_in.run(&mut run("tight", "30000000", &on_gpu));
    assert!(tight.count("refused") > 0);
    assert!(tight.batches() > free.batches());
    let limit = ["--device", "cuda", "--max-memory", "60M", "--threads", "2"];
    let limited = stand_in.run(&mut run("limited", "1000000000", &limit));
    assert_eq!(limited.count("refused"), 0);
    assert!(limited.batches() > free.batches());

    let message = fails(1, &mut run("none", "4000000", &on_gpu));
    assert!(
        message.contains("too little memory for the model"),
        "{message}"
    );
    let limit = ["--device", "cuda", "--max-memory", "6M"];
    let message = fails(1, &mut run("less", "1000000000", &limit));
    assert!(
        message.contains("allow more with --max-memory"),
        "{message}"
    );
}

#[test]
fn a_gpu_that_cannot_be_used_is_told_with_its_remedy() {
    let Some(stand_in) = StandIn::new() else {
        return;
    };
    let corpus = fixtures().join("corpus.jsonl");
    let output = stand_in.at("out");
    let message = fails(
        1,
        &mut stand_in.documents(&corpus, &output, &["--device", "cuda:3"]),
    );
    assert!(message.contains("device 3 cannot be used"), "{message}");
    assert!(message.contains("nvidia-smi -L"), "{message}");
    fs_err::remove_dir_all(stand_in.cuda()).unwrap();
    let on_gpu = &["--device", "cuda"];
    let message = fails(1, &mut stand_in.documents(&corpus, &output, on_gpu));
    assert!(
        message.contains("CUDA's libraries cannot be loaded"),
        "{message}"
    );
    assert!(
        message.contains("splade-export setup onnxruntime-gpu"),
        "{message}"
    );
    assert!(!output.exists());
    // Followed: what `setup` puts there is found.
    for name in LIBRARIES {
        compile(name, &stand_in.cuda());
    }
    ok(&mut stand_in.documents(&corpus, &output, on_gpu));
}
