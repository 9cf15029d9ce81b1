//! Tests against bytes that Lucene wrote, and that any block is read back.

use proptest::prelude::*;

use super::*;
use crate::lucene::store::codec::Codec;
use crate::lucene::store::output::Output;

fn block(value: impl Fn(u32) -> u32) -> Block {
    std::array::from_fn(|i| value(u32::try_from(i).unwrap()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn packed_blocks_have_the_known_bytes() {
    let cases: [(u32, Block, &str, &str, u32); 7] = [
        (
            1,
            block(|i| u32::from(i % 3 == 0)),
            "49922449922449922449922449922449",
            "2449922449922449",
            0x4d43_a6a1,
        ),
        (
            3,
            block(|i| i % 8),
            "1a1a1a1a1a1a1a1a3d3d3d3d3d3d3d3d",
            "afafafafafafafaf",
            0xa61e_4dbf,
        ),
        (
            5,
            block(|i| i % 32),
            "86028602860286028d0c8d0c8d0c8d0c",
            "cf4fcf4fcf4fcf4f",
            0x1f9e_def1,
        ),
        (
            7,
            block(|i| i),
            "e1c1a18160402000e3c3a28263432202",
            "fbdbbb9b7b5b3b1b",
            0xb2ad_880e,
        ),
        (
            9,
            block(|i| 4 * i),
            "72c05280324012001cc214820c420402",
            "7ce27ca27c627c22",
            0xdaf1_9db7,
        ),
        (
            11,
            block(|i| 16 * i),
            "1dc015800d40050010c2108210421002",
            "10ea10aa106a102a",
            0x9602_ea60,
        ),
        (
            20,
            block(|i| 8191 * i),
            "ff0cfc7fff0400008df9fb8185fdff01",
            "819ff9cdc19ffd4d",
            0xf3a9_4777,
        ),
    ];
    for (p, values, first, last, crc) in cases {
        let mut out = Vec::new();
        encode_for(&values, p, &mut out);
        assert_eq!(out.len(), 16 * p as usize);
        assert_eq!(hex(&out[..16]), first);
        assert_eq!(hex(&out[out.len() - 8..]), last);
        assert_eq!(crc32fast::hash(&out), crc, "p = {p}");
    }
}

#[test]
fn exceptions_have_the_known_bytes() {
    let with = |base: u32, exceptions: &[(usize, u32)]| {
        let mut values = [base; BLOCK];
        for &(i, value) in exceptions {
            values[i] = value;
        }
        values
    };
    let mut mixed = block(|i| i % 4);
    mixed[0] = 1000;
    mixed[127] = 77;
    let cases = [
        (with(1, &[]), "0001", "", 2),
        (with(1, &[(5, 300)]), "21", "0596", 19),
        (with(1, &[(7, 200), (100, 255)]), "41", "0764647f", 21),
        (with(1000, &[]), "0a", "", 161),
        (mixed, "42", "00fa7f13", 37),
        (with(5, &[(3, 77)]), "2005", "0348", 4),
    ];
    for (values, start, end, bytes) in cases {
        let mut out = Vec::new();
        encode(&values, &mut out);
        let text = hex(&out);
        assert!(text.starts_with(start) && text.ends_with(end), "{text}");
        assert_eq!(out.len(), bytes);
    }
}

fn round_trip(values: &Block) -> Block {
    let mut bytes = Vec::new();
    encode(values, &mut bytes);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("block");
    let mut output = Output::create(path.clone(), Codec::plain("Test", 0)).unwrap();
    let start = output.position();
    output.write(&bytes).unwrap();
    output.finish().unwrap().seal(&[1; 16]).unwrap();
    let mut input = Input::open(path, 64).unwrap();
    input.seek(start);
    let mut read = [0; BLOCK];
    decode(&mut input, &mut read).unwrap();
    assert_eq!(input.position(), input.end());
    read
}

#[test]
fn every_width_is_read_back() {
    for bits in 1..=31 {
        let values = block(|i| (0x9e37_79b9_u32.wrapping_mul(i + 1)) >> (32 - bits));
        assert_eq!(round_trip(&values), values, "{bits} bits");
    }
}

proptest! {
    #[test]
    fn any_block_is_read_back(
        base in 0_u32..1 << 31, spread in 0_u32..31, exceptions in prop::collection::vec((0..BLOCK, 0_u32..1 << 31), 0..12),
        noise in prop::collection::vec(any::<u32>(), BLOCK),
    ) {
        let mut values = block(|i| (base >> spread).saturating_add(noise[i as usize] >> (32 - spread.max(1))) & 0x7fff_ffff);
        for (i, value) in exceptions {
            values[i] = value;
        }
        prop_assert_eq!(round_trip(&values), values);
    }
}
