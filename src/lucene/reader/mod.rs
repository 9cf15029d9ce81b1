//! Reads indexes of this crate's own: to merge segments, to check docids, to verify.

pub(crate) mod postings_reader;
pub(crate) mod segment_reader;
pub(crate) mod stored_fields_reader;
pub(crate) mod term_merge;
pub(crate) mod terms_reader;
pub(crate) mod verify;
