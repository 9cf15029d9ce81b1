//! Bulk requests for Elasticsearch and OpenSearch, with nothing left for the server to analyze.
//!
//! ```text
//! OUTPUT/documents/part-00000.ndjson.gz   {"index": {"_id": "d1"}}
//!                                         {"text": "cell cell cell"}
//! OUTPUT/index.json                       what the index is to be created with
//! OUTPUT/query.json                       a query, as an example
//! ```

use serde_json::{Map, Value, json};

use super::bulk_names::feature_name;
use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, VectorRef};
use super::seismic::shortest;
use super::token_ids::TokenIds;
use crate::error::{Error, Result};
use crate::quote::Quoted;
use crate::run::VectorKind;

/// Name of the field in documents.
const FIELD: &str = "splade";
/// Largest impact that a feature keeps exactly: it has nine significant bits.
const MAX_FEATURE: u32 = 511;

/// Bytes of a file of requests: the servers take 100 MB in one request unless they are told otherwise.
const MOST_BYTES: u64 = 80_000_000;

/// How documents hold their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BulkField {
    /// A text of repeated terms, cut at white space, with a similarity that gives the exact sum of products. Every version
    /// of both servers has it.
    #[default]
    Text,
    /// Terms with numbers, in a field of the type `rank_features`: smaller, exact for impacts up to 511.
    RankFeatures,
    /// Token ids with numbers, in a field of the type `sparse_vector` of OpenSearch from 3.3 on, which searches
    /// approximately.
    SparseVector,
}

impl BulkField {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::RankFeatures => "rank-features",
            Self::SparseVector => "sparse-vector",
        }
    }

    /// Returns what an index for the documents is to be created with.
    #[must_use]
    pub fn index_body(self) -> Value {
        match self {
            Self::Text => json!({
                "settings": {"similarity": {"impact": {
                    "type": "scripted",
                    "script": {"source": "return query.boost * doc.freq;"}
                }}},
                "mappings": {"properties": {FIELD: {
                    "type": "text", "analyzer": "whitespace", "norms": false, "index_options": "freqs",
                    "similarity": "impact"
                }}}
            }),
            Self::RankFeatures => json!({
                "mappings": {"properties": {FIELD: {"type": "rank_features"}}}
            }),
            Self::SparseVector => json!({
                "settings": {"index": {"sparse": true}},
                "mappings": {"properties": {FIELD: {
                    "type": "sparse_vector",
                    "method": {"name": "seismic", "parameters": {}}
                }}}
            }),
        }
    }

    /// Returns the query for terms with their numbers. Terms of [`BulkField::SparseVector`] are token ids.
    #[must_use]
    pub fn query_body<'t>(self, terms: impl IntoIterator<Item = (&'t str, Value)>) -> Value {
        let mut terms = terms.into_iter().peekable();
        // A query without clauses would find everything.
        if terms.peek().is_none() {
            return json!({"query": {"match_none": {}}});
        }
        let clauses: Vec<Value> = match self {
            Self::Text => terms
                .map(|(term, boost)| json!({"term": {FIELD: {"value": term, "boost": boost}}}))
                .collect(),
            Self::RankFeatures => terms
                .map(|(term, boost)| {
                    let field = format!("{FIELD}.{}", feature_name(term));
                    json!({"rank_feature": {"field": field, "linear": {}, "boost": boost}})
                })
                .collect(),
            Self::SparseVector => {
                let tokens: Map<String, Value> =
                    terms.map(|(term, n)| (term.to_owned(), n)).collect();
                return json!({"query": {"neural_sparse": {FIELD: {"query_tokens": tokens}}}});
            }
        };
        json!({"query": {"bool": {"should": clauses}}})
    }
}

/// Writes documents as bulk requests.
#[derive(Debug, Clone, Default)]
pub struct BulkRequests {
    field: BulkField,
    most_bytes: Option<u64>,
    terms: Vec<String>,
    ids: TokenIds,
}

/// Writes topics as search requests: `{"qid": "q1", "query": {...}}`.
#[derive(Debug, Clone, Default)]
pub struct BulkQueries(BulkRequests);

impl BulkRequests {
    /// Writes vectors into a field of this type.
    #[must_use]
    pub fn new(field: BulkField) -> Self {
        Self {
            field,
            ..Self::default()
        }
    }

    /// Cuts files at this many bytes, before they are compressed, for servers with another limit of a request.
    #[must_use]
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = Some(bytes);
        self
    }

    fn term<'a>(&'a self, record: &EncodedRecord<'a>, id: u32) -> &'a str {
        record.terms.written(&self.terms, id)
    }

    /// Returns the names and numbers of a record's terms.
    fn entries(&self, record: &EncodedRecord<'_>) -> Result<Vec<(String, Value)>> {
        let name = |id| match self.field {
            BulkField::SparseVector => {
                let id = self.ids.find(record.terms, id, "sparse-vector")?;
                Ok::<_, Error>(id.to_string())
            }
            BulkField::Text | BulkField::RankFeatures => Ok(self.term(record, id).to_owned()),
        };
        let mut entries = Vec::with_capacity(record.vector.len());
        match record.vector {
            VectorRef::Impacts(impacts) => {
                for entry in impacts {
                    entries.push((name(entry.term)?, entry.impact.into()));
                }
            }
            VectorRef::Weights(vector) => {
                for entry in &vector.0 {
                    entries.push((name(entry.term)?, shortest(entry.weight)));
                }
            }
        }
        Ok(entries)
    }

    fn text(&self, record: &EncodedRecord<'_>) -> String {
        let mut text = String::new();
        if let VectorRef::Impacts(impacts) = record.vector {
            for entry in impacts {
                for _ in 0..entry.impact {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    text.push_str(self.term(record, entry.term));
                }
            }
        }
        text
    }

    fn features(&self, record: &EncodedRecord<'_>) -> Result<Value> {
        let mut features = Map::new();
        for (name, number) in self.entries(record)? {
            if self.field == BulkField::RankFeatures {
                if number.as_u64().is_some_and(|n| n > u64::from(MAX_FEATURE)) {
                    return Err(Error::output(format!(
                        "the document {} has the impact {number}, and a feature is exact up to {MAX_FEATURE}; rescale with \
                         `max_impact` {MAX_FEATURE}, or write a text",
                        Quoted(record.docid)
                    )));
                }
                features.insert(feature_name(&name), number);
            } else {
                features.insert(name, number);
            }
        }
        Ok(features.into())
    }
}

impl LineFormat for BulkRequests {
    fn name(&self) -> &'static str {
        match self.field {
            BulkField::Text => "bulk-text",
            BulkField::RankFeatures => "bulk-rank-features",
            BulkField::SparseVector => "bulk-sparse-vector",
        }
    }

    fn extension(&self) -> &'static str {
        "ndjson"
    }

    fn settings(&self) -> Value {
        json!({"field": self.field.name(), "most_bytes": LineFormat::most_bytes(self)})
    }

    fn most_bytes(&self) -> Option<u64> {
        Some(self.most_bytes.unwrap_or(MOST_BYTES))
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        self.field != BulkField::Text || kind == VectorKind::Impacts
    }

    fn needs_vocabulary(&self) -> bool {
        self.field == BulkField::SparseVector
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        self.ids = TokenIds::new(terms)?;
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        let action = json!({"index": {"_id": record.docid}});
        let vector = match self.field {
            BulkField::Text => self.text(record).into(),
            BulkField::RankFeatures | BulkField::SparseVector => self.features(record)?,
        };
        let mut document = Map::new();
        if !record.contents.is_empty() {
            document.insert("contents".to_owned(), record.contents.into());
        }
        document.insert(FIELD.to_owned(), vector);
        serde_json::to_writer(&mut *line, &action)?;
        line.push(b'\n');
        serde_json::to_writer(&mut *line, &document)?;
        line.push(b'\n');
        Ok(())
    }

    fn companions(&self) -> Vec<(&'static str, String)> {
        let example = match self.field {
            BulkField::SparseVector => [("2003", json!(12)), ("2004", json!(5))],
            BulkField::Text | BulkField::RankFeatures => [("cell", json!(12)), ("##s", json!(5))],
        };
        let pretty = |value: &Value| format!("{value:#}\n");
        vec![
            ("index.json", pretty(&self.field.index_body())),
            ("query.json", pretty(&self.field.query_body(example))),
        ]
    }
}

impl BulkQueries {
    /// Writes queries for a field of this type.
    #[must_use]
    pub fn new(field: BulkField) -> Self {
        Self(BulkRequests::new(field))
    }
}

impl LineFormat for BulkQueries {
    fn name(&self) -> &'static str {
        "bulk-queries"
    }

    fn extension(&self) -> &'static str {
        "ndjson"
    }

    fn settings(&self) -> Value {
        self.0.settings()
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.0.set_vocabulary(terms)
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        let entries = self.0.entries(record)?;
        let terms = entries.iter().map(|(term, n)| (term.as_str(), n.clone()));
        let mut request = Map::new();
        request.insert("qid".to_owned(), record.docid.into());
        if let Value::Object(body) = self.0.field.query_body(terms) {
            request.extend(body);
        }
        serde_json::to_writer(&mut *line, &request)?;
        line.push(b'\n');
        Ok(())
    }
}
