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

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::blocks::{Decoder, Dense, Encoded, EncoderBuilder, dim};
use super::error::ModelError;
use super::form::{GraphForm, Operators};
use super::graph::{Attr, GraphBuilder, Value};
use super::linear::Linear;
use super::onnx::{ValueInfoProto, data_type};
use super::onnx_graph::GraphOutput;
use super::precision::Precision;
use super::weights::Tensor;

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

/// Name of the output with the weights.
const WEIGHTS: &str = "splade_weights";
/// Name of the output that tells which weights they are.
const PLACES: &str = "splade_places";
/// 64 slices of a vocabulary of 30,522; fewer and more are slower on CPUs, see ARCHITECTURE.md.
const CPU_SLICE: usize = 480;
/// With batches of 16,384 tokens a slice's logits, 25 MB in half precision, stay in a GPU's cache.
const GPU_SLICE: usize = 768;

/// Puts the head behind hidden states `[B, L, H]`; `mask` is `[B, L]`, boolean.
///
/// From the maximum on, or from the logits for a sum, everything is float32.
pub fn over_hidden(
    graph: &mut GraphBuilder,
    encoded: &Encoded,
    decoder: &Decoder,
    aggregation: Aggregation,
    form: GraphForm,
) -> Result<GraphOutput, ModelError> {
    let vocabulary = decoder.weight.shape[0];
    let sliced = SlicedDecoder::new(decoder, form);
    let weights = match aggregation {
        Aggregation::Max => sliced.maximum(graph, encoded)?,
        Aggregation::Sum => sliced.sum(graph, encoded)?,
    };
    Ok(declare(graph, &weights, vocabulary, form.operators))
}

/// A decoder that is applied to one slice of the vocabulary after the other.
struct SlicedDecoder<'a> {
    decoder: &'a Decoder,
    /// Terms of a slice.
    slice: usize,
    /// True if its products are in half precision.
    half: bool,
}

impl<'a> SlicedDecoder<'a> {
    fn new(decoder: &'a Decoder, form: GraphForm) -> Self {
        Self {
            decoder,
            slice: match form.operators {
                Operators::Plain | Operators::Own => CPU_SLICE,
                Operators::Fused => GPU_SLICE,
            },
            // The head of an int8 model stays in fp32: it decides which terms there are.
            half: form.precision == Precision::Fp16,
        }
    }

    fn maximum(&self, graph: &mut GraphBuilder, encoded: &Encoded) -> Result<Value, ModelError> {
        // A padded row becomes a copy of the first token's: it cannot change a maximum.
        let (zero, one, axis) = (graph.ints(&[0]), graph.ints(&[1]), graph.ints(&[1]));
        let first = graph.node("Slice", &[&encoded.hidden, &zero, &one, &axis], &[]);
        let mask = mask_of_rows(graph, encoded);
        let rows = graph.node("Where", &[&mask, &encoded.hidden, &first], &[]);
        let best = self.pooled(graph, &rows, "ReduceMax", |_, logits, _| Ok(logits))?;
        // The bias is the same for every token: it can wait until after the maximum.
        let best = self.widened(graph, best);
        let best = add(graph, best, self.decoder.bias.as_ref())?;
        Ok(log1p_relu(graph, &best))
    }

    fn sum(&self, graph: &mut GraphBuilder, encoded: &Encoded) -> Result<Value, ModelError> {
        let mask = mask_of_rows(graph, encoded);
        let mask = graph.cast(&mask, data_type::FLOAT);
        self.pooled(
            graph,
            &encoded.hidden,
            "ReduceSum",
            |graph, logits, terms| {
                let logits = self.widened(graph, logits);
                let bias = self.decoder.bias.as_ref();
                let bias = bias.map(|bias| bias.rows(terms.start, terms.end));
                let logits = add(graph, logits, bias.as_ref())?;
                let weights = log1p_relu(graph, &logits);
                Ok(graph.node("Mul", &[&weights, &mask], &[]))
            },
        )
    }

    /// Writes the reduction of what `of_tokens` makes of the logits of each slice's terms, `[B, V]`.
    fn pooled(
        &self,
        graph: &mut GraphBuilder,
        rows: &str,
        reduction: &str,
        of_tokens: impl Fn(&mut GraphBuilder, Value, Range<usize>) -> Result<Value, ModelError>,
    ) -> Result<Value, ModelError> {
        let weight = &self.decoder.weight;
        let vocabulary = weight.shape[0];
        let linear = Linear::new(if self.half {
            Precision::Fp16
        } else {
            Precision::Fp32
        });
        let rows = linear.operand(graph, rows);
        let axis = graph.ints(&[1]);
        let mut slices = Vec::new();
        for from in (0..vocabulary).step_by(self.slice) {
            let terms = from..(from + self.slice).min(vocabulary);
            let slice = weight.rows(terms.start, terms.end);
            let logits = linear.product(graph, &rows, &slice, None)?;
            let values = of_tokens(graph, logits, terms)?;
            slices.push(reduce(graph, reduction, &values, &axis));
        }
        let slices: Vec<&str> = slices.iter().map(String::as_str).collect();
        Ok(graph.node("Concat", &slices, &[Attr::Int("axis", 1)]))
    }

    /// Returns `x` in single precision.
    fn widened(&self, graph: &mut GraphBuilder, x: Value) -> Value {
        if self.half {
            graph.cast(&x, data_type::FLOAT)
        } else {
            x
        }
    }
}

/// Returns the mask as `[B, L, 1]`, boolean.
fn mask_of_rows(graph: &mut GraphBuilder, encoded: &Encoded) -> Value {
    let last_axis = graph.ints(&[2]);
    graph.node("Unsqueeze", &[&encoded.mask, &last_axis], &[])
}

/// Puts one weight for each token behind hidden states: `w[v] = max_t relu(w · h[t] + b)` over the tokens
/// `t` that are the term `v` (Chen et al. 2024, "BGE M3-Embedding").
pub fn over_tokens(
    builder: &mut EncoderBuilder,
    encoded: &Encoded,
    dense: &Dense,
    vocabulary: usize,
) -> Result<GraphOutput, ModelError> {
    let operators = builder.operators;
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
    Ok(declare(graph, &weights, vocabulary, operators))
}

/// Puts the head behind logits `[B, L, V]` of a graph with this opset; `mask` is `[B, L]`, boolean.
pub fn over_logits(
    graph: &mut GraphBuilder,
    logits: &str,
    mask: &str,
    vocabulary: usize,
    opset: i64,
    aggregation: Aggregation,
) -> GraphOutput {
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
    declare_dense(graph, &weights, vocabulary)
}

/// Puts terms and weights of one text, in any shape, into one row of weights.
pub fn over_entries(
    graph: &mut GraphBuilder,
    [terms, weights]: [&str; 2],
    vocabulary: usize,
) -> GraphOutput {
    let row = graph.ints(&[1, -1]);
    let [terms, weights] =
        [(terms, data_type::INT64), (weights, data_type::FLOAT)].map(|(values, data_type)| {
            let values = graph.cast(values, data_type);
            graph.node("Reshape", &[&values, &row], &[])
        });
    let nothing = graph.floats(&[1, vocabulary], &vec![0.0; vocabulary]);
    let inputs = [&*nothing, &terms, &weights];
    let all = graph.node("ScatterElements", &inputs, &[Attr::Int("axis", 1)]);
    declare_dense(graph, &all, vocabulary)
}

/// Declares weights `[B, V]` in the form that suits the device with these operators.
fn declare(
    graph: &mut GraphBuilder,
    weights: &str,
    vocabulary: usize,
    operators: Operators,
) -> GraphOutput {
    match operators {
        Operators::Plain | Operators::Own => declare_dense(graph, weights, vocabulary),
        Operators::Fused => declare_entries(graph, weights, vocabulary),
    }
}

fn declare_dense(graph: &mut GraphBuilder, weights: &str, vocabulary: usize) -> GraphOutput {
    let dims = [Err("batch"), Ok(dim(vocabulary))];
    let info = ValueInfoProto::tensor(WEIGHTS, data_type::FLOAT, &dims);
    graph.output(weights, info);
    GraphOutput::Dense(WEIGHTS.to_owned())
}

fn declare_entries(graph: &mut GraphBuilder, weights: &str, vocabulary: usize) -> GraphOutput {
    let in_a_row = graph.ints(&[-1]);
    let all = graph.node("Reshape", &[weights, &in_a_row], &[]);
    let places = graph.node("NonZero", &[&all], &[]);
    let places = graph.node("Reshape", &[&places, &in_a_row], &[]);
    let weights = graph.node("Gather", &[&all, &places], &[]);
    let entries = |name, data_type| ValueInfoProto::tensor(name, data_type, &[Err("entries")]);
    graph.output(&places, entries(PLACES, data_type::INT64));
    graph.output(&weights, entries(WEIGHTS, data_type::FLOAT));
    GraphOutput::Entries {
        places: PLACES,
        weights: WEIGHTS,
        columns: vocabulary,
    }
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

/// Adds a bias in single precision.
fn add(graph: &mut GraphBuilder, x: Value, bias: Option<&Tensor>) -> Result<Value, ModelError> {
    let Some(bias) = bias else { return Ok(x) };
    let bias = Linear::new(Precision::Fp32).vector(graph, bias)?;
    Ok(graph.node("Add", &[&x, &bias], &[]))
}

fn log1p_relu(graph: &mut GraphBuilder, x: &str) -> Value {
    let x = graph.node("Relu", &[x], &[]);
    let one = graph.scalar(1.0);
    let x = graph.node("Add", &[&x, &one], &[]);
    graph.node("Log", &[&x], &[])
}
