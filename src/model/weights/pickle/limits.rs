//! Bounds for hostile files.

/// The longest pickle that is read: that of a thousand tensors has a twentieth of it. What it builds takes up to some
/// forty times its length in memory.
pub(super) const MAX_PICKLE: u64 = 4 << 20;
