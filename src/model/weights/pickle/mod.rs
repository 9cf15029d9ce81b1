//! Reads `pytorch_model.bin` without running anything of it.
//!
//! ```text
//! zip     ARCHIVE/data.pkl            one pickle: the state dict; its tensors name storages by a key
//!         ARCHIVE/data/KEY            the values of a storage, stored without compression
//!         ARCHIVE/byteorder           "little", where it is there
//! legacy  pickle  a magic number
//!         pickle  the protocol, 1001
//!         pickle  a dict about the system: little_endian
//!         pickle  the state dict
//!         pickle  a list of the storages' keys, in the order of what follows
//!         for each of these: its number of values in 8 bytes, then the values
//! ```
//!
//! A pickle is a program for a small stack machine. [`machine`] knows the instructions that build data, and of the
//! functions that a pickle may call only those in [`global`]: torch's ways to put a tensor together, which become a
//! description of where the values lie, and an ordered dict. Any other name ends the reading. Memory is bounded by
//! the length of the pickle, which is limited, and tensors are read when they are asked for.

mod archive;
mod call;
mod error;
mod global;
mod legacy;
mod limits;
mod machine;
mod opcode;
mod state_dict;
mod storage;
mod tensor;
mod value;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

pub use error::PickleError;
#[allow(unused_imports, reason = "used where checkpoints are opened")]
pub use storage::StorageType;
pub use tensor::PickleTensor;

/// Reads where the tensors of a file written by `torch.save` lie: name and tensor, in the file's order.
///
/// # Errors
/// [`PickleError`] if the file is damaged, hostile, or holds no state dict.
pub fn read_pickled_tensors(path: &Path) -> Result<Vec<(String, PickleTensor)>, PickleError> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let start = file.read(&mut magic)?;
    file.rewind()?;
    let origin: Arc<Path> = path.into();
    match &magic[..start] {
        b"PK\x03\x04" => archive::read(file, &origin),
        // The first instruction of every pickle that torch writes.
        [0x80, 2..=5, ..] => legacy::read(file, &origin),
        _ => Err(PickleError::OtherFormat),
    }
}

#[cfg(test)]
mod tests;
