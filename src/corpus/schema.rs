//! Which keys of a record are read.

use super::fields::Fields;
use super::kind::CorpusKind;

/// What a record is read for: its identifier and the fields that make its text.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// The word for the identifier, for messages.
    pub id: &'static str,
    /// Keys that may hold the identifier, the first found taken.
    pub id_keys: Vec<String>,
    /// The fields in the order in which they are joined.
    pub fields: Fields,
    /// For each field the keys that may hold it, the first found taken.
    pub field_keys: Vec<Vec<String>>,
}

impl Schema {
    /// Reads this kind of records; `id_field` names the key of the identifier, if it is none of the usual ones.
    pub fn new(kind: CorpusKind, id_field: Option<&str>, fields: &Fields) -> Self {
        let id_keys = match id_field {
            Some(key) => vec![key.to_owned()],
            None => kind.id_keys().iter().map(ToString::to_string).collect(),
        };
        let keys_of = |name: &String| Fields::keys(name).map(str::to_owned).collect();
        Self {
            id: kind.id(),
            id_keys,
            fields: fields.clone(),
            field_keys: fields.names().iter().map(keys_of).collect(),
        }
    }

    /// Returns all keys that are looked for: those of the identifier, then those of each field.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let fields = self.field_keys.iter().flatten();
        self.id_keys.iter().chain(fields).map(String::as_str)
    }
}
