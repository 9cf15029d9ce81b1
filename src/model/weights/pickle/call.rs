//! What takes the place of calling a function or class.

use super::global::Global;
use super::value::{Node, Value, View};

/// Most dimensions of a tensor: torch's own limit is 64, that of models 4.
const MAX_DIMENSIONS: usize = 8;

/// What takes the place of a call.
pub(super) enum Called<'a> {
    Value(Value<'a>),
    Node(Node<'a>),
}

/// Returns what calling `global` with these arguments would give.
pub(super) fn call<'a>(
    global: Global,
    arguments: &[Value<'a>],
    nodes: &[Node<'a>],
) -> Result<Called<'a>, String> {
    match global {
        Global::Tensor => view(arguments, nodes).map(|view| Called::Node(Node::Tensor(view))),
        Global::Parameter => match arguments.first() {
            Some(&Value::Node(id)) if matches!(nodes[id.0 as usize], Node::Tensor(_)) => {
                Ok(Called::Value(Value::Node(id)))
            }
            _ => Err("a parameter without a tensor".into()),
        },
        Global::OrderedDict => pairs(arguments, nodes).map(|dict| Called::Node(Node::Dict(dict))),
        Global::Inert => Ok(Called::Value(Value::Opaque)),
        Global::Storage(_) => Err("a storage is made by a call".into()),
    }
}

fn view<'a>(arguments: &[Value<'a>], nodes: &[Node<'a>]) -> Result<View<'a>, String> {
    let &[Value::Node(storage), first, shape, strides, ..] = arguments else {
        return Err("a tensor needs a storage, an offset, a shape and strides".into());
    };
    let Node::Storage(storage) = nodes[storage.0 as usize] else {
        return Err("a tensor needs a storage".into());
    };
    Ok(View {
        storage,
        first: first.count().ok_or("a tensor begins at a negative value")?,
        shape: counts(shape, nodes).ok_or("a tensor's shape is no tuple of counts")?,
        strides: counts(strides, nodes).ok_or("a tensor's strides are no tuple of counts")?,
    })
}

/// Returns the numbers of a tuple of a few counts.
fn counts(tuple: Value<'_>, nodes: &[Node<'_>]) -> Option<Vec<usize>> {
    let Value::Node(id) = tuple else { return None };
    let Node::Tuple(items) = &nodes[id.0 as usize] else {
        return None;
    };
    if items.len() > MAX_DIMENSIONS {
        return None;
    }
    let count = |item: &Value<'_>| usize::try_from(item.count()?).ok();
    items.iter().map(count).collect()
}

/// Returns the entries that an ordered dict is made with: none, or those of a list of pairs.
fn pairs<'a>(
    arguments: &[Value<'a>],
    nodes: &[Node<'a>],
) -> Result<Vec<(Value<'a>, Value<'a>)>, String> {
    let items = match arguments {
        [] => return Ok(Vec::new()),
        &[Value::Node(id)] => match &nodes[id.0 as usize] {
            Node::List(items) => items,
            _ => return Err("a dict is made from something that is no list".into()),
        },
        _ => return Err("a dict is made from something that is no list".into()),
    };
    let pair = |item: &Value<'a>| {
        let &Value::Node(id) = item else { return None };
        match &nodes[id.0 as usize] {
            Node::List(pair) | Node::Tuple(pair) => pair.first_chunk::<2>().map(|&[k, v]| (k, v)),
            _ => None,
        }
    };
    let pairs: Option<_> = items.iter().map(pair).collect();
    pairs.ok_or_else(|| "a dict is made from something that is no pair".into())
}
