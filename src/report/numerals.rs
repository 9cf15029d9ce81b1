//! Numbers as readers want them.

use super::exact::number;

/// Writes a count with a comma at every three digits.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a size with three digits and a decimal unit: 123 MB, 20.9 GB.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if value < 1000 {
        return format!("{value} B");
    }
    let mut rest = number(value) / 1000.0;
    let mut unit = 0;
    while rest >= 999.5 && unit + 1 < UNITS.len() {
        rest /= 1000.0;
        unit += 1;
    }
    format!("{} {}", three_digits(rest), UNITS[unit])
}

/// Writes a share as a percentage of three digits.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", three_digits(100.0 * share))
}

/// Writes a number with about three digits, and with commas where it is large.
pub(super) fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 999.5 {
        return count(rounded(value));
    }
    let decimals = if magnitude >= 99.95 {
        0
    } else if magnitude >= 9.995 {
        1
    } else if magnitude >= 0.9995 {
        2
    } else if magnitude >= 0.0005 {
        3
    } else if magnitude > 0.0 {
        return format!("{value:.1e}");
    } else {
        0
    };
    format!("{value:.decimals$}")
}

/// Writes a weight with three digits, and an impact or a number of terms as the whole number that it is.
pub(super) fn value(value: f32, whole: bool) -> String {
    let value = f64::from(value);
    if whole {
        count(rounded(value))
    } else {
        three_digits(value)
    }
}

/// Writes a number of an axis or a bound of a bar: as many digits as it needs, at most six after the point.
pub(super) fn axis(value: f64) -> String {
    if value.abs() >= 1e4 {
        return short(value);
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

fn short(value: f64) -> String {
    let (divisor, unit) = match value.abs() {
        v if v >= 1e9 => (1e9, "G"),
        v if v >= 1e6 => (1e6, "M"),
        _ => (1e3, "k"),
    };
    format!("{}{unit}", axis_digits(value / divisor))
}

fn axis_digits(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that became a mean; a negative one saturates"
)]
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(count(0), "0");
        assert_eq!(count(171_332), "171,332");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(122_810_776), "123 MB");
        assert_eq!(bytes(20_917_581_216), "20.9 GB");
        assert_eq!(bytes(999_999), "1.00 MB");
        assert_eq!(percent(0.005_871), "0.587 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(three_digits(0.000_012_34), "1.2e-5");
        assert_eq!(three_digits(12_345.6), "12,346");
        assert_eq!(
            (value(97.0, true), value(2.7023, false)),
            ("97".to_owned(), "2.70".to_owned())
        );
        assert_eq!(axis(0.1 + 0.2), "0.3");
        assert_eq!(axis(1_500_000.0), "1.5M");
        assert_eq!(axis(50_000.0), "50k");
        assert_eq!(axis(-0.0), "0");
    }
}
