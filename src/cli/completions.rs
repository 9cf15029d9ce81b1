//! `splade-export completions`

use std::io::Write;

use clap::{Args as ClapArgs, Command};
use clap_complete::{Shell, generate};

/// Print a script with which a shell completes commands and options
///
/// Where it belongs depends on the shell: bash reads ~/.local/share/bash-completion/completions/splade-export, zsh a file
/// _splade-export in a folder of $fpath, fish ~/.config/fish/completions/splade-export.fish.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  splade-export completions bash >splade-export.bash")]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Args {
    /// Prints the script for this program.
    pub fn run(self, mut program: Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut program, "splade-export", &mut script);
        // For bash, a hyphen in the program's name is taken for the border of a command in one of two places.
        let script =
            String::from_utf8_lossy(&script).replace("splade__subcmd__export", "splade__export");
        let mut out = std::io::stdout().lock();
        out.write_all(script.as_bytes())?;
        Ok(out.flush()?)
    }
}
