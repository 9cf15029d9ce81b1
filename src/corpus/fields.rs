//! The fields of a record that make its text.

use super::error::CorpusError;
use super::json_record::key_names;
use super::kind::CorpusKind;

/// Other names of the field "text": BEIR says "text" where Pyserini says "contents" and MS MARCO v2 says "passage",
/// "body" or, for cut documents, "segment".
const TEXT_ALIASES: [&str; 4] = ["contents", "passage", "body", "segment"];

/// Which fields of a JSON record make its text, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

impl Default for Fields {
    fn default() -> Self {
        Self(vec!["title".into(), "text".into()])
    }
}

impl Fields {
    /// Takes the fields in the order in which they are joined. White space around a name is no part of it.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names = names.into_iter();
        let trimmed = names.map(|name| name.as_ref().trim().to_owned());
        Self(trimmed.filter(|name| !name.is_empty()).collect())
    }

    /// Returns their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Returns the keys that may hold a field, the first found taken.
    pub(super) fn keys(name: &str) -> impl Iterator<Item = &str> {
        let aliases: &[&str] = if name == "text" { &TEXT_ALIASES } else { &[] };
        std::iter::once(name).chain(aliases.iter().copied())
    }
}

/// How many records had a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCount {
    /// The field's name.
    pub name: String,
    /// Records that had it, also if it was empty.
    pub found: u64,
    /// Records that were read.
    pub records: u64,
}

/// The fields that a record had, one bit per field in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FieldSet(pub u64);

impl FieldSet {
    /// Fields beyond this number are not counted.
    const MAX_FIELDS: usize = 64;

    /// Adds a field by its place in the order.
    pub fn insert(&mut self, field: usize) {
        if field < Self::MAX_FIELDS {
            self.0 |= 1 << field;
        }
    }

    fn contains(self, field: usize) -> bool {
        self.0 >> field & 1 == 1
    }
}

/// Counts in how many records each field is.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldCounter {
    records: u64,
    found: Vec<u64>,
    first_keys: Option<String>,
}

impl FieldCounter {
    /// Counts the fields of one record, of which the first keys are kept for messages.
    pub fn add(&mut self, fields: &Fields, record: FieldSet, json: &[u8]) {
        self.first_keys
            .get_or_insert_with(|| key_names(&String::from_utf8_lossy(json)));
        self.records += 1;
        self.found
            .resize(fields.names().len().min(FieldSet::MAX_FIELDS), 0);
        for (field, count) in self.found.iter_mut().enumerate() {
            *count += u64::from(record.contains(field));
        }
    }

    /// Reports a field that none of the records has.
    ///
    /// Of the default fields only the text of documents must be there: many collections have no titles, and topics may
    /// have nothing but one.
    pub fn check(&self, fields: &Fields, kind: CorpusKind) -> Result<(), CorpusError> {
        let is_default = *fields == Fields::default();
        let may_lack = |name: &str| is_default && (name == "title" || kind == CorpusKind::Topics);
        let mut counts = self.counts(fields).into_iter();
        match counts.find(|count| count.found == 0 && !may_lack(&count.name)) {
            None => Ok(()),
            Some(count) => Err(CorpusError::FieldNotFound {
                field: count.name,
                records: count.records,
                keys: self.first_keys.clone().unwrap_or_default(),
            }),
        }
    }

    /// Returns the counts by name.
    pub fn counts(&self, fields: &Fields) -> Vec<FieldCount> {
        let names = fields.names().iter().zip(&self.found);
        names
            .map(|(name, &found)| FieldCount {
                name: name.clone(),
                found,
                records: self.records,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_counted() {
        let fields = Fields::new(["title", " text", ""]);
        assert_eq!(fields, Fields::default());
        let mut counter = FieldCounter::default();
        counter.add(&fields, FieldSet(0b10), b"{\"text\": 1}");
        assert!(counter.check(&fields, CorpusKind::Documents).is_ok());
        let named = Fields::new(["text", "txet"]);
        let mut other = FieldCounter::default();
        other.add(&named, FieldSet(0b01), b"{\"text\": 1}");
        let error = other.check(&named, CorpusKind::Documents).unwrap_err();
        let expected = "none of the first 1 records has the field \"txet\" (keys of the first: text); correct `fields`";
        assert_eq!(error.to_string(), expected);
        counter.add(&fields, FieldSet(0b11), b"{}");
        let counts = counter.counts(&fields);
        assert_eq!((counts[0].found, counts[1].found), (1, 2));
        assert_eq!(counts[0].records, 2);
    }
}
