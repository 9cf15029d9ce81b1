//! The exact screened head: SPLADE's maximum over tokens without computing the logits.
//!
//! For a document with hidden rows `h_t` (after the transform of the masked language model) and a
//! decoder with rows `w_v` and biases `b_v`, the weight of term `v` is
//!
//! ```text
//! log1p(relu(max_t (h_t . w_v) + b_v))
//! ```
//!
//! About 99 of 100 terms end at zero. [`ScreenedHead`] proves that for most of them with products
//! of 8-bit integers and a bound on what the integers miss ([`bound`]), and computes the rest
//! exactly:
//!
//! 1. `quantize`: the document's rows, centerd, as integers with one scale.
//! 2. `screen`: each column's largest integer product, on the kernel of this machine; what the bound
//!    cannot exclude survives.
//! 3. `refine`: for the survivors, the tokens that can be the maximum (again by the bound), and for
//!    those the product in `f64`.
//!
//! # What "exact" means
//!
//! The result has the same bits as the plain double loop over all tokens and columns with one fixed
//! `f64` dot product of the `f32` inputs (sixteen lanes, see `Kernel::dot`), for every kernel, every
//! center and every batch. A term is in the result if and only if the maximum of these products plus
//! the bias is above zero; so for a column whose real maximum lies within the rounding of `f64` of
//! zero (about `1e-14`) the sign of the `f64` value decides, everywhere the same way. The logarithm is
//! taken in `f64` and rounded once to `f32`.
//!
//! # The center
//!
//! Subtracting one constant vector from all rows makes them shorter and so the integers finer; it
//! changes the speed and never the result. The mean of the hidden rows of a few ordinary sentences
//! ([`mean_row`]) is a good choice; zeros are valid.
//!
//! # Example
//!
//! ```
//! # use splade_export::internals::{HeadError, ScreenedHead};
//! # fn main() -> Result<(), HeadError> {
//! // Two terms, hidden width 3; the second term's bias keeps it at zero.
//! let decoder = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
//! let head = ScreenedHead::new(&decoder[..], &[0.5, -9.0], 3, &[0.0; 3])?;
//! let mut weights = Vec::new();
//! // Two tokens.
//! let hidden = [0.5, 2.0, 0.0, -1.0, 3.0, 7.0];
//! head.pool(&hidden, &mut head.scratch(), &mut weights)?;
//! assert_eq!(weights, [(0, 2.0_f32.ln())]);
//! # Ok(())
//! # }
//! ```

mod bound;
mod center;
mod columns;
mod decoder;
mod document;
mod error;
mod head;
mod kernel;
mod layout;
mod refine;
mod rounding;
mod rows;
mod screen;
mod stats;
#[cfg(test)]
mod tests;

pub use center::mean_row;
pub use error::HeadError;
pub use head::{Scratch, ScreenedHead};
pub use kernel::KernelKind;
pub use stats::PoolStats;
