//! What a pickle builds.
//!
//! Values are small and copied; what has parts lies in one list of [`Node`]s and is named by its place there. So a
//! pickle may nest or loop as it likes: nothing here calls itself, and all of it is dropped at once.

use super::global::Global;
use super::storage::Storage;

/// A value on the stack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits, little-endian.
    Long(&'a [u8]),
    Text(&'a str),
    /// A value that no state dict needs: a float, bytes, the attributes of an object.
    Opaque,
    Global(Global),
    Node(NodeId),
}

/// The place of a node in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(pub u32);

/// A value that has parts.
#[derive(Debug)]
pub(super) enum Node<'a> {
    List(Vec<Value<'a>>),
    Tuple(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    Storage(Storage<'a>),
    Tensor(View<'a>),
}

/// A tensor as a pickle describes it: a view of a storage.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    pub storage: Storage<'a>,
    /// The first value, counted from the storage's beginning.
    pub first: u64,
    pub shape: Vec<usize>,
    /// Values from one entry to the next, by dimension.
    pub strides: Vec<usize>,
}

impl Value<'_> {
    /// Returns a count: an integer that is not negative.
    pub fn count(self) -> Option<u64> {
        match self {
            Self::Int(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }
}
