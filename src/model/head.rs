//! The SPLADE head in the graph: hidden states or logits -> weights `[B, V]`.
//!
//! With the logit `l[t, v]` of token `t` and term `v`, over the tokens that are not padding:
//!
//! * max: `w[v] = log(1 + relu(max_t l[t, v]))`, equal to the maximum of `log(1 + relu(l[t, v]))`
//!   because the function is monotone, at a fraction of the logarithms
//!   (Formal et al., "SPLADE v2", 2021, eq. 6);
//! * sum: `w[v] = sum_t log(1 + relu(l[t, v]))` (Formal et al., "SPLADE", SIGIR 2021, eq. 5).
//!
//! The decoder is cut in slices of the vocabulary, so that the logits of one slice are pooled while
//! they are in the processor's cache: `[B, L, V]` never exists as a whole.

use serde::{Deserialize, Serialize};

use super::blocks::{Decoder, Dense, Encoded, EncoderBuilder, dim};
use super::error::ModelError;
use super::form::{GraphForm, Operators};
use super::graph::{Attr, GraphBuilder, Value};
use super::linear::Linear;
use super::onnx::{ValueInfoProto, data_type};
use super::precision::Precision;

/// How the tokens' logits become one weight a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// Maximum over the tokens.
    #[default]
    Max,
    /// Sum over the tokens.
    Sum,
}

/// Name of the graph's output.
pub const WEIGHTS: &str = "splade_weights";
/// 64 slices of a vocabulary of 30,522; fewer and more are slower on CPUs, see ARCHITECTURE.md.
const CPU_SLICE: usize = 480;
/// With batches of 16,384 tokens a slice's logits, 25 MB in half precision, stay in a GPU's cache.
const GPU_SLICE: usize = 768;

/// Puts the head behind hidden states `[B, L, H]`; `mask` is `[B, L]`, boolean.
///
/// From the maximum on, or from the logits for a sum, everything is float32; the weights are in the
/// precision of the form.
pub fn over_hidden(
    graph: &mut GraphBuilder,
    encoded: &Encoded,
    decoder: &Decoder,
    aggregation: Aggregation,
    form: GraphForm,
) -> Result<(), ModelError> {
    let vocabulary = decoder.weight.shape[0];
    // The head of an int8 model stays in fp32: it decides which terms there are.
    let half = form.precision == Precision::Fp16;
    let linear = Linear::new(if half {
        Precision::Fp16
    } else {
        Precision::Fp32
    });
    let single = Linear::new(Precision::Fp32);
    let last_axis = graph.ints(&[2]);
    let mask = graph.node("Unsqueeze", &[&encoded.mask, &last_axis], &[]);
    let hidden = &encoded.hidden;
    let rows = match aggregation {
        Aggregation::Max => {
            // A padded row becomes a copy of the first token's: it cannot change a maximum.
            let (zero, one, axis) = (graph.ints(&[0]), graph.ints(&[1]), graph.ints(&[1]));
            let first = graph.node("Slice", &[hidden, &zero, &one, &axis], &[]);
            graph.node("Where", &[&mask, hidden, &first], &[])
        }
        Aggregation::Sum => hidden.clone(),
    };
    let rows = linear.operand(graph, &rows);
    let mask = graph.cast(&mask, data_type::FLOAT);
    let axis = graph.ints(&[1]);
    let widened = |graph: &mut GraphBuilder, x: Value| {
        if half {
            graph.cast(&x, data_type::FLOAT)
        } else {
            x
        }
    };
    let slice = match form.operators {
        Operators::Plain | Operators::Own => CPU_SLICE,
        Operators::Fused => GPU_SLICE,
    };
    let mut pooled = Vec::new();
    for from in (0..vocabulary).step_by(slice) {
        let to = (from + slice).min(vocabulary);
        let logits = linear.product(graph, &rows, &decoder.weight.rows(from, to), None)?;
        let bias = match &decoder.bias {
            Some(bias) => Some(single.vector(graph, &bias.rows(from, to))?),
            None => None,
        };
        pooled.push(match aggregation {
            Aggregation::Max => {
                // The bias is the same for every token: it can wait until after the maximum.
                let best = reduce(graph, "ReduceMax", &logits, &axis);
                let best = widened(graph, best);
                let best = add(graph, best, bias.as_deref());
                log1p_relu(graph, &best)
            }
            Aggregation::Sum => {
                let logits = widened(graph, logits);
                let logits = add(graph, logits, bias.as_deref());
                let weights = log1p_relu(graph, &logits);
                let weights = graph.node("Mul", &[&weights, &mask], &[]);
                reduce(graph, "ReduceSum", &weights, &axis)
            }
        });
    }
    let slices: Vec<&str> = pooled.iter().map(String::as_str).collect();
    let mut weights = graph.node("Concat", &slices, &[Attr::Int("axis", 1)]);
    if half {
        // Half the bytes to bring back from the device.
        weights = graph.cast(&weights, data_type::FLOAT16);
        declare(graph, &weights, vocabulary, data_type::FLOAT16);
    } else {
        declare(graph, &weights, vocabulary, data_type::FLOAT);
    }
    Ok(())
}

/// Puts one weight for each token behind hidden states: `w[v] = max_t relu(w · h[t] + b)` over the tokens
/// `t` that are the term `v` (Chen et al. 2024, "BGE M3-Embedding").
pub fn over_tokens(
    builder: &mut EncoderBuilder,
    encoded: &Encoded,
    dense: &Dense,
    vocabulary: usize,
) -> Result<(), ModelError> {
    let weights = builder.dense(&encoded.hidden, dense)?;
    let (ids, graph) = (builder.ids.clone(), &mut builder.graph);
    let last_axis = graph.ints(&[2]);
    let weights = graph.node("Squeeze", &[&weights, &last_axis], &[]);
    let weights = graph.cast(&weights, data_type::FLOAT);
    let weights = graph.node("Relu", &[&weights], &[]);
    let mask = graph.cast(&encoded.mask, data_type::FLOAT);
    let weights = graph.node("Mul", &[&weights, &mask], &[]);
    let (zero, one) = (graph.ints(&[0]), graph.ints(&[1]));
    let columns = graph.ints(&[dim(vocabulary)]);
    let shape = graph.node("Shape", &[&ids], &[]);
    let texts = graph.node("Slice", &[&shape, &zero, &one, &zero], &[]);
    let shape = graph.node("Concat", &[&texts, &columns], &[Attr::Int("axis", 0)]);
    let nothing = graph.scalar(0.0);
    let nothing = graph.node("Expand", &[&nothing, &shape], &[]);
    let attrs = [Attr::Int("axis", 1), Attr::Text("reduction", "max")];
    let weights = graph.node("ScatterElements", &[&nothing, &ids, &weights], &attrs);
    declare(graph, &weights, vocabulary, data_type::FLOAT);
    Ok(())
}

/// Puts the head behind logits `[B, L, V]` of a graph with this opset; `mask` is `[B, L]`, boolean.
pub fn over_logits(
    graph: &mut GraphBuilder,
    logits: &str,
    mask: &str,
    vocabulary: usize,
    opset: i64,
    aggregation: Aggregation,
) {
    let mask = if opset >= 13 {
        let last_axis = graph.ints(&[2]);
        graph.node("Unsqueeze", &[mask, &last_axis], &[])
    } else {
        graph.node("Unsqueeze", &[mask], &[Attr::Ints("axes", &[2])])
    };
    let zero = graph.scalar(0.0);
    // A padded row's logits become 0, whose weight is 0: it changes neither a maximum of weights, nor
    // a sum.
    let logits = graph.node("Where", &[&mask, logits, &zero], &[]);
    let weights = match aggregation {
        Aggregation::Max => {
            let best = reduce_axis_1(graph, "ReduceMax", &logits, opset >= 18);
            log1p_relu(graph, &best)
        }
        Aggregation::Sum => {
            let weights = log1p_relu(graph, &logits);
            reduce_axis_1(graph, "ReduceSum", &weights, opset >= 13)
        }
    };
    declare(graph, &weights, vocabulary, data_type::FLOAT);
}

/// Puts terms and weights of one text, in any shape, into one row of weights.
pub fn over_entries(graph: &mut GraphBuilder, [terms, weights]: [&str; 2], vocabulary: usize) {
    let row = graph.ints(&[1, -1]);
    let [terms, weights] =
        [(terms, data_type::INT64), (weights, data_type::FLOAT)].map(|(values, data_type)| {
            let values = graph.cast(values, data_type);
            graph.node("Reshape", &[&values, &row], &[])
        });
    let nothing = graph.floats(&[1, vocabulary], &vec![0.0; vocabulary]);
    let inputs = [&*nothing, &terms, &weights];
    let all = graph.node("ScatterElements", &inputs, &[Attr::Int("axis", 1)]);
    declare(graph, &all, vocabulary, data_type::FLOAT);
}

fn declare(graph: &mut GraphBuilder, weights: &str, vocabulary: usize, data_type: i32) {
    let vocabulary = i64::try_from(vocabulary).unwrap_or(i64::MAX);
    let dims = [Err("batch"), Ok(vocabulary)];
    graph.output(weights, ValueInfoProto::tensor(WEIGHTS, data_type, &dims));
}

fn reduce(graph: &mut GraphBuilder, op: &str, x: &str, axis: &str) -> Value {
    graph.node(op, &[x, axis], &[Attr::Int("keepdims", 0)])
}

/// The axes of a reduction moved from an attribute to an input, at a different opset for each.
fn reduce_axis_1(graph: &mut GraphBuilder, op: &str, x: &str, as_input: bool) -> Value {
    if as_input {
        let axis = graph.ints(&[1]);
        return reduce(graph, op, x, &axis);
    }
    graph.node(
        op,
        &[x],
        &[Attr::Ints("axes", &[1]), Attr::Int("keepdims", 0)],
    )
}

fn add(graph: &mut GraphBuilder, x: Value, bias: Option<&str>) -> Value {
    match bias {
        Some(bias) => graph.node("Add", &[&x, bias], &[]),
        None => x,
    }
}

fn log1p_relu(graph: &mut GraphBuilder, x: &str) -> Value {
    let x = graph.node("Relu", &[x], &[]);
    let one = graph.scalar(1.0);
    let x = graph.node("Add", &[&x, &one], &[]);
    graph.node("Log", &[&x], &[])
}
