//! Term index, `.tip`.
//!
//! For each field a finite-state transducer (Lucene's FST, version 8) from the prefix of a block of terms to where the
//! block lies in `.tim`. We write a plain trie: nodes are never shared, and the value of a key sits whole on the arc
//! that completes it.
//!
//! ```text
//! field  00 filler, so that address 0 means "no node" · nodes, children before their parents
//! node   its arcs in label order, each  u8 flags · u8 label · [vint length, value] · [vlong address of the target];
//!        the bytes of the whole node reversed; its address is that of its last byte, since readers run downwards
//! flags  01 a key ends here · 02 last arc of the node · 04 the target is the node written just before
//!        08 the target has no arcs · 20 a value follows (always with 01)
//! ```
//!
//! The block tree closes a block after all blocks with a longer prefix, so the nodes below a prefix can be written when
//! its block is written: the trie is never held in memory. The parent only needs the [`Key`].

use std::path::PathBuf;

use crate::lucene::error::Result;
use crate::lucene::store::codec::{Codec, put_header};
use crate::lucene::store::output::{Output, Written};
use crate::lucene::store::primitives::PutBytes;

/// Header of `.tip`.
pub(crate) const CODEC: Codec<'static> = Codec::per_field("BlockTreeTermsIndex");

const FINAL: u8 = 0x01;
const LAST: u8 = 0x02;
const TARGET_JUST_BEFORE: u8 = 0x04;
const NO_TARGET: u8 = 0x08;
const HAS_VALUE: u8 = 0x20;

/// Value and node of a key whose longer keys are written already: all that an arc to it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The value of the key.
    pub value: Vec<u8>,
    /// The node below it, if longer keys begin with it.
    pub node: Option<u64>,
}

/// Arc of a node that is to be written.
struct Arc<'a> {
    label: u8,
    value: Option<&'a [u8]>,
    target: Option<u64>,
}

/// Writes `.tip`, a field at a time.
#[derive(Debug)]
pub(crate) struct TermIndexWriter {
    out: Output,
    start: u64,
    node: Vec<u8>,
}

impl TermIndexWriter {
    /// Creates the file.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let out = Output::create(path, CODEC)?;
        Ok(Self {
            start: out.position(),
            out,
            node: Vec::new(),
        })
    }

    /// Begins the transducer of a field.
    pub(crate) fn start_field(&mut self) -> Result<()> {
        self.start = self.out.position();
        self.out.write(&[0])
    }

    /// Ends the transducer of a field, whose empty key has the value of `root`, and appends its description for `.tmd`.
    pub(crate) fn finish_field(&mut self, root: &Key, meta: &mut Vec<u8>) {
        meta.vlong(self.start);
        put_header("FST", 8, meta);
        let mut output = Vec::new();
        output.counted(&root.value);
        output.reverse();
        meta.u8(1);
        meta.counted(&output);
        meta.u8(0);
        meta.vlong(root.node.unwrap_or(0));
        meta.vlong(self.out.position() - self.start);
    }

    /// Writes the nodes between a prefix and the keys below it, which are given in order without the prefix, none
    /// empty and none a prefix of another. Returns the node of the prefix, if there are keys.
    pub(crate) fn write_nodes(&mut self, keys: &[(&[u8], &Key)]) -> Result<Option<u64>> {
        if keys.is_empty() {
            return Ok(None);
        }
        self.node_at(keys, 0).map(Some)
    }

    /// Writes the node where `depth` bytes of the keys have been read. It branches by recursion, once for each byte
    /// where keys part, and follows the bytes that all keys share in a loop, so that long terms need no deep stack.
    fn node_at(&mut self, keys: &[(&[u8], &Key)], depth: usize) -> Result<u64> {
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
            return Ok(0);
        };
        let rest = |key: &[u8], from: usize| key.get(from..).unwrap_or_default().to_vec();
        let (shared, mut address) = if keys.len() == 1 {
            // The last byte's arc carries the value; the loop below writes the bytes before it.
            let shared = first.0.len().saturating_sub(1);
            let arc = Self::arc_to(first, shared);
            (shared, self.write_node(&[arc])?)
        } else {
            let shared = depth
                + rest(first.0, depth)
                    .iter()
                    .zip(rest(last.0, depth))
                    .take_while(|(a, b)| **a == *b)
                    .count();
            let mut arcs = Vec::new();
            for group in keys.chunk_by(|a, b| a.0.get(shared) == b.0.get(shared)) {
                arcs.push(match group {
                    [key] if key.0.len() == shared + 1 => Self::arc_to(key, shared),
                    _ => {
                        let target = Some(self.node_at(group, shared + 1)?);
                        let label = group[0].0.get(shared).copied().unwrap_or(0);
                        Arc {
                            label,
                            value: None,
                            target,
                        }
                    }
                });
            }
            (shared, self.write_node(&arcs)?)
        };
        for &label in first.0.get(depth..shared).unwrap_or_default().iter().rev() {
            address = self.write_node(&[Arc {
                label,
                value: None,
                target: Some(address),
            }])?;
        }
        Ok(address)
    }

    fn arc_to<'a>(key: &(&[u8], &'a Key), at: usize) -> Arc<'a> {
        Arc {
            label: key.0.get(at).copied().unwrap_or(0),
            value: Some(&key.1.value),
            target: key.1.node,
        }
    }

    fn write_node(&mut self, arcs: &[Arc<'_>]) -> Result<u64> {
        self.node.clear();
        let written = self.out.position() - self.start;
        for (i, arc) in arcs.iter().enumerate() {
            let mut flags = 0;
            if arc.value.is_some() {
                flags |= FINAL | HAS_VALUE;
            }
            if i + 1 == arcs.len() {
                flags |= LAST;
            }
            match arc.target {
                None => flags |= NO_TARGET,
                Some(target) if target + 1 == written => flags |= TARGET_JUST_BEFORE,
                Some(_) => {}
            }
            self.node.push(flags);
            self.node.push(arc.label);
            if let Some(value) = arc.value {
                self.node.counted(value);
            }
            if let (Some(target), 0) = (arc.target, flags & TARGET_JUST_BEFORE) {
                self.node.vlong(target);
            }
        }
        self.node.reverse();
        self.out.write(&self.node)?;
        Ok(self.out.position() - self.start - 1)
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<Written> {
        self.out.finish()
    }
}
