//! Shapes of an SVG. Colors and fonts are classes of the page's style, so that they follow dark mode and print.

use std::fmt::Write;

use super::markup::escaped;

/// Width of all plots, in the units of their shapes: a phone shows them a little smaller, a desktop a little larger.
pub(super) const WIDTH: f64 = 460.0;

/// A drawing.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    height: f64,
    body: String,
}

/// Where a text stands relative to its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn class(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// An upright rectangle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Canvas {
    pub fn new(height: f64) -> Self {
        Self {
            height,
            body: String::new(),
        }
    }

    /// Draws a rectangle; `hint` is shown by browsers where the pointer rests on it.
    pub fn rect(&mut self, rect: Rect, class: &str, hint: &str) {
        let Rect {
            x,
            y,
            width,
            height,
        } = rect;
        let shape = format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            place(x),
            place(y),
            place(width),
            place(height)
        );
        if hint.is_empty() {
            self.add(format_args!("{shape}/>"));
        } else {
            let hint = escaped(hint);
            self.add(format_args!("{shape}><title>{hint}</title></rect>"));
        }
    }

    /// Draws a straight line of the grid.
    pub fn grid(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.add(format_args!(
            "<line class=\"grid\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            place(from.0),
            place(from.1),
            place(to.0),
            place(to.1)
        ));
    }

    /// Writes a label.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        self.written(at, anchor.class(), text);
    }

    /// Writes a label of an axis.
    pub fn axis(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        self.written(at, &format!("axis {}", anchor.class()), text);
    }

    fn written(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            place(x),
            place(y),
            escaped(text)
        ));
    }

    /// Draws a line through points.
    pub fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        let path: Vec<String> = points
            .iter()
            .map(|&(x, y)| format!("{} {}", place(x), place(y)))
            .collect();
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{}\"/>",
            path.join("L")
        ));
    }

    fn add(&mut self, shape: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{shape}");
    }

    /// Returns the drawing with its name and what it shows, for those who cannot see it. `id` is unique in the page.
    pub fn finish(self, id: &str, title: &str, description: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-description\">\n<title \
             id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{}</desc>\n{}</svg>\n",
            place(WIDTH),
            place(self.height),
            escaped(title),
            escaped(description),
            self.body
        )
    }
}

/// Writes a coordinate to two decimals, as short as it is.
fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Cuts a label so that it takes about `room` units in the larger letters of a phone, with an ellipsis where something is missing.
pub(super) fn fitted(text: &str, room: f64) -> String {
    let mut fits = String::new();
    let mut width = 0.0;
    for c in text.chars() {
        width += letter_width(c);
        if width > room {
            // One character makes room for the ellipsis.
            fits.pop();
            fits.push('…');
            return fits;
        }
        fits.push(c);
    }
    fits
}

/// Estimates the width of a text in the larger letters of a phone.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(letter_width).sum()
}

/// Estimates the width of a character in letters of 16 units: browsers do not tell beforehand.
fn letter_width(c: char) -> f64 {
    match u32::from(c) {
        _ if c.is_ascii_uppercase() => 12.0,
        ..0x1100 => 9.0,
        0x1100..0x1_f000 => 16.5,
        _ => 22.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_are_cut() {
        assert_eq!(fitted("cell", 100.0), "cell");
        assert_eq!(fitted("internationalization", 95.0), "internati…");
        assert_eq!(fitted("猫猫猫猫", 50.0), "猫猫…");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(
            (place(3.0).as_str(), place(0.333_3).as_str()),
            ("3", "0.33")
        );
        let mut canvas = Canvas::new(10.0);
        canvas.text((1.0, 2.0), Anchor::End, "a<b");
        let svg = canvas.finish("p", "A", "B");
        assert!(svg.contains("<text class=\"end\" x=\"1\" y=\"2\">a&lt;b</text>"));
    }
}
