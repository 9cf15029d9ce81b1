//! `splade-export man`

use std::io::Write;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Command};
use clap_mangen::Man;
use splade_export::NewFile;

/// Write the manual: one page for each command
///
/// `man -l DIR/splade-export-documents.1` reads a page where it lies; in a folder man1 of the search path of man, such as
/// ~/.local/share/man/man1, `man splade-export-documents` finds it.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  splade-export man out/man1")]
pub struct Args {
    /// The folder to write into; no page in it may exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Args {
    /// Writes the pages of this program.
    pub fn run(self, program: Command) -> anyhow::Result<()> {
        let mut program = program.disable_help_subcommand(true);
        // Gives the commands their whole names.
        program.build();
        let commands = program.get_subcommands().cloned();
        let pages: Vec<_> = std::iter::once(program.clone()).chain(commands).collect();
        for page in pages {
            self.write(page)?;
        }
        Ok(())
    }

    fn write(&self, page: Command) -> anyhow::Result<()> {
        let page = Man::new(page);
        let mut file = NewFile::create(&self.folder.join(page.get_filename()))?;
        let mut text = Vec::new();
        page.render(&mut text)?;
        file.write_all(&text)?;
        Ok(file.finish()?)
    }
}
