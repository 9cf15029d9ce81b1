//! A part of the page, and a plot in it.

use std::io::{self, Write};

use super::canvas::Canvas;
use super::markup::{Table, escaped};

/// A part of the page with a heading.
pub(super) struct Section {
    pub title: &'static str,
    /// HTML.
    pub body: String,
    /// Where it stands beside others.
    pub class: &'static str,
}

impl Section {
    /// Writes the part.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { title, body, class } = self;
        writeln!(
            out,
            "<section class=\"{class}\">\n<h2>{}</h2>\n{body}</section>",
            escaped(title)
        )
    }
}

/// A plot with the sentence below it and its numbers.
pub(super) struct Figure<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub canvas: Canvas,
    pub caption: &'a str,
    pub table: &'a Table,
}

impl Figure<'_> {
    /// Returns the plot and its sentence, with the numbers folded away below.
    pub fn html(self) -> String {
        let numbers = self.table.folded();
        format!("{}{numbers}", self.drawn())
    }

    /// Returns the plot and its sentence alone.
    pub fn drawn(self) -> String {
        format!(
            "<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n",
            self.canvas.finish(self.id, self.title, self.caption),
            escaped(self.caption),
        )
    }
}
