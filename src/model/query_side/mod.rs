//! How a model's folder wants queries to be encoded: by the model of the documents, by a second one, or by a table.
//!
//! | Found | Queries |
//! |---|---|
//! | `router_config.json` of sentence-transformers | what its route "query" begins with |
//! | `idf.json`, `query_token_weights.txt` at the root | a table: term and weight |
//! | `query_0_MLMTransformer/` | a second model |
//! | nothing of it | the same model |

mod document_files;
mod files;
mod router;
mod side;
mod sides;
mod table;

pub use document_files::document_side_files;
pub use files::QueryFiles;
pub use side::QuerySide;
pub use sides::Sides;
pub use table::QueryTable;

#[cfg(test)]
mod tests;
