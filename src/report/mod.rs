//! What is in a collection, and what it is worth: numbers, a summary for the terminal and a page with plots.
//!
//! ```text
//! collection ──▶ Tally, one a thread ──▶ Report ──▶ summary (text)
//! index size ──────────────────────────────┘  └───▶ page (HTML with SVG)
//! ```
//!
//! All sums are whole numbers and all orders are total, so that neither threads nor hash maps show in the result.

mod collection;
mod comparison;
mod distribution;
mod error;
mod exact;
mod expansion;
mod file;
mod measure;
mod memory;
mod numerals;
mod page;
mod queries;
mod ranking;
mod setting;
mod summary;
mod tally;
mod term_table;

pub use collection::Facts;
pub use comparison::{Comparison, System};
pub use distribution::{Bars, Distribution};
pub use error::ReportError;
pub use expansion::Expansion;
pub use file::ReportFile;
pub use measure::{NoExpansion, Report, ReportOptions, StepRow, measure};
pub use memory::MemoryRow;
pub use queries::RankingChange;
pub use setting::{Setting, Unit};
pub use summary::summary;
pub use term_table::TermRow;
