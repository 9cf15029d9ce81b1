//! Finds the tensors by name in what a pickle built.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::error::PickleError;
use super::machine::Pickled;
use super::storage::{Place, Storage};
use super::tensor::PickleTensor;
use super::value::{Node, Value, View};

/// Where trainers put the state dict when they save more than that.
const WRAPPERS: [&str; 5] = ["state_dict", "model_state_dict", "model", "module", "net"];
/// Dicts in dicts that are looked into.
const MAX_DEPTH: usize = 4;

/// Returns the tensors of the state dict, each in its place in the file. The last of two with one name is taken, as
/// Python does.
pub(super) fn tensors(
    pickled: &Pickled<'_>,
    file: &Arc<Path>,
    mut place_of: impl FnMut(&Storage<'_>) -> Result<Place, PickleError>,
) -> Result<Vec<(String, PickleTensor)>, PickleError> {
    let mut places = HashMap::new();
    let mut tensors = Vec::new();
    let mut by_name = HashMap::new();
    for (name, view) in find(pickled).ok_or(PickleError::NoStateDict)? {
        let place = match places.get(view.storage.key) {
            Some(&place) => place,
            None => place_of(&view.storage)?,
        };
        places.insert(view.storage.key, place);
        let tensor = PickleTensor::new(file, name, view.clone(), place)?;
        if let Some(&index) = by_name.get(name) {
            tensors[index] = (name.to_owned(), tensor);
        } else {
            by_name.insert(name, tensors.len());
            tensors.push((name.to_owned(), tensor));
        }
    }
    Ok(tensors)
}

/// Returns the named tensors of the outermost dict that has some.
fn find<'p, 'a>(pickled: &'p Pickled<'a>) -> Option<Vec<(&'a str, &'p View<'a>)>> {
    let mut value = pickled.value;
    for _ in 0..MAX_DEPTH {
        let entries = dict(value, pickled)?;
        let found: Vec<_> = entries
            .iter()
            .filter_map(|&(key, value)| Some((text(key)?, view(value, pickled)?)))
            .collect();
        if !found.is_empty() {
            return Some(found);
        }
        let inner = |name: &&str| {
            let named = |&&(key, _): &&(Value<'a>, Value<'a>)| text(key) == Some(*name);
            let (_, value) = entries.iter().rev().find(named)?;
            dict(*value, pickled).map(|_| *value)
        };
        value = WRAPPERS.iter().find_map(inner)?;
    }
    None
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn dict<'p, 'a>(
    value: Value<'a>,
    pickled: &'p Pickled<'a>,
) -> Option<&'p [(Value<'a>, Value<'a>)]> {
    match value {
        Value::Node(id) => match &pickled.nodes[id.0 as usize] {
            Node::Dict(entries) => Some(entries),
            _ => None,
        },
        _ => None,
    }
}

fn view<'p, 'a>(value: Value<'a>, pickled: &'p Pickled<'a>) -> Option<&'p View<'a>> {
    match value {
        Value::Node(id) => match &pickled.nodes[id.0 as usize] {
            Node::Tensor(view) => Some(view),
            _ => None,
        },
        _ => None,
    }
}
