//! The functions and classes that a pickle may name.

use super::storage::StorageType;

/// A name of the allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    /// A class of storages.
    Storage(StorageType),
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: storage, first value, shape, strides, ...
    Tensor,
    /// `torch._utils._rebuild_parameter`: a tensor, ...
    Parameter,
    /// `collections.OrderedDict`
    OrderedDict,
    /// A class whose instances are passed over.
    Inert,
}

impl Global {
    /// Returns the entry of the allow-list; `None` if the name is not on it.
    pub fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Self::Parameter
            }
            ("collections", "OrderedDict") => Self::OrderedDict,
            // What checkpoints of a training carry beside the weights.
            ("torch", "Size" | "device") | ("collections", "defaultdict" | "Counter") => {
                Self::Inert
            }
            ("builtins" | "__builtin__", "dict" | "list" | "set" | "int" | "float" | "bool") => {
                Self::Inert
            }
            ("argparse", "Namespace") => Self::Inert,
            ("torch" | "torch.cuda" | "torch.storage", class) => {
                return StorageType::of_class(class)
                    .map(Self::Storage)
                    .or_else(|| dtype(module, class));
            }
            _ => return None,
        })
    }
}

/// Returns the entry of a type of numbers, such as `torch.float32`, which is data.
fn dtype(module: &str, name: &str) -> Option<Global> {
    let known = [
        "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
        "bool",
    ];
    (module == "torch" && known.contains(&name)).then_some(Global::Inert)
}
