//! The head of a `NumPy` file.
//!
//! ```text
//! 6 bytes  "\x93NUMPY", then the version 1.0
//! 2 bytes  length of what follows, little-endian
//!          a Python dictionary of type, order and shape, blanks, and a line feed: the whole head takes a multiple of 64
//! ```

/// Returns the head of an array of little-endian numbers of this type, such as `<f4`.
pub(super) fn head(kind: &str, shape: &str) -> Vec<u8> {
    let dictionary = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let whole = (10 + dictionary.len() + 1).next_multiple_of(64);
    let mut head = Vec::with_capacity(whole);
    head.extend_from_slice(b"\x93NUMPY\x01\x00");
    // A dictionary of three short entries is far below 64 KiB.
    let length = u16::try_from(whole - 10).unwrap_or(u16::MAX);
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(dictionary.as_bytes());
    head.resize(whole - 1, b' ');
    head.push(b'\n');
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_padded_to_a_multiple_of_64() {
        let head = head("<f4", "(3,)");
        assert_eq!(head.len() % 64, 0);
        assert_eq!(&head[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(
            head[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }   ")
        );
        assert!(head.ends_with(b" \n"));
    }
}
