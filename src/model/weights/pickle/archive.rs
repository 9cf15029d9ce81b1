//! The zip format of `torch.save`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::error::PickleError;
use super::limits::MAX_PICKLE;
use super::machine::read_pickle;
use super::state_dict;
use super::storage::Place;
use super::tensor::PickleTensor;

/// The name of the pickle in the archive's own folder.
const PICKLE: &str = "/data.pkl";

type Archive = ZipArchive<BufReader<File>>;

/// Reads where the tensors of an archive lie.
pub(super) fn read(
    file: File,
    path: &Arc<Path>,
) -> Result<Vec<(String, PickleTensor)>, PickleError> {
    let length = file.metadata()?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e))?;
    let names = archive.file_names().filter_map(Result::ok);
    let pickle = names
        .map(Cow::into_owned)
        .find(|name| name.ends_with(PICKLE));
    let pickle = pickle.ok_or(PickleError::OtherFormat)?;
    let folder = pickle[..pickle.len() - PICKLE.len()].to_owned();
    let order = small_file(&mut archive, &format!("{folder}/byteorder"), 16)?;
    if order.is_some_and(|order| order.trim_ascii() != b"little") {
        return Err(PickleError::Unsupported("big-endian numbers"));
    }
    let bytes = small_file(&mut archive, &pickle, MAX_PICKLE)?.unwrap_or_default();
    let pickled = read_pickle(&bytes)?;
    state_dict::tensors(&pickled, path, |storage| {
        let name = format!("{folder}/data/{}", storage.key);
        let place = place(&mut archive, &name)?;
        match place.offset.checked_add(place.bytes) {
            Some(end) if end <= length => Ok(place),
            _ => Err(PickleError::Damaged(format!(
                "{name} reaches beyond its end"
            ))),
        }
    })
}

/// Reads a whole entry of limited length; `None` if there is none of that name.
fn small_file(
    archive: &mut Archive,
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, PickleError> {
    let Some(index) = archive.index_for_name(name) else {
        return Ok(None);
    };
    let entry = archive.by_index(index).map_err(|e| damaged(&e))?;
    let mut bytes = Vec::new();
    let read = entry.take(limit + 1).read_to_end(&mut bytes)?;
    if read as u64 > limit {
        return Err(PickleError::Damaged(format!(
            "{name} has more than {limit} bytes"
        )));
    }
    Ok(Some(bytes))
}

/// Returns where a storage's values lie.
fn place(archive: &mut Archive, name: &str) -> Result<Place, PickleError> {
    let index = archive.index_for_name(name);
    let index = index.ok_or_else(|| PickleError::Damaged(format!("it has no {name}")))?;
    let entry = archive.by_index(index).map_err(|e| damaged(&e))?;
    if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
        return Err(PickleError::Unsupported(
            "compressed values, which torch does not write",
        ));
    }
    let start = entry.data_start();
    Ok(Place {
        offset: start.ok_or_else(|| PickleError::Damaged(format!("{name} lies nowhere")))?,
        bytes: entry.size(),
    })
}

fn damaged(error: &zip::result::ZipError) -> PickleError {
    PickleError::Damaged(error.to_string())
}
