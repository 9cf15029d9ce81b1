//! Sparse matrices as `SciPy`, `lsr-benchmark` and others read them: compressed rows in files of `NumPy`.
//!
//! ```text
//! OUTPUT/doc/doc-embeddings.npz   a zip, not compressed, of data.npy, indices.npy (token ids), indptr.npy, and what
//!                                 scipy.sparse.load_npz wants beside them: format.npy, shape.npy
//! OUTPUT/doc/doc-ids.txt          the docid of each row
//! OUTPUT/doc/doc-terms.txt        the term of each column
//! ```
//!
//! Topics have `query` in place of `doc`.

mod assembly;
mod npy;
mod part;
mod topics;

pub use assembly::{NpzTexts, npz_output};
pub(super) use topics::{NpzTopics, NpzTopicsFile};
