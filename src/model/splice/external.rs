//! The files beside an ONNX file that hold its weights.

use std::path::{Path, PathBuf};

use super::header::{GraphHeader, NodeHeader, TensorHeader};
use crate::model::error::ModelError;
use crate::model::onnx::EXTERNAL;

/// All tensors of a graph, those inside its nodes too.
pub fn tensors_of_graph<'g>(graph: &'g GraphHeader, tensors: &mut Vec<&'g TensorHeader>) {
    tensors.extend(&graph.initializer);
    for sparse in &graph.sparse_initializer {
        tensors.extend(sparse.values.iter().chain(&sparse.indices));
    }
    tensors_of_nodes(&graph.node, tensors);
}

pub fn tensors_of_nodes<'g>(
    nodes: impl IntoIterator<Item = &'g NodeHeader>,
    tensors: &mut Vec<&'g TensorHeader>,
) {
    for attribute in nodes.into_iter().flat_map(|node| &node.attribute) {
        tensors.extend(attribute.t.iter().chain(&attribute.tensors));
        for sparse in attribute
            .sparse_tensor
            .iter()
            .chain(&attribute.sparse_tensors)
        {
            tensors.extend(sparse.values.iter().chain(&sparse.indices));
        }
        // As deep as protobuf's decoder went, at most a hundred levels.
        for graph in attribute.g.iter().chain(&attribute.graphs) {
            tensors_of_graph(graph, tensors);
        }
    }
}

/// True for a name below the folder.
fn is_beside(location: &str) -> bool {
    let mut parts = Path::new(location).components();
    // ONNX Runtime takes a location with this name for an address in its own memory.
    !location.is_empty()
        && !location.contains("_ORT_MEM_ADDR_")
        && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A file that holds weights of an ONNX file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalFile {
    /// The name that the ONNX file has for it, relative to its own folder.
    pub location: String,
    /// The file itself, links resolved.
    pub path: PathBuf,
    /// True if it lies elsewhere, as in the Hugging Face cache, and there is a link to it. ONNX Runtime
    /// follows no links out of the folder.
    pub is_linked: bool,
}

/// Returns the files that hold weights. They must lie beside the ONNX file: anything else is a path that
/// somebody else chose.
///
/// # Errors
/// [`ModelError::Broken`] for a file elsewhere, a missing one, and a tensor that says twice where it is.
pub fn external_files(
    tensors: &[&TensorHeader],
    path: &Path,
) -> Result<Vec<ExternalFile>, ModelError> {
    let mut locations = Vec::new();
    for tensor in tensors {
        if tensor.data_location.len() > 1 {
            return Err(ModelError::broken(
                path,
                "a weight says twice where its values are; do not use this file",
            ));
        }
        if !tensor.data_location.contains(&EXTERNAL) {
            continue;
        }
        let before = locations.len();
        locations.extend(
            tensor
                .external_data
                .iter()
                .filter(|entry| entry.key.as_deref() == Some("location"))
                .map(|entry| entry.value.as_deref().unwrap_or_default()),
        );
        if locations.len() == before || !locations[before..].iter().all(|name| is_beside(name)) {
            return Err(outside(path));
        }
    }
    locations.sort_unstable();
    locations.dedup();
    locations
        .into_iter()
        .map(|location| resolve(location, path))
        .collect()
}

fn outside(path: &Path) -> ModelError {
    ModelError::broken(
        path,
        "a weight is said to lie in a file outside the model folder; do not use this file",
    )
}

/// Follows the links of a file with weights; they may lead to where the folder itself leads, and in the
/// Hugging Face cache to the files that a snapshot consists of.
fn resolve(location: &str, onnx: &Path) -> Result<ExternalFile, ModelError> {
    let folder = match onnx.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let named = folder.join(location);
    let missing = |e: std::io::Error| {
        ModelError::broken(&named, format!("the external data file is missing: {e}"))
    };
    let path = named.canonicalize().map_err(missing)?;
    let home = folder.canonicalize().map_err(missing)?;
    let is_linked = !path.starts_with(&home);
    if is_linked && !blobs(&home).is_some_and(|blobs| path.starts_with(blobs)) {
        return Err(outside(&named));
    }
    if !path.is_file() {
        return Err(ModelError::broken(&named, "the external data is no file"));
    }
    Ok(ExternalFile {
        location: location.to_owned(),
        path,
        is_linked,
    })
}

/// Returns the folder of the files that the snapshot around this folder consists of: `REPOSITORY/blobs`
/// for `REPOSITORY/snapshots/REVISION/...`.
fn blobs(folder: &Path) -> Option<PathBuf> {
    let mut above = folder.ancestors().skip(1);
    let snapshots = above.find(|parent| parent.file_name().is_some_and(|n| n == "snapshots"))?;
    snapshots.parent()?.join("blobs").canonicalize().ok()
}
