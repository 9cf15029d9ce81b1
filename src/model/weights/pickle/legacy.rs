//! The format of `torch.save` before version 1.6 of torch.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::error::PickleError;
use super::limits::MAX_PICKLE;
use super::machine::{Pickled, read_pickle};
use super::state_dict;
use super::storage::{Place, StorageType};
use super::tensor::PickleTensor;
use super::value::{Node, Value};
use crate::quote::Quoted;

/// The number that the file begins with, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;

/// Reads where the tensors of a legacy file lie.
pub(super) fn read(
    mut file: File,
    path: &Arc<Path>,
) -> Result<Vec<(String, PickleTensor)>, PickleError> {
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    (&mut file).take(MAX_PICKLE).read_to_end(&mut bytes)?;
    let mut pickles = Pickles {
        bytes: &bytes,
        at: 0,
    };
    match pickles.next()?.value {
        Value::Long(magic) if magic == MAGIC => {}
        _ => return Err(PickleError::OtherFormat),
    }
    match pickles.next()?.value {
        Value::Int(PROTOCOL) => {}
        _ => return Err(PickleError::OtherFormat),
    }
    if !is_little_endian(&pickles.next()?) {
        return Err(PickleError::Unsupported("big-endian numbers"));
    }
    let state = pickles.next()?;
    let keys = pickles.next()?;
    let places = places(&mut file, pickles.at as u64, length, &state, &keys)?;
    state_dict::tensors(&state, path, |storage| {
        let place = places.get(storage.key).copied();
        place.ok_or_else(|| {
            PickleError::Damaged(format!("it has no storage {}", Quoted(storage.key)))
        })
    })
}

/// Pickles one after the other.
struct Pickles<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Pickles<'a> {
    fn next(&mut self) -> Result<Pickled<'a>, PickleError> {
        let start = self.at;
        let pickled = read_pickle(&self.bytes[start..]).map_err(|error| match error {
            PickleError::Broken { at, reason } => PickleError::Broken {
                at: start + at,
                reason,
            },
            other => other,
        })?;
        self.at += pickled.length;
        Ok(pickled)
    }
}

fn is_little_endian(system: &Pickled<'_>) -> bool {
    let Value::Node(id) = system.value else {
        return false;
    };
    match &system.nodes[id.0 as usize] {
        Node::Dict(entries) => entries
            .iter()
            .any(|entry| matches!(entry, (Value::Text("little_endian"), Value::Bool(true)))),
        _ => false,
    }
}

/// Walks over the storages behind the pickles.
fn places<'a>(
    file: &mut File,
    mut at: u64,
    length: u64,
    state: &Pickled<'a>,
    keys: &Pickled<'a>,
) -> Result<HashMap<&'a str, Place>, PickleError> {
    let kinds = kinds(state);
    let mut places = HashMap::new();
    for key in key_list(keys)? {
        let kind = kinds.get(key);
        let kind = kind
            .ok_or_else(|| PickleError::Damaged(format!("nothing uses storage {}", Quoted(key))))?;
        let mut count = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut count)
            .map_err(|_| PickleError::Damaged("it ends within its storages".into()))?;
        let offset = at + count.len() as u64;
        let bytes = u64::from_le_bytes(count).checked_mul(kind.size() as u64);
        let end = bytes.and_then(|bytes| offset.checked_add(bytes));
        let Some((bytes, end)) = bytes.zip(end).filter(|&(_, end)| end <= length) else {
            return Err(PickleError::Damaged("it ends within its storages".into()));
        };
        places.insert(key, Place { offset, bytes });
        at = end;
    }
    Ok(places)
}

/// Returns the types of all storages by key.
fn kinds<'a>(state: &Pickled<'a>) -> HashMap<&'a str, StorageType> {
    let storages = state.nodes.iter().filter_map(|node| match node {
        Node::Storage(storage) => Some((storage.key, storage.kind)),
        _ => None,
    });
    storages.collect()
}

fn key_list<'a>(keys: &Pickled<'a>) -> Result<Vec<&'a str>, PickleError> {
    let wrong = || PickleError::Damaged("its list of storages is none".into());
    let Value::Node(id) = keys.value else {
        return Err(wrong());
    };
    let Node::List(items) = &keys.nodes[id.0 as usize] else {
        return Err(wrong());
    };
    let text = |item: &Value<'a>| match *item {
        Value::Text(text) => Some(text),
        _ => None,
    };
    items
        .iter()
        .map(text)
        .collect::<Option<_>>()
        .ok_or_else(wrong)
}
