//! The instruction sets that the head has kernels for, and which of them this machine has.

use super::arithmetic::Kernel;
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::{amx::Amx, avx2::Avx2, avx2_vnni::Avx2Vnni, avx512::Avx512Vnni};
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use super::{neon::Neon, neon_dotprod::NeonDotprod};

/// An instruction set for the head. All give the same results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// x86-64 with AMX for 8-bit integers, and AVX-512 VNNI: 16,384 multiply-adds per instruction.
    Amx,
    /// x86-64 with AVX-512 F and VNNI: 64 multiply-adds per instruction.
    Avx512Vnni,
    /// x86-64 with AVX2, FMA and AVX-VNNI: 32 multiply-adds per instruction.
    Avx2Vnni,
    /// x86-64 with AVX2 and FMA: 16 multiply-adds per pair of instructions.
    Avx2,
    /// 64-bit Arm with NEON and the dot product extension: 16 multiply-adds per instruction.
    NeonDotprod,
    /// 64-bit Arm with NEON: 8 multiply-adds per pair of instructions.
    Neon,
    /// Plain Rust, for every processor.
    Portable,
}

impl KernelKind {
    /// All kinds, fastest first, whether this machine has them or not.
    pub const ALL: [Self; 7] = [
        Self::Amx,
        Self::Avx512Vnni,
        Self::Avx2Vnni,
        Self::Avx2,
        Self::NeonDotprod,
        Self::Neon,
        Self::Portable,
    ];

    /// Returns the fastest kind that this machine has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.is_available())
            .unwrap_or(Self::Portable)
    }

    /// Returns whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.kernel().is_some()
    }

    /// Returns a short name for logs and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amx => "amx",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Avx2Vnni => "avx2-vnni",
            Self::Avx2 => "avx2",
            Self::NeonDotprod => "neon-dotprod",
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }

    /// Returns the kernel, or `None` if this machine lacks its instructions.
    pub(in crate::screened_head) fn kernel(self) -> Option<&'static dyn Kernel> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Amx::detect().map(|kernel| kernel as _),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Avx512Vnni::detect().map(|kernel| kernel as _),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Vnni => Avx2Vnni::detect().map(|kernel| kernel as _),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().map(|kernel| kernel as _),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::NeonDotprod => NeonDotprod::detect().map(|kernel| kernel as _),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon => Neon::detect().map(|kernel| kernel as _),
            Self::Portable => Some(&Portable),
            // The kernels of other processors are not compiled.
            _ => None,
        }
    }
}
