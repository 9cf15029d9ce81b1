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

use super::checkpoint::Tensor;
use super::graph::{Attr, GraphBuilder, Value};
use super::onnx::{ValueInfoProto, data_type};

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
/// 64 slices of a vocabulary of 30,522; fewer and more are slower, see ARCHITECTURE.md.
const SLICE: usize = 480;

/// The decoder of a masked-language model.
pub struct Decoder {
    /// `[V, H]`
    pub weight: Tensor,
    /// `[V]`
    pub bias: Option<Tensor>,
}

/// Puts the head behind hidden states `[B, L, H]`; `mask` is `[B, L]`, boolean.
pub fn over_hidden(
    graph: &mut GraphBuilder,
    hidden: &Value,
    mask: &Value,
    decoder: &Decoder,
    aggregation: Aggregation,
) {
    let vocabulary = decoder.weight.shape[0];
    let last_axis = graph.ints(&[2]);
    let mask = graph.node("Unsqueeze", &[mask, &last_axis], &[]);
    let rows = match aggregation {
        Aggregation::Max => {
            // A padded row becomes a copy of the first token's: it cannot change a maximum.
            let (zero, one, axis) = (graph.ints(&[0]), graph.ints(&[1]), graph.ints(&[1]));
            let first = graph.node("Slice", &[hidden, &zero, &one, &axis], &[]);
            graph.node("Where", &[&mask, hidden, &first], &[])
        }
        Aggregation::Sum => hidden.clone(),
    };
    let mask = graph.node(
        "Cast",
        &[&mask],
        &[Attr::Int("to", data_type::FLOAT.into())],
    );
    let axis = graph.ints(&[1]);
    let mut pooled = Vec::new();
    for from in (0..vocabulary).step_by(SLICE) {
        let to = (from + SLICE).min(vocabulary);
        let slice = graph.tensor(&decoder.weight.rows(from, to));
        let logits = graph.matmul_transposed(&rows, &slice);
        let bias = decoder
            .bias
            .as_ref()
            .map(|bias| graph.tensor(&bias.rows(from, to)));
        pooled.push(match aggregation {
            Aggregation::Max => {
                // The bias is the same for every token: it can wait until after the maximum.
                let best = reduce(graph, "ReduceMax", &logits, &axis);
                let best = add(graph, best, bias.as_ref());
                log1p_relu(graph, &best)
            }
            Aggregation::Sum => {
                let logits = add(graph, logits, bias.as_ref());
                let weights = log1p_relu(graph, &logits);
                let weights = graph.node("Mul", &[&weights, &mask], &[]);
                reduce(graph, "ReduceSum", &weights, &axis)
            }
        });
    }
    let slices: Vec<&Value> = pooled.iter().collect();
    let weights = graph.node("Concat", &slices, &[Attr::Int("axis", 1)]);
    declare(graph, &weights, vocabulary);
}

/// Puts the head behind logits `[B, L, V]` of a graph with this opset; `mask` is `[B, L]`, boolean.
pub fn over_logits(
    graph: &mut GraphBuilder,
    logits: &Value,
    mask: &Value,
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
    declare(graph, &weights, vocabulary);
}

fn declare(graph: &mut GraphBuilder, weights: &Value, vocabulary: usize) {
    let vocabulary = i64::try_from(vocabulary).unwrap_or(i64::MAX);
    let dims = [Err("batch"), Ok(vocabulary)];
    graph.output(
        weights,
        ValueInfoProto::tensor(WEIGHTS, data_type::FLOAT, &dims),
    );
}

fn reduce(graph: &mut GraphBuilder, op: &str, x: &Value, axis: &Value) -> Value {
    graph.node(op, &[x, axis], &[Attr::Int("keepdims", 0)])
}

/// The axes of a reduction moved from an attribute to an input, at a different opset for each.
fn reduce_axis_1(graph: &mut GraphBuilder, op: &str, x: &Value, as_input: bool) -> Value {
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

fn add(graph: &mut GraphBuilder, x: Value, bias: Option<&Value>) -> Value {
    match bias {
        Some(bias) => graph.node("Add", &[&x, bias], &[]),
        None => x,
    }
}

fn log1p_relu(graph: &mut GraphBuilder, x: &Value) -> Value {
    let x = graph.node("Relu", &[x], &[]);
    let one = graph.scalar(1.0);
    let x = graph.node("Add", &[&x, &one], &[]);
    graph.node("Log", &[&x], &[])
}
