//! Text and tables as HTML. Whatever comes from a collection goes through [`escaped`].

use std::fmt::Write;

/// Returns a text in which HTML and SVG find neither tags nor quotes, see also [`visible`].
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Returns a text that can be seen: characters without a shape, and those that change the direction of what follows, are
/// given by their number.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "U+{:04X}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Returns a term as a reader sees it.
pub(super) fn shown_term(term: &str) -> String {
    if term.is_empty() {
        "(empty)".to_owned()
    } else {
        visible(term)
    }
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}')
}

/// A table with a heading for each row, for those who cannot see the plot or want the numbers.
#[derive(Debug)]
pub(super) struct Table {
    caption: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(caption: impl Into<String>, columns: &[&'static str]) -> Self {
        Self {
            caption: caption.into(),
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of plain texts; the first is its heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns the table. It can be scrolled, also with the keyboard, where the screen is narrow.
    pub fn html(&self) -> String {
        let caption = escaped(&self.caption);
        let mut html = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table><caption>{caption}</caption>\n<thead><tr>"
        );
        for column in &self.columns {
            html += &format!("<th scope=\"col\">{}</th>", escaped(column));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (i, cell) in row.iter().enumerate() {
                let cell = escaped(cell);
                html += &if i == 0 {
                    format!("<th scope=\"row\"><bdi>{cell}</bdi></th>")
                } else {
                    format!("<td><bdi>{cell}</bdi></td>")
                };
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }

    /// Returns the table behind a line that opens it.
    pub fn folded(&self) -> String {
        format!(
            "<details><summary>The numbers: {}</summary>\n{}</details>\n",
            escaped(&self.caption),
            self.html()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escaped("<b a=\"x\" b='y'>&\u{1}\u{202e}é猫"),
            "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;U+0001U+202Eé猫"
        );
    }

    #[test]
    fn a_table_has_headings_for_rows_and_columns() {
        let mut table = Table::new("A & B", &["term", "documents"]);
        table.row(["<x>".to_owned(), "3".to_owned()]);
        let html = table.html();
        assert!(html.contains("<caption>A &amp; B</caption>"));
        assert!(html.contains("<th scope=\"row\"><bdi>&lt;x&gt;</bdi></th><td><bdi>3</bdi></td>"));
    }
}
