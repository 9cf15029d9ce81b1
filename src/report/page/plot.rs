//! The plots: a histogram, a curve on two logarithmic axes, and bars with names.

use super::canvas::{Anchor, Canvas, Rect, WIDTH, fitted, text_width};
use crate::report::distribution::{Bars, round_up};
use crate::report::exact::number;
use crate::report::numerals::{axis, count};

/// Edges of the area inside the axes.
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 220.0;
/// Room between a name and its value.
const GAP: f64 = 14.0;
/// Height of a plot with axes.
const HEIGHT: f64 = 262.0;

/// Draws the counts of bars, with both axes. `x` says what is along the horizontal one.
pub(super) fn histogram(bars: &Bars, x: &str) -> Canvas {
    let mut canvas = Canvas::new(HEIGHT);
    let most = bars.counts.iter().copied().max().unwrap_or(0).max(1);
    let top = upper_axis(&mut canvas, number(most));
    let end = bars
        .bounds(bars.counts.len())
        .0
        .max(bars.first + bars.width);
    let across = |value: f64| LEFT + (value - bars.first) / (end - bars.first) * (RIGHT - LEFT);
    for (i, &value) in bars.counts.iter().enumerate() {
        let (begin, end) = bars.bounds(i);
        let height = number(value) / top * (BOTTOM - TOP);
        let gap = ((across(end) - across(begin)) * 0.12).min(2.0);
        let hint = format!("{}: {}", bar_name(bars, i), count(value));
        let rect = Rect {
            x: across(begin) + gap / 2.0,
            y: BOTTOM - height,
            width: across(end) - across(begin) - gap,
            height,
        };
        canvas.rect(rect, "main", &hint);
    }
    let step = round_up((end - bars.first) / 7.0).max(if bars.first < 0.0 { 1.0 } else { 0.0 });
    for i in 0..20 {
        let tick = step * f64::from(i);
        if tick <= end {
            canvas.axis((across(tick), BOTTOM + 17.0), Anchor::Middle, &axis(tick));
        }
    }
    canvas.grid((LEFT, BOTTOM), (RIGHT, BOTTOM));
    canvas.axis(
        (f64::midpoint(LEFT, RIGHT), HEIGHT - 6.0),
        Anchor::Middle,
        x,
    );
    canvas
}

/// Returns the numbers that a bar counts, as readers want them.
pub(super) fn bar_name(bars: &Bars, index: usize) -> String {
    let (begin, end) = bars.bounds(index);
    if bars.first >= 0.0 {
        return format!("{} to {}", axis(begin), axis(end));
    }
    let (first, last) = ((begin + 0.5).floor(), (end - 0.5).floor());
    if last <= first {
        axis(first)
    } else {
        format!("{} to {}", axis(first.max(0.0)), axis(last))
    }
}

/// Draws horizontal lines with their counts and returns what the top of the area stands for.
fn upper_axis(canvas: &mut Canvas, most: f64) -> f64 {
    let step = round_up(most / 5.0).max(1.0);
    let mut tick = step;
    while tick <= most * 1.02 {
        let y = BOTTOM - tick / (most * 1.02) * (BOTTOM - TOP);
        canvas.grid((LEFT, y), (RIGHT, y));
        canvas.axis((LEFT - 7.0, y + 4.0), Anchor::End, &axis(tick));
        tick += step;
    }
    most * 1.02
}

/// Draws descending counts over their ranks, both on logarithmic axes.
pub(super) fn ranks(counts: &[u64], x: &str) -> Canvas {
    let mut canvas = Canvas::new(HEIGHT);
    let decades = |most: u64| number(most.max(2)).log10() * 1.02;
    let (wide, high) = (
        decades(counts.len() as u64),
        decades(counts.first().copied().unwrap_or(1)),
    );
    let across = |rank: f64| LEFT + rank.log10() / wide * (RIGHT - LEFT);
    let up = |value: f64| BOTTOM - value.log10() / high * (BOTTOM - TOP);
    let points: Vec<(f64, f64)> = spaced(counts.len(), 160)
        .into_iter()
        .map(|rank| {
            (
                across(number(rank as u64)),
                up(number(counts[rank - 1].max(1))),
            )
        })
        .collect();
    if let (Some(&(first, _)), Some(&(last, _))) = (points.first(), points.last()) {
        let mut area = points.clone();
        area.extend([(last, BOTTOM), (first, BOTTOM)]);
        canvas.curve(&area, "under");
    }
    for power in 0..16 {
        let tick = 10_f64.powi(power);
        if tick.log10() <= high {
            canvas.grid((LEFT, up(tick)), (RIGHT, up(tick)));
            canvas.axis((LEFT - 7.0, up(tick) + 4.0), Anchor::End, &axis(tick));
        }
        if tick.log10() <= wide {
            canvas.axis((across(tick), BOTTOM + 17.0), Anchor::Middle, &axis(tick));
        }
    }
    if !points.is_empty() {
        canvas.curve(&points, "curve");
    }
    canvas.axis(
        (f64::midpoint(LEFT, RIGHT), HEIGHT - 6.0),
        Anchor::Middle,
        x,
    );
    canvas
}

/// Returns ranks from 1 to `last` at about equal distances on a logarithmic axis.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and the number of ranks"
)]
pub(super) fn spaced(last: usize, most: u32) -> Vec<usize> {
    let mut ranks: Vec<usize> = (0..=most)
        .map(|i| {
            number(last as u64)
                .powf(f64::from(i) / f64::from(most))
                .round() as usize
        })
        .filter(|&rank| rank >= 1 && rank <= last)
        .collect();
    ranks.dedup();
    ranks
}

/// A bar with its name.
#[derive(Debug)]
pub(super) struct NamedBar {
    pub name: String,
    pub value: String,
    /// Length as a share of the whole width: of the bar, and of its part in the second color.
    pub length: f64,
    pub second: f64,
}

/// Height of a row of [`beside`] and of [`below`].
const NARROW_ROW: f64 = 20.0;
const HIGH_ROW: f64 = 42.0;

/// Draws bars with short names at their left and values at the right edge.
pub(super) fn beside(bars: &[NamedBar]) -> Canvas {
    const NAMES: f64 = 130.0;
    const VALUES: f64 = 72.0;
    let mut canvas = Canvas::new(number(bars.len() as u64) * NARROW_ROW + 4.0);
    for (i, bar) in bars.iter().enumerate() {
        let y = number(i as u64) * NARROW_ROW;
        canvas.text(
            (NAMES - 8.0, y + 14.0),
            Anchor::End,
            &fitted(&bar.name, NAMES - 10.0),
        );
        draw_bar(
            &mut canvas,
            (NAMES, y + 3.0),
            WIDTH - NAMES - VALUES,
            14.0,
            bar,
        );
        canvas.text((WIDTH, y + 14.0), Anchor::End, &bar.value);
    }
    canvas
}

/// Draws bars with long names and values above them.
pub(super) fn below(bars: &[NamedBar]) -> Canvas {
    let mut canvas = Canvas::new(number(bars.len() as u64) * HIGH_ROW);
    for (i, bar) in bars.iter().enumerate() {
        let y = number(i as u64) * HIGH_ROW;
        let room = WIDTH - text_width(&bar.value) - GAP;
        canvas.text((0.0, y + 14.0), Anchor::Start, &fitted(&bar.name, room));
        canvas.text((WIDTH, y + 14.0), Anchor::End, &bar.value);
        let whole = Rect {
            x: 0.0,
            y: y + 20.0,
            width: WIDTH,
            height: 13.0,
        };
        canvas.rect(whole, "track", "");
        draw_bar(&mut canvas, (0.0, y + 20.0), WIDTH, 13.0, bar);
    }
    canvas
}

fn draw_bar(canvas: &mut Canvas, (x, y): (f64, f64), room: f64, height: f64, bar: &NamedBar) {
    let hint = format!("{}: {}", bar.name, bar.value);
    // What is there is seen, however little it is.
    let width = |share: f64| {
        if share > 0.0 {
            (share * room).max(1.5)
        } else {
            0.0
        }
    };
    let (all, second) = (width(bar.length), width(bar.second));
    let rect = |x, width| Rect {
        x,
        y,
        width,
        height,
    };
    canvas.rect(rect(x, (all - second).max(0.0)), "main", &hint);
    if second > 0.0 {
        canvas.rect(rect(x + (all - second).max(0.0), second), "second", &hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_spaced_from_the_first_to_the_last() {
        assert_eq!(spaced(10, 3), [1, 2, 5, 10]);
        assert_eq!(spaced(0, 3), [0; 0]);
        assert_eq!(spaced(1, 3), [1]);
    }

    #[test]
    fn bars_of_whole_numbers_are_named_by_them() {
        let mut bars = Bars {
            first: -0.5,
            width: 1.0,
            counts: vec![1, 2],
            beyond: 0,
        };
        assert_eq!(bar_name(&bars, 1), "1");
        bars.width = 5.0;
        assert_eq!(bar_name(&bars, 1), "5 to 9");
        bars.first = 0.0;
        bars.width = 0.05;
        assert_eq!(bar_name(&bars, 2), "0.1 to 0.15");
    }
}
