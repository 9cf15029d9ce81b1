//! Why a file of `torch.save` cannot be read.

use std::io;

use thiserror::Error;

use crate::quote::{Name, Quoted};

/// Why a file of `torch.save` cannot be read. The path is for the caller to add.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum PickleError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(
        "this is neither of the two formats of torch.save; load the model with transformers and save it again \
         with save_pretrained"
    )]
    OtherFormat,
    #[error(
        "the file names {name}, a function or class that no state dict needs. Nothing of the file was run. If \
         you trust its source, load it with torch and save its state dict alone, as safetensors",
        name = Quoted(name)
    )]
    ForbiddenName { name: String },
    #[error("the pickle is broken at byte {at}: {reason}; fetch the file again", reason = Name(reason))]
    Broken { at: usize, reason: String },
    #[error("the file is damaged: {}; fetch it again", Name(.0))]
    Damaged(String),
    #[error("the file holds {0}; save its state dict alone, as safetensors")]
    Unsupported(&'static str),
    #[error(
        "no state dict was found: neither tensors by name nor a dict of them under \"state_dict\", \"model\" or \
         the like"
    )]
    NoStateDict,
}
