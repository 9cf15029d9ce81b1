//! Writes indexes: documents become segments, segments become parts, parts become one commit.

pub(crate) mod commit;
pub(crate) mod index_writer;
pub(crate) mod inversion;
pub(crate) mod join;
pub(crate) mod merge;
pub(crate) mod part_writer;
pub(crate) mod segment_builder;
pub(crate) mod segment_files;
pub(crate) mod term_dictionary;
pub(crate) mod unfinished;
