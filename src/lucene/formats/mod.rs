//! The formats of Lucene's index files, a file of code for each, with its byte layout at the top.

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
pub(crate) mod term_dictionary;
pub(crate) mod term_index;
