//! The arithmetic of the head, one file per instruction set.
//!
//! [`Kernel`] says what a kernel computes, [`KernelKind`] finds the fastest one that the machine can run.
//! All kernels return the same integers and the same bits of the dot product; only the speed differs.

#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "instructions without functions; each block says why it is sound"
)]
mod amx;
mod arithmetic;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod avx2_floats;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod avx2_vnni;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod avx512;
mod dot_lanes;
mod kind;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod neon;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod neon_dotprod;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod neon_floats;
mod portable;

pub(super) use arithmetic::Kernel;
pub use kind::KernelKind;
#[cfg(test)]
pub(super) use portable::Portable;
