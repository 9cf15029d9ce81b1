//! Measures what a device can do through the same ONNX Runtime: the rate of large matrix products, the most that an
//! encoder could reach, and what ways there are to take the maximum over tokens cost beside the product before it.
//! `scripts/bench/gpu.sh` calls it.
//!
//! ```text
//! device_rate [DEVICE] [SIZE] [LIBRARY]     (default: cuda, 8192, the library that splade-export finds)
//! ```
//!
//! Prints JSON: `matrix_rate` in floating-point operations per second, in half precision on a GPU and in single
//! precision on the CPU; `pooling` in seconds for a slice of the vocabulary. Every graph repeats its work in two
//! lengths. Only the difference counts, so that starting and filling the matrices do not.
#![allow(missing_docs, reason = "the messages are those of the ONNX schema")]

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ort::environment::Environment;
use ort::ep::ExecutionProviderDispatch;
use ort::session::{Session, SessionInputValue};
use prost::Message;
use serde_json::{Map, Value, json};
use splade_export::{Device, DeviceChoice};

const FLOAT: i64 = 1;
const FLOAT16: i64 = 10;
/// Repetitions in the two graphs.
const REPEATED: [usize; 2] = [4, 36];
const RUNS: usize = 5;
/// A batch of 256 tokens a text and hidden states as wide as BERT-base's; as many terms are a slice.
const TEXTS: i64 = 64;
const TOKENS: i64 = 256;
const WIDTH: i64 = 768;
/// Groups of tokens whose maxima are taken element by element.
const GROUPS: i64 = 8;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, optional, tag = "1")]
    ir_version: Option<i64>,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset: Vec<Opset>,
}

#[derive(Clone, PartialEq, Message)]
struct Opset {
    #[prost(string, optional, tag = "1")]
    domain: Option<String>,
    #[prost(int64, optional, tag = "2")]
    version: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<Output>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, optional, tag = "4")]
    op_type: Option<String>,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
    #[prost(string, optional, tag = "7")]
    domain: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(float, optional, tag = "2")]
    float: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    int: Option<i64>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    ints: Vec<i64>,
    #[prost(int32, optional, tag = "20")]
    kind: Option<i32>,
}

/// An output of the graph. A name is enough, because ONNX Runtime infers the rest.
#[derive(Clone, PartialEq, Message)]
struct Output {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        int: Some(value),
        kind: Some(2),
        ..Attribute::default()
    }
}

fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        ints: values.to_vec(),
        kind: Some(7),
        ..Attribute::default()
    }
}

/// Nodes that are put into a graph, and the type of its matrices.
struct Nodes {
    all: Vec<Node>,
    kind: i64,
}

impl Nodes {
    fn add(&mut self, op: &str, inputs: &[&str], attribute: Vec<Attribute>) -> String {
        self.add_of("", op, inputs, attribute)
    }

    fn add_of(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
    ) -> String {
        let name = format!("v{}", self.all.len());
        self.all.push(Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![name.clone()],
            op_type: Some(op.to_owned()),
            attribute,
            domain: Some(domain.to_owned()),
        });
        name
    }

    /// Random values: zeros would be too easy, because a GPU's clock depends on how many bits change.
    fn random(&mut self, shape: &[i64], scale: f32) -> String {
        let scale = Attribute {
            name: Some("scale".to_owned()),
            float: Some(scale),
            kind: Some(1),
            ..Attribute::default()
        };
        let attributes = vec![scale, ints("shape", shape), int("dtype", self.kind)];
        self.add("RandomNormal", &[], attributes)
    }

    /// Tokens from one place to another of `x`, `[B, L, H]`.
    fn tokens(&mut self, x: &str, from: i64, to: i64) -> String {
        let [from, to, axis] = [from, to, 1]
            .map(|value| self.add("Constant", &[], vec![ints("value_ints", &[value])]));
        self.add("Slice", &[x, &from, &to, &axis], vec![])
    }

    /// `x · wᵀ`
    fn product(&mut self, x: &str, w: &str) -> String {
        self.add_of(
            "com.microsoft",
            "FusedMatMul",
            &[x, w],
            vec![int("transB", 1)],
        )
    }

    fn maximum(&mut self, x: &str, axis: i64) -> String {
        let attributes = vec![ints("axes", &[axis]), int("keepdims", 0)];
        self.add("ReduceMax", &[x], attributes)
    }

    /// Returns the model whose result is the largest of these values.
    fn model(mut self, values: &[String]) -> Vec<u8> {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let largest = self.add("Max", &values, vec![]);
        let largest = self.add("ReduceMax", &[&largest], vec![int("keepdims", 0)]);
        let result = self.add("Cast", &[&largest], vec![int("to", FLOAT)]);
        let opset = |domain: &str, version| Opset {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let graph = Graph {
            node: self.all,
            name: Some("rate".to_owned()),
            output: vec![Output { name: Some(result) }],
        };
        Model {
            ir_version: Some(8),
            graph: Some(graph),
            opset: vec![opset("", 17), opset("com.microsoft", 1)],
        }
        .encode_to_vec()
    }
}

/// Ways to a slice's maxima.
#[derive(Clone, Copy)]
enum Pooling {
    /// None: the first token's logits.
    First,
    /// `ReduceMax` over the middle axis of `[B, L, V]`, as the program does.
    Middle,
    /// `ReduceMax` over the last axis of `[B, V, L]`.
    Last,
    /// `Max` of eight groups of tokens, then `ReduceMax` over what is left.
    Grouped,
}

impl Pooling {
    const ALL: [(&'static str, Self); 4] = [
        ("the product alone", Self::First),
        ("and ReduceMax over the middle axis", Self::Middle),
        ("and ReduceMax over the last axis", Self::Last),
        ("and Max of eight groups, then ReduceMax", Self::Grouped),
    ];

    /// Returns the model that pools so many slices.
    fn model(self, slices: usize, kind: i64) -> Vec<u8> {
        let all = Vec::new();
        let mut nodes = Nodes { all, kind };
        let x = nodes.random(&[TEXTS, TOKENS, WIDTH], 1.0);
        let size = TOKENS / GROUPS;
        let groups: Vec<String> = match self {
            Self::Grouped => (0..GROUPS)
                .map(|group| nodes.tokens(&x, group * size, (group + 1) * size))
                .collect(),
            _ => vec![x.clone()],
        };
        let mut pooled = Vec::new();
        for _ in 0..slices {
            let w = nodes.random(&[WIDTH, WIDTH], 0.04);
            pooled.push(match self {
                Self::First => {
                    let logits = nodes.product(&x, &w);
                    let first = nodes.tokens(&logits, 0, 1);
                    nodes.maximum(&first, 1)
                }
                Self::Middle => {
                    let logits = nodes.product(&x, &w);
                    nodes.maximum(&logits, 1)
                }
                Self::Last => {
                    let logits = nodes.product(&w, &x);
                    nodes.maximum(&logits, 2)
                }
                Self::Grouped => {
                    let logits: Vec<_> = groups.iter().map(|x| nodes.product(x, &w)).collect();
                    let logits: Vec<&str> = logits.iter().map(String::as_str).collect();
                    let largest = nodes.add("Max", &logits, vec![]);
                    nodes.maximum(&largest, 1)
                }
            });
        }
        nodes.model(&pooled)
    }
}

/// Returns the model that computes `x · b · b · ...`, whose entries keep a size of about 1.
fn chain(products: usize, size: i64, kind: i64) -> Vec<u8> {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "sizes are some thousand"
    )]
    let keep = 1.0 / (size as f64).sqrt() as f32;
    let all = Vec::new();
    let mut nodes = Nodes { all, kind };
    let mut x = nodes.random(&[size, size], 1.0);
    let b = nodes.random(&[size, size], keep);
    for _ in 0..products {
        x = nodes.add("MatMul", &[&x, &b], vec![]);
    }
    nodes.model(&[x])
}

/// A device on which models are timed.
struct Bench {
    environment: Environment,
    provider: ExecutionProviderDispatch,
    /// The type of matrices.
    kind: i64,
}

impl Bench {
    fn new(device: &str, library: Option<&str>) -> Result<Self> {
        let choice: DeviceChoice = device.parse().map_err(anyhow::Error::msg)?;
        let (runtime, devices) = choice.resolve(library.map(AsRef::as_ref))?;
        let environment = ort::init_from(&runtime.library)?.build()?;
        let (provider, kind) = match devices[0] {
            Device::Cpu => (ort::ep::CPU::default().build(), FLOAT),
            Device::Cuda(number) => {
                let number = i32::try_from(number).context("device number")?;
                let cuda = ort::ep::CUDA::default().with_device_id(number);
                (cuda.build().error_on_failure(), FLOAT16)
            }
        };
        Ok(Self {
            environment,
            provider,
            kind,
        })
    }

    /// Returns the time of the fastest of some runs, in seconds.
    fn seconds(&self, model: &[u8]) -> Result<f64> {
        let mut session = Session::builder(&self.environment)?
            .with_execution_providers([self.provider.clone()])
            .map_err(|e| anyhow::anyhow!("{e}"))?
            .commit_from_memory(model)?;
        let mut shortest = f64::INFINITY;
        for _ in 0..RUNS {
            let started = Instant::now();
            let inputs: [SessionInputValue<'_>; 0] = [];
            let outputs = session.run(inputs)?;
            let (_, values) = outputs[0].try_extract_tensor::<f32>()?;
            shortest = shortest.min(started.elapsed().as_secs_f64());
            ensure!(values[0].is_finite(), "the products overflowed");
        }
        Ok(shortest)
    }

    /// Returns the seconds of one repetition.
    #[allow(clippy::cast_precision_loss, reason = "some repetitions")]
    fn once(&self, model: impl Fn(usize) -> Vec<u8>) -> Result<f64> {
        let [few, many] = REPEATED;
        let seconds = self.seconds(&model(many))? - self.seconds(&model(few))?;
        Ok(seconds / (many - few) as f64)
    }
}

fn main() -> ExitCode {
    match rates() {
        Ok(rates) => {
            println!("{rates}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rates() -> Result<Value> {
    let mut arguments = env::args().skip(1);
    let device = arguments.next().unwrap_or_else(|| "cuda".to_owned());
    let size = match arguments.next() {
        Some(size) => size.parse().context("SIZE must be a whole number")?,
        None => 8192,
    };
    let bench = Bench::new(&device, arguments.next().as_deref())?;
    let seconds = bench.once(|products| chain(products, size, bench.kind))?;
    #[allow(clippy::cast_precision_loss, reason = "a rate for display")]
    let operations = 2.0 * (size as f64).powi(3);
    let mut pooling = Map::new();
    for (name, way) in Pooling::ALL {
        let seconds = bench.once(|slices| way.model(slices, bench.kind))?;
        pooling.insert(name.to_owned(), json!(seconds));
    }
    Ok(json!({ "matrix_rate": operations / seconds, "pooling": pooling }))
}
