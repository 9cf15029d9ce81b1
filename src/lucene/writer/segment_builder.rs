//! Builds a segment from documents.

use std::path::Path;

use crate::lucene::error::{DocumentLocation, LuceneError, Result, abbreviate};
use crate::lucene::formats::field_infos::{CONTENTS, ID};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::limits::{MAX_DOCUMENTS, MAX_IMPACT, MAX_IMPACT_SUM, MAX_TERM_BYTES};
use crate::lucene::statistics::Totals;
use crate::lucene::writer::inversion::{Inversion, NotAdded};
use crate::lucene::writer::segment_files::{InvertedFiles, SegmentFiles};
use crate::lucene::writer::term_dictionary::TermDictionary;

/// Takes the documents of a segment.
///
/// Docids and texts go to the disk at once; postings stay in memory, compressed, until [`finish`](Self::finish) writes
/// them by term. The caller looks at [`memory_bytes`](Self::memory_bytes) to decide when that is due.
#[derive(Debug)]
pub struct SegmentBuilder {
    files: SegmentFiles,
    inversion: Inversion,
    docids: String,
    docid_ends: Vec<u32>,
    totals: Totals,
    refused: bool,
}

impl SegmentBuilder {
    /// Begins the segment with this number in a folder, where it must have no files yet.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn create(dir: &Path, number: u64) -> Result<Self> {
        Ok(Self {
            files: SegmentFiles::create(SegmentName::new(dir, number))?,
            inversion: Inversion::default(),
            docids: String::new(),
            docid_ends: Vec::new(),
            totals: Totals::default(),
            refused: false,
        })
    }

    /// Adds a document with its `(term number, impact)` pairs, in any order. A document without postings is only counted
    /// as empty. `raw` is the text to be stored with it, if texts are stored.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Impact`], [`LuceneError::DuplicateTerm`], [`LuceneError::UnknownTerm`],
    /// [`LuceneError::ImpactSum`], [`LuceneError::Docid`], [`LuceneError::DocidTooLong`], [`LuceneError::TooMany`] or [`LuceneError::Io`]. After an error the segment cannot
    /// be finished.
    pub fn add(
        &mut self,
        terms: &TermDictionary,
        docid: &str,
        raw: Option<&str>,
        postings: &[(u32, u32)],
    ) -> Result<()> {
        if self.refused {
            return Err(LuceneError::Refused);
        }
        self.refused = true;
        check_docid(docid)?;
        if postings.is_empty() {
            self.totals.empty += 1;
        } else {
            self.add_document(terms, docid, raw, postings)?;
        }
        self.refused = false;
        Ok(())
    }

    fn add_document(
        &mut self,
        terms: &TermDictionary,
        docid: &str,
        raw: Option<&str>,
        postings: &[(u32, u32)],
    ) -> Result<()> {
        if self.files.documents >= MAX_DOCUMENTS {
            return Err(LuceneError::TooMany {
                what: "more than 2,147,483,519 documents in one index",
            });
        }
        let sum = self.add_postings(terms, docid, postings)?;
        let end = u32::try_from(self.docids.len() + docid.len());
        let end = end.map_err(|_| LuceneError::TooMany {
            what: "more than 4 GiB of docids in one segment",
        })?;
        self.docids.push_str(docid);
        self.docid_ends.push(end);
        self.files.stored.add(docid, raw)?;
        self.files.doc_values.add(docid)?;
        self.files.raw |= raw.is_some();
        self.files.documents += 1;
        self.totals.documents += 1;
        self.totals.postings += postings.len() as u64;
        self.totals.impact_sum += sum;
        Ok(())
    }

    /// Adds the postings of the next document, and returns the sum of its impacts.
    fn add_postings(
        &mut self,
        terms: &TermDictionary,
        docid: &str,
        postings: &[(u32, u32)],
    ) -> Result<u64> {
        let doc = self.files.documents;
        let mut sum = 0;
        for &(term, impact) in postings {
            if impact == 0 || impact > MAX_IMPACT || term as usize >= terms.len() {
                return Err(refusal(terms, docid, term, impact));
            }
            match self.inversion.add(term, doc, impact) {
                Ok(()) => {}
                Err(NotAdded::DuplicateTerm) => {
                    let term = abbreviate(terms.term(term).unwrap_or_default());
                    return Err(LuceneError::DuplicateTerm {
                        docid: docid.to_owned(),
                        term,
                    });
                }
                Err(full @ NotAdded::Full) => return Err(full.into()),
            }
            sum += u64::from(impact);
        }
        if sum > MAX_IMPACT_SUM {
            return Err(LuceneError::ImpactSum {
                docid: docid.to_owned(),
                sum,
            });
        }
        Ok(sum)
    }

    /// Returns sums over what was added.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Returns the bytes of memory in use; [`finish`](Self::finish) needs four bytes more per document and term.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.inversion.memory_bytes()
            + self.docids.capacity()
            + self.docid_ends.capacity() * 4
            + self.files.stored.memory_bytes()
    }

    /// Writes the segment, if it has documents; otherwise removes its files. `terms` is the dictionary that the postings
    /// were numbered with. Returns true if there is a segment.
    ///
    /// # Errors
    ///
    /// [`LuceneError::DuplicateDocid`] if two of its documents have the same docid, [`LuceneError::Refused`] after a
    /// refused document, or [`LuceneError::Io`].
    pub fn finish(mut self, terms: &TermDictionary) -> Result<bool> {
        if self.refused {
            return Err(LuceneError::Refused);
        }
        let documents = self.files.documents;
        if documents == 0 {
            for extension in ["fdt", "dvd"] {
                fs_err::remove_file(self.files.name().file(extension))?;
            }
            return Ok(false);
        }
        let mut inverted = InvertedFiles::create(self.files.name())?;
        self.write_contents(terms, &mut inverted)?;
        // Gives the memory of the postings back before the docids are sorted.
        self.inversion = Inversion::default();
        self.write_ids(&mut inverted)?;
        self.files.finish(inverted)?;
        Ok(true)
    }

    fn write_contents(
        &mut self,
        terms: &TermDictionary,
        inverted: &mut InvertedFiles,
    ) -> Result<()> {
        let mut order: Vec<(&str, u32)> = self
            .inversion
            .terms()
            .filter_map(|number| Some((terms.term(number)?, number)))
            .collect();
        order.sort_unstable();
        let postings = &mut inverted.postings;
        postings.start_field(true);
        let mut field = inverted.terms.field(CONTENTS, true)?;
        for (term, number) in order {
            self.inversion
                .for_each(number, |doc, freq| postings.add(doc, freq))?;
            field.add(term.as_bytes(), postings.finish_term()?)?;
        }
        field.finish(self.files.documents)
    }

    fn write_ids(&mut self, inverted: &mut InvertedFiles) -> Result<()> {
        let docid = |doc: u32| {
            let end = self.docid_ends[doc as usize] as usize;
            let begin = if doc == 0 {
                0
            } else {
                self.docid_ends[doc as usize - 1] as usize
            };
            &self.docids.as_bytes()[begin..end]
        };
        let mut order: Vec<u32> = (0..self.files.documents).collect();
        order.sort_unstable_by(|a, b| docid(*a).cmp(docid(*b)).then(a.cmp(b)));
        let twice = order
            .windows(2)
            .filter(|pair| docid(pair[0]) == docid(pair[1]))
            .min_by_key(|pair| pair[1]);
        if let Some(pair) = twice {
            let location = |document| DocumentLocation {
                segment: self.files.name().path(),
                document,
            };
            return Err(LuceneError::DuplicateDocid {
                docid: String::from_utf8_lossy(docid(pair[0])).into_owned(),
                first: location(pair[0]),
                second: location(pair[1]),
            });
        }
        inverted.postings.start_field(false);
        let mut field = inverted.terms.field(ID, false)?;
        for doc in order {
            inverted.postings.add(doc, 1)?;
            field.add(docid(doc), inverted.postings.finish_term()?)?;
        }
        field.finish(self.files.documents)
    }
}

/// Refuses docids that no result list can hold.
fn check_docid(docid: &str) -> Result<()> {
    if docid.len() > MAX_TERM_BYTES {
        return Err(LuceneError::DocidTooLong {
            bytes: docid.len(),
            start: abbreviate(docid),
        });
    }
    let what = if docid.is_empty() {
        "is empty"
    } else if docid.contains(['\n', '\r']) {
        "has a line break in it"
    } else {
        return Ok(());
    };
    Err(LuceneError::Docid {
        docid: abbreviate(docid),
        what,
    })
}

/// Returns the error for a posting that is out of range.
#[cold]
fn refusal(terms: &TermDictionary, docid: &str, ord: u32, impact: u32) -> LuceneError {
    match terms.term(ord) {
        Some(term) => LuceneError::Impact {
            docid: docid.to_owned(),
            term: abbreviate(term),
            impact,
        },
        None => LuceneError::UnknownTerm {
            ord,
            terms: terms.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(docid: &str, postings: &[(u32, u32)]) -> Result<()> {
        let dir = tempfile::tempdir().unwrap();
        let terms = TermDictionary::from_terms(["a", "b"]).unwrap();
        let mut builder = SegmentBuilder::create(dir.path(), 0).unwrap();
        builder.add(&terms, docid, None, postings)?;
        // What was refused stays refused; what was accepted can be finished.
        assert!(builder.finish(&terms).unwrap());
        Ok(())
    }

    #[test]
    fn the_impacts_of_a_document_have_a_largest_sum() {
        add("d", &[(0, MAX_IMPACT)]).unwrap();
        add("d", &[(0, MAX_IMPACT - 1), (1, 1)]).unwrap();
        let error = add("d", &[(0, MAX_IMPACT), (1, 1)]).unwrap_err();
        assert!(matches!(error, LuceneError::ImpactSum { sum, .. } if sum == 1 << 31));
        let error = add("d", &[(0, MAX_IMPACT), (1, MAX_IMPACT)]).unwrap_err();
        assert!(error.to_string().contains("larger `step`"), "{error}");
    }

    #[test]
    fn docids_fit_into_a_line() {
        add("d 1", &[(0, 1)]).unwrap();
        for (docid, message) in [
            ("", "\"\" is empty"),
            ("a\nb", "\"a\\nb\" has a line break"),
            ("a\r", "\"a\\r\" has a line break"),
        ] {
            let error = add(docid, &[(0, 1)]).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
