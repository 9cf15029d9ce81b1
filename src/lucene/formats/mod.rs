//! Formats of Lucene's index files, with one file of code for each, which has the byte layout at its top.

pub(crate) mod commit_point;
pub(crate) mod doc_values;
pub(crate) mod field_infos;
pub(crate) mod monotonic;
pub(crate) mod norms;
pub(crate) mod pfor;
pub(crate) mod postings;
pub(crate) mod segment_info;
pub(crate) mod segment_name;
pub(crate) mod skip_data;
pub(crate) mod stored_fields;
pub(crate) mod stored_ints;
pub(crate) mod suffix_compression;
pub(crate) mod term_block;
pub(crate) mod term_dictionary;
pub(crate) mod term_index;
pub(crate) mod term_meta;
