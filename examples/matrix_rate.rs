//! Measures the rate of large matrix products on a device, through the same ONNX Runtime: the most that an
//! encoder could reach. `scripts/bench_gpu.sh` compares with it.
//!
//! ```text
//! matrix_rate [DEVICE] [SIZE] [LIBRARY]     (default: cuda, 8192, the library that splade-export finds)
//! ```
//!
//! Prints floating-point operations per second, in half precision on a GPU and in single precision on the
//! CPU. A chain of products is run in two lengths. Only the difference counts, so that starting and filling
//! the matrices do not.
#![allow(missing_docs, reason = "the messages are those of the ONNX schema")]

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ort::session::{Session, SessionInputValue};
use prost::Message;
use splade_export::{Device, DeviceChoice};

const FLOAT: i64 = 1;
const FLOAT16: i64 = 10;
/// Numbers of products in the two chains.
const CHAINS: [usize; 2] = [4, 36];
const REPETITIONS: usize = 5;

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

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) -> Node {
    Node {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        op_type: Some(op.to_owned()),
        attribute,
    }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        int: Some(value),
        kind: Some(2),
        ..Attribute::default()
    }
}

/// Returns a node that makes a random `size` x `size` matrix. Zeros would be too easy: a GPU's clock
/// depends on how many bits change.
fn random(output: &str, size: i64, scale: f32, kind: i64) -> Node {
    let scale = Attribute {
        name: Some("scale".to_owned()),
        float: Some(scale),
        kind: Some(1),
        ..Attribute::default()
    };
    let shape = Attribute {
        name: Some("shape".to_owned()),
        ints: vec![size, size],
        kind: Some(7),
        ..Attribute::default()
    };
    node(
        "RandomNormal",
        &[],
        output,
        vec![scale, shape, int("dtype", kind)],
    )
}

/// Returns the model that computes `x · b · b · ...`, whose entries keep a size of about 1, and returns
/// one number of the product.
fn chain(products: usize, size: i64, kind: i64) -> Vec<u8> {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "sizes are some thousand"
    )]
    let keep = 1.0 / (size as f64).sqrt() as f32;
    let mut nodes = vec![random("x0", size, 1.0, kind), random("b", size, keep, kind)];
    for i in 0..products {
        let (from, to) = (format!("x{i}"), format!("x{}", i + 1));
        nodes.push(node("MatMul", &[&from, "b"], &to, vec![]));
    }
    let last = format!("x{products}");
    nodes.push(node("ReduceMax", &[&last], "largest", vec![]));
    nodes.push(node("Cast", &["largest"], "result", vec![int("to", FLOAT)]));
    let graph = Graph {
        node: nodes,
        name: Some("chain".to_owned()),
        output: vec![Output {
            name: Some("result".to_owned()),
        }],
    };
    Model {
        ir_version: Some(8),
        graph: Some(graph),
        opset: vec![Opset { version: Some(17) }],
    }
    .encode_to_vec()
}

/// Returns the time of the fastest of some runs, in seconds.
fn seconds(session: &mut Session) -> Result<f64> {
    let mut shortest = f64::INFINITY;
    for _ in 0..REPETITIONS {
        let started = Instant::now();
        let inputs: [SessionInputValue<'_>; 0] = [];
        let outputs = session.run(inputs)?;
        let (_, values) = outputs["result"].try_extract_tensor::<f32>()?;
        shortest = shortest.min(started.elapsed().as_secs_f64());
        ensure!(values[0].is_finite(), "the products overflowed");
    }
    Ok(shortest)
}

fn main() -> ExitCode {
    match rate() {
        Ok(rate) => {
            println!("{rate:.4e}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rate() -> Result<f64> {
    let mut arguments = env::args().skip(1);
    let device = arguments.next().unwrap_or_else(|| "cuda".to_owned());
    let size = match arguments.next() {
        Some(size) => size.parse().context("SIZE must be a whole number")?,
        None => 8192,
    };
    let library = arguments.next();
    let choice: DeviceChoice = device.parse().map_err(anyhow::Error::msg)?;
    let (runtime, devices) = choice.resolve(library.as_ref().map(AsRef::as_ref))?;
    let environment = ort::init_from(&runtime.library)?.build()?;
    let (provider, kind) = match devices[0] {
        Device::Cpu => (ort::ep::CPU::default().build(), FLOAT),
        Device::Cuda(number) => {
            let number = i32::try_from(number).context("device number")?;
            let cuda = ort::ep::CUDA::default().with_device_id(number);
            (cuda.build().error_on_failure(), FLOAT16)
        }
    };
    let mut times = Vec::new();
    for products in CHAINS {
        let mut session = Session::builder(&environment)?
            .with_execution_providers([provider.clone()])
            .map_err(|e| anyhow::anyhow!("{e}"))?
            .commit_from_memory(&chain(products, size, kind))?;
        times.push(seconds(&mut session)?);
    }
    #[allow(clippy::cast_precision_loss, reason = "a rate for display")]
    let operations = (CHAINS[1] - CHAINS[0]) as f64 * 2.0 * (size as f64).powi(3);
    Ok(operations / (times[1] - times[0]))
}
