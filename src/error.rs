//! The one error of the library's public calls.

use std::fmt;
use std::io;

use crate::collection::{CollectionError, LineProblem};
use crate::corpus::CorpusError;
use crate::durable::NewFileError;
use crate::encoder::EncodeError;
use crate::hub::HubError;
use crate::impact::QuantizeError;
use crate::lucene::LuceneError;
use crate::model::ModelError;
use crate::output::TermClash;
use crate::quote::sentence;
use crate::run::RunError;
use crate::stop::Interrupted;

/// A result of the library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Settings that contradict each other or are out of range.
    Setting,
    /// The corpus, the topics, or a record of them.
    Corpus,
    /// The model's folder, or its name on the hub.
    Model,
    /// ONNX Runtime, the device, or the encoding itself.
    Encoding,
    /// A collection that is read.
    Collection,
    /// A Lucene index that is read or written.
    Index,
    /// A run that cannot begin or go on: its output is taken, locked or of another run.
    Run,
    /// A format cannot write a record.
    Output,
    /// The run was asked to stop and did; what is whole was kept.
    Interrupted,
    /// The file system.
    Io,
    /// Anything else.
    Other,
}

/// What went wrong: a kind, and a message with the place and a remedy. Settings are named in backticks, as in
/// `max_length`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    source: anyhow::Error,
}

/// Settings that contradict each other or are out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(.0))]
pub struct SettingError(pub String);

/// What an output cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(.0))]
struct OutputProblem(String);

impl ErrorKind {
    /// Tells the kind of any error by the first cause that has one: of [`Error`] itself, or of a typed error of the library.
    #[must_use]
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            if let Some(kind) = kind_of_cause(cause) {
                return kind;
            }
            next = cause.source();
        }
        Self::Other
    }
}

impl Error {
    /// Describes settings that contradict each other or are out of range.
    #[must_use]
    pub fn setting(message: impl Into<String>) -> Self {
        anyhow::Error::from(SettingError(message.into())).into()
    }

    /// Describes what an output cannot do.
    #[must_use]
    pub fn output(message: impl Into<String>) -> Self {
        anyhow::Error::from(OutputProblem(message.into())).into()
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the typed cause, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: std::error::Error + Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.source.chain().find_map(|cause| {
            let inner = cause.downcast_ref::<Self>();
            cause.downcast_ref().or_else(|| inner?.downcast_ref())
        })
    }
}

/// Joins what an error and its causes say, each once: some of them name their own cause already. What a terminal would
/// obey is escaped, and the middle of a very long message is left out.
#[must_use]
pub fn join_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut message = sentence(&error.to_string());
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = sentence(&inner.to_string());
        if !message.contains(&said) {
            message = format!("{message}: {said}");
        }
        cause = inner.source();
    }
    sentence(&message)
}

fn kind_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let kind = if let Some(error) = cause.downcast_ref::<Error>() {
        error.kind()
    } else if cause.is::<SettingError>() {
        ErrorKind::Setting
    } else if is_stop(cause) {
        ErrorKind::Interrupted
    } else if cause.is::<CorpusError>() {
        ErrorKind::Corpus
    } else if cause.is::<ModelError>() || cause.is::<HubError>() || cause.is::<TermClash>() {
        ErrorKind::Model
    } else if let Some(error) = cause.downcast_ref::<EncodeError>() {
        if error.is_about_settings() {
            ErrorKind::Setting
        } else {
            ErrorKind::Encoding
        }
    } else if cause.is::<CollectionError>() || cause.is::<LineProblem>() {
        ErrorKind::Collection
    } else if cause.is::<LuceneError>() {
        ErrorKind::Index
    } else if cause.is::<QuantizeError>() {
        ErrorKind::Output
    } else if cause.is::<RunError>() || cause.is::<NewFileError>() {
        ErrorKind::Run
    } else if cause.is::<OutputProblem>() {
        ErrorKind::Output
    } else if cause.is::<io::Error>() {
        ErrorKind::Io
    } else {
        return None;
    };
    Some(kind)
}

/// Returns true if a run was asked to stop.
fn is_stop(cause: &(dyn std::error::Error + 'static)) -> bool {
    let of_collection = matches!(
        cause.downcast_ref(),
        Some(CollectionError::Interrupted(Interrupted))
    );
    let of_index = matches!(
        cause.downcast_ref(),
        Some(LuceneError::Interrupted(Interrupted))
    );
    let of_encoder = matches!(
        cause.downcast_ref(),
        Some(EncodeError::Interrupted(Interrupted))
    );
    of_collection || of_index || of_encoder || cause.is::<Interrupted>()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever names and texts of others are in it, a terminal obeys nothing of it.
        f.write_str(&sentence(&self.0.source.to_string()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:#}", self.0.kind, self.0.source)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.source()
    }
}

impl From<anyhow::Error> for Error {
    fn from(source: anyhow::Error) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::of(source.as_ref()),
            source,
        }))
    }
}

/// Makes `?` work for the typed errors of the library's parts.
macro_rules! from_typed {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                anyhow::Error::from(error).into()
            }
        }
    )+};
}

from_typed!(
    CollectionError,
    CorpusError,
    EncodeError,
    HubError,
    Interrupted,
    LineProblem,
    LuceneError,
    ModelError,
    NewFileError,
    QuantizeError,
    RunError,
    SettingError,
    TermClash,
    io::Error,
    serde_json::Error,
);
