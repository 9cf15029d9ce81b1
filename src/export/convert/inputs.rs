//! The collections that are converted: their parts, and what their manifests say.

use std::path::{Path, PathBuf};

use super::source_part::SourcePart;
use super::survey::Survey;
use crate::collection::{CollectionFiles, DOCUMENTS, Manifest};
use crate::corpus::{PartSelection, Source};
use crate::digest::sha256_of_bytes;
use crate::error::{Error, Result};
use crate::impact::Pruning;
use crate::quote;
use crate::run::{
    Accounting, CollectionSettings, Compression, Counts, InputFile, RunSettings, SettingDifference,
    Shard, VectorKind,
};

/// The format that is read.
const JSON_VECTORS: &str = "json-vectors";

/// The collections of one run, in order.
pub(super) struct Collections {
    pub(super) parts: Vec<SourcePart>,
    /// The settings that made them.
    pub(super) base: RunSettings,
    /// What the only collection saw of the whole input, if it is a shard.
    pub(super) shard: Option<Shard>,
    /// The largest weight, or impact.
    pub(super) largest: f32,
    /// Folders of collections with manifests, and what became of their records.
    accounting: Vec<(PathBuf, Accounting)>,
}

impl Collections {
    /// Opens collections that all have a manifest, or of which none has.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut described = Vec::new();
        let mut others = Vec::new();
        for path in paths {
            match read_manifest(path)? {
                Some(manifest) => described.push((path.as_path(), manifest)),
                None => others.extend(CollectionFiles::find(path)?.sources),
            }
        }
        match (described.first(), others.first()) {
            (Some((path, _)), Some(other)) => Err(Error::setting(format!(
                "{} has a manifest and {} has none, so nobody can tell whether they belong together; convert each alone",
                quote::path(path),
                other.display_name()
            ))),
            (Some(_), None) => of_manifests(&described),
            (None, _) => Ok(of_files(others)),
        }
    }

    /// Tells whether there are manifests, and not files of which nothing is known.
    pub(super) fn have_manifests(&self) -> bool {
        !self.accounting.is_empty()
    }

    /// Takes what had to be read to be known.
    pub(super) fn learn(&mut self, survey: &Survey) {
        if self.have_manifests() {
            return;
        }
        let mut digest = String::new();
        for (part, found) in self.parts.iter_mut().zip(&survey.parts) {
            digest = sha256_of_bytes(format!("{digest}{}", found.sha256).as_bytes());
            part.input_sha256.clone_from(&digest);
        }
        let largest = survey.parts.iter().map(|part| part.largest);
        self.largest = largest.fold(0.0, f32::max);
        let documents = survey.parts.iter().map(|part| part.documents).max();
        self.base.collection.part_size =
            usize::try_from(documents.unwrap_or(0)).unwrap_or(usize::MAX);
        if survey.parts.iter().any(|part| part.has_floats) {
            self.base.kind = VectorKind::Weights;
        }
    }

    /// Returns what became of the records: where nothing says it, all were documents.
    pub(super) fn accounting(&self, written: u64) -> Vec<(PathBuf, Accounting)> {
        if self.have_manifests() {
            return self.accounting.clone();
        }
        let accounting = Accounting {
            read: written,
            written,
            ..Accounting::default()
        };
        vec![(PathBuf::new(), accounting)]
    }

    /// Refuses the vocabulary of another model, as far as its size tells.
    pub(super) fn check_vocabulary(&self, terms: usize) -> Result<()> {
        match &self.base.model {
            Some(model) if model.vocabulary != terms => Err(Error::setting(format!(
                "the collection was made with {} terms, and this model has {terms}; name the `model` that made it",
                model.vocabulary
            ))),
            _ => Ok(()),
        }
    }
}

/// Reads the manifest of a folder; refuses outputs in another format.
fn read_manifest(path: &Path) -> Result<Option<Manifest>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let manifest = Manifest::read(path)?;
    if let Some(manifest) = &manifest
        && manifest.format != JSON_VECTORS
    {
        return Err(Error::setting(format!(
            "{}: this output is in the format {}, and only {JSON_VECTORS} can be converted; name the collection",
            quote::path(path),
            quote::Name(&manifest.format)
        )));
    }
    Ok(manifest)
}

fn of_manifests(described: &[(&Path, Manifest)]) -> Result<Collections> {
    let Some(((first_path, first), others)) = described.split_first() else {
        return Err(Error::setting("there is nothing to convert"));
    };
    let mut base = first.settings.clone();
    for (path, manifest) in others {
        let (now, then) = (vectors(&manifest.settings), vectors(&first.settings));
        if let Some(difference) = SettingDifference::between(&then, &now) {
            return Err(Error::setting(format!(
                "{} and {} are not of one kind: {difference}; convert each alone",
                quote::path(first_path),
                quote::path(path)
            )));
        }
        base.input.extend(manifest.settings.input.clone());
        let (collection, more) = (&mut base.collection, &manifest.settings.collection);
        collection.part_size = collection.part_size.max(more.part_size);
        collection.contents |= more.contents;
    }
    if let Some((path, _)) = described.iter().find(|(_, m)| m.shard.is_some())
        && !others.is_empty()
    {
        return Err(Error::setting(format!(
            "{} is a shard of a collection; join the shards first, or convert each alone",
            quote::path(path)
        )));
    }
    let largest = |manifest: &Manifest| match manifest.settings.kind {
        VectorKind::Weights => manifest.counts.max_weight,
        VectorKind::Impacts => as_float(manifest.counts.max_impact),
    };
    Ok(Collections {
        parts: parts_of(described)?,
        shard: first.shard.clone(),
        largest: described
            .iter()
            .map(|(_, m)| largest(m))
            .fold(0.0, f32::max),
        accounting: described
            .iter()
            .map(|(path, manifest)| ((*path).to_owned(), manifest.accounting.clone()))
            .collect(),
        base,
    })
}

/// Lists the parts. Those of one collection keep their numbers.
fn parts_of(described: &[(&Path, Manifest)]) -> Result<Vec<SourcePart>> {
    let mut parts = Vec::new();
    for (path, manifest) in described {
        let folder = path.join(DOCUMENTS);
        for part in &manifest.parts {
            let number = part.number().ok_or_else(|| {
                let name = quote::Name(&part.file.name);
                let path = quote::path(path);
                Error::setting(format!(
                    "{path}: a part cannot be named {name}; make the collection again"
                ))
            })?;
            parts.push(SourcePart {
                number: if described.len() == 1 {
                    number
                } else {
                    parts.len()
                },
                source: Source::file(folder.join(&part.file.name)),
                written: Some((folder.clone(), part.file.clone())),
                input_sha256: part.input_sha256.clone(),
                counts: part.counts,
            });
        }
    }
    Ok(parts)
}

/// Returns the settings that bear on single vectors.
fn vectors(settings: &RunSettings) -> RunSettings {
    RunSettings {
        collection: CollectionSettings {
            part_size: 0,
            compression: Compression::None,
            contents: false,
        },
        selection: PartSelection::All,
        input: Vec::new(),
        ..settings.clone()
    }
}

/// Makes each file a part. What is in them has still to be learned.
fn of_files(sources: Vec<Source>) -> Collections {
    let base = RunSettings {
        format_version: RunSettings::current_version(),
        tool: RunSettings::this_tool(),
        kind: VectorKind::Impacts,
        model: None,
        encoding: None,
        pruning: Pruning::default(),
        quantization: None,
        impacts_before: None,
        collection: CollectionSettings {
            part_size: 0,
            compression: Compression::default(),
            contents: true,
        },
        selection: PartSelection::All,
        input: sources
            .iter()
            .map(|source| InputFile {
                name: source.name.to_string(),
                bytes: source.size(),
            })
            .collect(),
    };
    let part = |(number, source)| SourcePart {
        number,
        source,
        written: None,
        input_sha256: String::new(),
        counts: Counts::default(),
    };
    Collections {
        parts: sources.into_iter().enumerate().map(part).collect(),
        base,
        shard: None,
        largest: 0.0,
        accounting: Vec::new(),
    }
}

/// Returns the float next to an impact.
#[allow(clippy::cast_precision_loss, reason = "the nearest float is meant")]
pub(super) fn as_float(impact: u32) -> f32 {
    impact as f32
}
