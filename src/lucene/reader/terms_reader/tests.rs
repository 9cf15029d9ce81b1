//! Tests that any terms that are written are read back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::lucene::formats::term_dictionary::{CODEC, META_CODEC, TermsWriter};
use crate::lucene::reader::field_meta;
use crate::lucene::store::output::write_small;

fn round_trip(terms: &BTreeMap<Vec<u8>, TermMeta>) -> BTreeMap<Vec<u8>, TermMeta> {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let id = [9; 16];
    let mut writer = TermsWriter::create(path("tim"), path("tip")).unwrap();
    let mut field = writer.field(1, true).unwrap();
    for (term, meta) in terms {
        field.add(term, *meta).unwrap();
    }
    field.finish(7).unwrap();
    let written = writer.finish().unwrap();
    write_small(&path("tmd"), META_CODEC, &id, &written.meta_body(&id)).unwrap();
    written.tim.seal(&id).unwrap();
    written.tip.seal(&id).unwrap();
    let fields = field_meta::read(&path("tmd"), &id, |_| true).unwrap();
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].num_terms, terms.len() as u64);
    let input = Input::open_checked(path("tim"), 50, CODEC, &id).unwrap();
    let mut reader = TermsReader::new(input, &fields[0]).unwrap();
    let mut read = BTreeMap::new();
    while let Some(meta) = reader.next().unwrap() {
        read.insert(reader.term().to_vec(), meta);
    }
    read
}

fn metas(terms: impl IntoIterator<Item = Vec<u8>>, freqs: &[u32]) -> BTreeMap<Vec<u8>, TermMeta> {
    let mut map: BTreeMap<Vec<u8>, TermMeta> = terms
        .into_iter()
        .map(|term| (term, TermMeta::default()))
        .collect();
    let mut start = 61;
    for (i, meta) in map.values_mut().enumerate() {
        let doc_freq = freqs[i % freqs.len()];
        meta.doc_freq = doc_freq;
        meta.total_term_freq = u64::from(doc_freq) + (i as u64 % 3);
        meta.doc_start_fp = start;
        if doc_freq == 1 {
            meta.singleton_doc_id = Some(u32::try_from(i * 7919 % 1000).unwrap());
        } else {
            start += u64::from(doc_freq) * 2;
        }
        meta.skip_offset = (doc_freq > 128).then_some(u64::from(doc_freq));
    }
    map
}

#[test]
fn many_terms_are_read_back() {
    let words =
        (0..20_000_u32).map(|i| format!("w{:x}", i.wrapping_mul(2_654_435_761)).into_bytes());
    let terms = metas(words, &[1, 1, 1, 5, 129, 1, 40_000]);
    assert_eq!(round_trip(&terms), terms);
}

#[test]
fn prefixes_and_long_terms_are_read_back() {
    let mut words: Vec<Vec<u8>> = (0..300).map(|i| vec![b'x'; i]).collect();
    words.extend((0..100_u8).map(|i| [vec![b'y'; 32_765], vec![i]].concat()));
    words.extend((0..=255_u8).flat_map(|i| (0..30).map(move |j| vec![i, j])));
    let terms = metas(words, &[1, 2]);
    assert_eq!(round_trip(&terms), terms);
}

proptest! {
    #[test]
    fn any_terms_are_read_back(
        words in prop::collection::vec(prop::collection::vec(0_u8..4, 0..9), 1..400), freqs in prop::collection::vec(1_u32..400, 1..5),
    ) {
        let terms = metas(words, &freqs);
        prop_assert_eq!(round_trip(&terms), terms);
    }
}
