//! Which keys of a record are read.

use super::fields::Fields;
use super::kind::CorpusKind;

/// What a record is read for: its identifier and the fields that make its text.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// The word for the identifier, for messages.
    pub id: &'static str,
    /// All keys that are looked for: those of the identifier, then those of each field.
    pub keys: Vec<String>,
    /// How many of the keys may hold the identifier; the first found is taken.
    pub id_keys: usize,
    /// The fields in the order in which they are joined.
    pub fields: Fields,
    /// For each field how many keys may hold it; the first found is taken.
    pub field_keys: Vec<usize>,
}

impl Schema {
    /// Reads this kind of records; `id_field` names the key of the identifier, if it is none of the usual ones.
    pub fn new(kind: CorpusKind, id_field: Option<&str>, fields: &Fields) -> Self {
        let mut keys = match id_field {
            Some(key) => vec![key.to_owned()],
            None => kind.id_keys().iter().map(ToString::to_string).collect(),
        };
        let id_keys = keys.len();
        let mut field_keys = Vec::new();
        for name in fields.names() {
            let before = keys.len();
            keys.extend(Fields::keys(name).map(str::to_owned));
            field_keys.push(keys.len() - before);
        }
        Self {
            id: kind.id(),
            keys,
            id_keys,
            fields: fields.clone(),
            field_keys,
        }
    }
}
