//! `splade-export --version`

use std::io::{self, Write};

use splade_export::{default_runtime, printable};

/// Prints the program's version, and that of the ONNX Runtime that it would load. `with_flags` puts flags for settings
/// into a message.
pub fn print(with_flags: impl Fn(&str) -> String) -> io::Result<()> {
    let runtime = match default_runtime() {
        Ok((library, version)) => format!("{version} ({})", library.display()),
        Err(error) => {
            let error = error.to_string();
            let words: Vec<_> = error.split_whitespace().collect();
            format!("not found: {}", with_flags(&words.join(" ")))
        }
    };
    let mut out = io::stdout().lock();
    writeln!(out, "splade-export {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "ONNX Runtime {}", printable(&runtime))?;
    out.flush()
}
