//! Sizes on the command line: 800M, 1.5G, 512MiB.

use std::ops::RangeInclusive;

/// Bytes of a unit: a kibibyte, as its power of two.
const UNITS: [(&str, u32); 4] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];

/// The memory that encoding may take.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    parse(text, None, 1 << 20..=1 << 50)
}

/// The memory of a segment of an index. A number without a unit is one of mebibytes.
pub fn parse_segment_memory(text: &str) -> Result<u64, String> {
    parse(text, Some("M"), 1 << 20..=1 << 30)
}

/// Reads a number of bytes within bounds. Units are powers of 1024, with or without `B` or `iB`.
fn parse(text: &str, plain: Option<&str>, bounds: RangeInclusive<u64>) -> Result<u64, String> {
    let wrong = || "must be a size such as 800M, 1.5G or 512MiB".to_owned();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = shift(unit, plain).ok_or_else(wrong)?;
    // No size is larger than this where it is not out of bounds anyway.
    let bytes = times(number, shift).ok_or_else(wrong)?;
    match u64::try_from(bytes) {
        Ok(bytes) if bounds.contains(&bytes) => Ok(bytes),
        _ => Err(format!(
            "must be between {} and {}",
            show(*bounds.start()),
            show(*bounds.end())
        )),
    }
}

/// Returns the power of two that a unit stands for.
fn shift(unit: &str, plain: Option<&str>) -> Option<u32> {
    let unit = unit.to_ascii_uppercase();
    let unit = match (unit.as_str(), plain) {
        ("", Some(plain)) => plain,
        ("" | "B", _) => return Some(0),
        (unit, _) => unit
            .strip_suffix("IB")
            .or_else(|| unit.strip_suffix('B'))
            .unwrap_or(unit),
    };
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    known.map(|(_, shift)| *shift)
}

/// Returns a decimal number times a power of two, rounded down; a huge number is as good as any too large one.
fn times(number: &str, shift: u32) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u128 = match whole.trim_start_matches('0') {
        "" => 0,
        long if long.len() > 20 => u128::from(u64::MAX),
        short => short.parse().ok()?,
    };
    // More digits do not change a byte.
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u128 = match fraction {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    Some((whole << shift) + ((fraction << shift) / scale))
}

/// Shows a bound.
fn show(bytes: u64) -> String {
    let unit = UNITS
        .iter()
        .rev()
        .find(|(_, shift)| bytes.trailing_zeros() >= *shift);
    match unit {
        Some((name, shift)) => format!("{}{name}", bytes >> shift),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_fractions() {
        for (text, bytes) in [
            ("1048576", 1 << 20),
            ("1048576B", 1 << 20),
            ("2048K", 2 << 20),
            ("800M", 800 << 20),
            ("800m", 800 << 20),
            ("800MB", 800 << 20),
            ("512MiB", 512 << 20),
            ("512mib", 512 << 20),
            ("1.5G", 3 << 29),
            ("1GiB", 1 << 30),
            (".5G", 1 << 29),
            ("2.G", 2 << 30),
            ("0.0009765625G", 1 << 20),
            ("1.0000000001M", 1 << 20),
            ("1T", 1 << 40),
            ("00000000000000000000000000001G", 1 << 30),
            ("1024T", 1 << 50),
        ] {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_segment_memory("64"), Ok(64 << 20));
        assert_eq!(parse_segment_memory("1.5"), Ok(3 << 19));
        assert_eq!(parse_segment_memory("1048576B"), Ok(1 << 20));
        assert_eq!(parse_segment_memory("1GiB"), Ok(1 << 30));
    }

    #[test]
    fn what_is_no_size_or_out_of_bounds_is_refused() {
        for text in [
            "",
            "much",
            "G",
            ".",
            ".G",
            "1.5.G",
            "-1G",
            "+1G",
            "1 G",
            "1e9",
            "1Gi",
            "1iB",
            "1KK",
            "1\u{ff10}M",
            "0x10",
            "inf",
            "NaN",
        ] {
            let error = parse_memory(text).unwrap_err();
            assert_eq!(
                error, "must be a size such as 800M, 1.5G or 512MiB",
                "{text}"
            );
        }
        for text in [
            "0",
            "0G",
            "1048575",
            "0.9M",
            "1025T",
            "99999999999999999999999T",
            "340282366920938463463374607431768211455T",
        ] {
            let error = parse_memory(text).unwrap_err();
            assert_eq!(error, "must be between 1M and 1024T", "{text}");
        }
        let error = parse_segment_memory("2G").unwrap_err();
        assert_eq!(error, "must be between 1M and 1G");
        assert!(parse_segment_memory("0").is_err());
        assert!(parse_segment_memory("1025").is_err());
    }
}
