//! Storages: runs of values of one type, of which tensors are views.

/// The type of a storage's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageType {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    BF16,
    /// Integers, truth values, complex and quantized numbers of so many bytes: no weights of a model.
    Other(u8),
}

impl StorageType {
    /// Returns the type of torch's storage class of this name, such as `FloatStorage`.
    pub(super) fn of_class(name: &str) -> Option<Self> {
        Some(match name {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "ComplexDoubleStorage" => Self::Other(16),
            "LongStorage" | "ComplexFloatStorage" => Self::Other(8),
            "IntStorage" | "QInt32Storage" => Self::Other(4),
            "ShortStorage" => Self::Other(2),
            "CharStorage" | "ByteStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage"
            | "QUInt4x2Storage" | "QUInt2x4Storage" | "UntypedStorage" => Self::Other(1),
            _ => return None,
        })
    }

    /// Returns the bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Other(size) => usize::from(size),
        }
    }

    /// Returns true for numbers that can be weights.
    #[must_use]
    pub fn is_float(self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

/// A storage as a pickle names it: where it lies is known to the container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage<'a> {
    pub key: &'a str,
    pub kind: StorageType,
    /// Values from here on belong to this view of the storage.
    pub first: u64,
    /// Number of values of this view.
    pub values: u64,
}

/// Where the values of a whole storage lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub offset: u64,
    pub bytes: u64,
}
