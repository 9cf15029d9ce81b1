//! Reads the postings of our own segments.

use crate::lucene::error::Result;
use crate::lucene::formats::pfor::{self, BLOCK, Block};
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::limits::MAX_IMPACT;
use crate::lucene::store::input::Input;

/// Reads the postings of one term after another.
#[derive(Debug)]
pub(crate) struct PostingsReader {
    input: Input,
    docs: Block,
    freqs: Block,
}

impl PostingsReader {
    /// Creates a reader of `.doc`.
    pub(crate) const fn new(input: Input) -> Self {
        Self {
            input,
            docs: [0; BLOCK],
            freqs: [0; BLOCK],
        }
    }

    /// Calls `each(doc, freq)` for the postings of a term in a field with frequencies. Documents that do not increase
    /// or are not below `max_doc` are refused.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the document was checked to be below `max_doc`"
    )]
    pub(crate) fn for_each(
        &mut self,
        meta: &TermMeta,
        max_doc: u32,
        mut each: impl FnMut(u32, u32) -> Result<()>,
    ) -> Result<()> {
        if let Some(doc) = meta.singleton_doc_id {
            let freq = u32::try_from(meta.total_term_freq)
                .map_err(|_| self.input.corrupt("a frequency is out of range"))?;
            self.check(-1, doc.into(), freq, max_doc)?;
            return each(doc, freq);
        }
        self.input.seek(meta.doc_start_fp);
        let mut left = meta.doc_freq as usize;
        let mut doc = -1_i64;
        let mut first = true;
        while left > 0 {
            let count = left.min(BLOCK);
            if count == BLOCK {
                pfor::decode(&mut self.input, &mut self.docs)?;
                pfor::decode(&mut self.input, &mut self.freqs)?;
            } else {
                for i in 0..count {
                    let code = self.input.vint()?;
                    self.docs[i] = code >> 1;
                    self.freqs[i] = if code & 1 == 1 { 1 } else { self.input.vint()? };
                }
            }
            for i in 0..count {
                let next = if first {
                    i64::from(self.docs[i])
                } else {
                    doc + i64::from(self.docs[i])
                };
                first = false;
                self.check(doc, next, self.freqs[i], max_doc)?;
                doc = next;
                each(next as u32, self.freqs[i])?;
            }
            left -= count;
        }
        Ok(())
    }

    #[inline]
    fn check(&self, before: i64, doc: i64, freq: u32, max_doc: u32) -> Result<()> {
        if doc <= before || doc >= i64::from(max_doc) || freq == 0 || freq > MAX_IMPACT {
            return Err(self.input.corrupt("a posting is out of range"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lucene::formats::postings::{CODEC, PostingsWriter};

    fn round_trip(lists: &[Vec<(u32, u32)>]) -> Vec<Vec<(u32, u32)>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("doc");
        let mut writer = PostingsWriter::create(path.clone()).unwrap();
        let mut metas = Vec::new();
        for list in lists {
            for &(doc, freq) in list {
                writer.add(doc, freq).unwrap();
            }
            metas.push(writer.finish_term().unwrap());
        }
        let id = [3; 16];
        writer.finish().unwrap().seal(&id).unwrap();
        let input = Input::open_checked(path, 100, CODEC, &id).unwrap();
        let mut reader = PostingsReader::new(input);
        let mut read = Vec::new();
        for (meta, list) in metas.iter().zip(lists) {
            assert_eq!(meta.doc_freq as usize, list.len());
            assert_eq!(
                meta.total_term_freq,
                list.iter().map(|posting| u64::from(posting.1)).sum::<u64>()
            );
            assert_eq!(meta.skip_offset.is_some(), list.len() > 128);
            assert_eq!(meta.singleton_doc_id.is_some(), list.len() == 1);
            let mut postings = Vec::new();
            reader
                .for_each(meta, u32::MAX >> 1, |doc, freq| {
                    postings.push((doc, freq));
                    Ok(())
                })
                .unwrap();
            read.push(postings);
        }
        read
    }

    #[test]
    fn lists_of_border_lengths_are_read_back() {
        let lists: Vec<Vec<_>> = [
            1_u32, 2, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 8191, 8192, 8193,
        ]
        .into_iter()
        .map(|df| (0..df).map(|i| (i * 3 + df % 2, 1 + i % 300)).collect())
        .collect();
        assert_eq!(round_trip(&lists), lists);
    }

    #[test]
    fn a_short_list_has_the_known_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("doc");
        let mut writer = PostingsWriter::create(path.clone()).unwrap();
        writer.add(0, 3).unwrap();
        writer.add(1, 1).unwrap();
        let meta = writer.finish_term().unwrap();
        assert_eq!(
            (meta.doc_start_fp, meta.doc_freq, meta.total_term_freq),
            (61, 2, 4)
        );
        writer.finish().unwrap().seal(&[0; 16]).unwrap();
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes[61..bytes.len() - 16], [0, 3, 3]);
    }

    proptest! {
        #[test]
        fn any_lists_are_read_back(
            lists in prop::collection::vec(prop::collection::vec((1_u32..5000, 1_u32..400, 0_u32..40), 1..700), 1..4),
        ) {
            let lists: Vec<Vec<(u32, u32)>> = lists.into_iter().map(|list| {
                let mut doc = 0;
                list.into_iter().enumerate().map(|(i, (gap, freq, large))| {
                    doc += if i == 0 { gap - 1 } else { gap };
                    (doc, if large == 0 { 0x7fff_ffff - freq } else { freq })
                }).collect()
            }).collect();
            prop_assert_eq!(round_trip(&lists), lists);
        }
    }
}
