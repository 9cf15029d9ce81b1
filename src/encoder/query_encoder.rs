//! What encodes queries: a model, or a table without one.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::builder::SpladeEncoderBuilder;
use super::error::EncodeError;
use super::settings::EncoderSettings;
use super::splade_encoder::SpladeEncoder;
use super::table_encoder::{TableEncoder, TableSettings};
use crate::model::{QueryFiles, QuerySide, Sides, Vocabulary};

/// Where the weights of queries come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum QueryWeights {
    /// As the model's folder says.
    #[default]
    Auto,
    /// From the model that encodes documents.
    Model,
    /// From the table in the model's folder.
    Table,
    /// 1 for each term of a query.
    Ones,
    /// From the table in this file.
    File(PathBuf),
}

impl FromStr for QueryWeights {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "model" => Self::Model,
            "table" => Self::Table,
            "ones" => Self::Ones,
            file => Self::File(file.into()),
        })
    }
}

/// Encodes queries.
pub enum QueryEncoder {
    /// With a model.
    Model(Box<SpladeEncoder>),
    /// With a table.
    Table(Box<TableEncoder>),
}

impl QueryEncoder {
    /// Opens the query side of a model's folder.
    ///
    /// # Errors
    /// [`EncodeError`] if the folder has no such side, or as for [`SpladeEncoder::open`].
    pub fn open(
        folder: &Path,
        weights: &QueryWeights,
        settings: EncoderSettings,
    ) -> Result<Self, EncodeError> {
        Self::open_as(folder, weights, settings, |builder| builder)
    }

    /// Opens the query side of a model's folder, and hashes the files of a model beside it, as
    /// [`SpladeEncoderBuilder::with_fingerprint`] does: for [`QueryOrigin::of`](super::QueryOrigin::of).
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_with_fingerprint(
        folder: &Path,
        weights: &QueryWeights,
        settings: EncoderSettings,
    ) -> Result<Self, EncodeError> {
        let hashed = SpladeEncoderBuilder::with_fingerprint;
        Self::open_as(folder, weights, settings, hashed)
    }

    fn open_as(
        folder: &Path,
        weights: &QueryWeights,
        settings: EncoderSettings,
        adapt: impl FnOnce(SpladeEncoderBuilder) -> SpladeEncoderBuilder,
    ) -> Result<Self, EncodeError> {
        let side = Self::side(folder, weights)?;
        let model = |folder: &Path, settings| {
            let builder = SpladeEncoder::open(folder)?.settings(settings);
            Ok(Self::Model(Box::new(adapt(builder).build()?)))
        };
        match side {
            QuerySide::SameModel => model(folder, settings),
            QuerySide::Model(second) => model(&second, settings),
            QuerySide::Table(file) => table(folder, Some(&file), &settings),
            QuerySide::Ones => table(folder, None, &settings),
            QuerySide::Unknown(class) => Err(EncodeError::UnknownQuerySide {
                folder: folder.to_owned(),
                class,
            }),
        }
    }

    /// Returns what encodes queries for a model's folder.
    ///
    /// # Errors
    /// [`EncodeError::NoQueryTable`] if a table is asked for and there is none.
    pub fn side(folder: &Path, weights: &QueryWeights) -> Result<QuerySide, EncodeError> {
        Ok(match weights {
            QueryWeights::Auto => Sides::find(folder)?.queries,
            QueryWeights::Model => QuerySide::SameModel,
            QueryWeights::Ones => QuerySide::Ones,
            QueryWeights::File(file) => QuerySide::Table(file.clone()),
            QueryWeights::Table => match Sides::find(folder)?.queries {
                table @ QuerySide::Table(_) => table,
                _ => {
                    return Err(EncodeError::NoQueryTable {
                        folder: folder.to_owned(),
                    });
                }
            },
        })
    }

    /// Returns the most tokens of a query, special ones included where a model encodes it.
    #[must_use]
    pub fn max_length(&self) -> usize {
        match self {
            Self::Model(encoder) => encoder.max_length(),
            Self::Table(encoder) => encoder.settings().max_length,
        }
    }

    /// Returns the name of the file that states that length, where one does.
    #[must_use]
    pub fn max_length_stated_in(&self) -> Option<&str> {
        match self {
            Self::Model(encoder) => encoder.max_length_stated_in(),
            Self::Table(_) => None,
        }
    }

    /// Returns the terms behind the ids of tokens and vectors.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        match self {
            Self::Model(encoder) => encoder.vocabulary(),
            Self::Table(encoder) => encoder.vocabulary(),
        }
    }
}

fn table(
    folder: &Path,
    file: Option<&Path>,
    settings: &EncoderSettings,
) -> Result<QueryEncoder, EncodeError> {
    let QueryFiles {
        tokenizer,
        vocabulary,
        table,
        files,
    } = QueryFiles::open(folder, file)?;
    let defaults = TableSettings::default();
    let settings = TableSettings {
        max_length: settings.max_length.unwrap_or(defaults.max_length),
        keep_special_tokens: settings.keep_special_tokens,
        pruning: settings.pruning,
    };
    let encoder = TableEncoder::new(tokenizer, vocabulary, table, &settings)?;
    Ok(QueryEncoder::Table(Box::new(encoder.with_files(files))))
}
