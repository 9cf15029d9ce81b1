//! Reads indexes that this crate wrote: to merge segments, to check docids, to verify.

pub(crate) mod field_meta;
pub(crate) mod postings_reader;
pub(crate) mod section;
pub(crate) mod segment_reader;
pub(crate) mod stored_fields_reader;
pub(crate) mod term_block_reader;
pub(crate) mod term_merge;
pub(crate) mod terms_reader;
pub(crate) mod verify;
