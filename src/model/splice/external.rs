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

/// External data must lie beside the file: anything else is a path somebody else chose.
pub fn external_files(tensors: &[&TensorHeader], path: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for tensor in tensors {
        if tensor.data_location != Some(EXTERNAL) {
            continue;
        }
        let mut locations = tensor
            .external_data
            .iter()
            .filter(|entry| entry.key.as_deref() == Some("location"))
            .map(|entry| entry.value.as_deref().unwrap_or_default());
        let found = |location| is_beside(location).then(|| folder.join(location));
        match locations.try_fold(None, |_, location| found(location).map(Some)) {
            Some(Some(file)) => files.push(file),
            _ => {
                return Err(ModelError::broken(
                    path,
                    "a weight is said to lie in a file outside the model folder; do not use this file",
                ));
            }
        }
    }
    files.sort();
    files.dedup();
    match files.iter().find(|file| !file.exists()) {
        Some(file) => Err(ModelError::broken(
            file,
            "the external data file is missing",
        )),
        None => Ok(files),
    }
}
