//! Steps of an encoder's layers on the CPU, from a linear layer's product to what the next one is given,
//! with the values in registers: bias, attention, residual, norm, GELU and quantization.
//!
//! Each row, or text in attention, is computed by itself and in one order, so that no result depends on
//! other texts or on padding. The kernels are written once, over a vector of floats ([`vector`]), and
//! compiled for AVX-512 and AVX2; other processors have none.

#![allow(
    unsafe_code,
    reason = "instructions of the processor and pointers into rows whose sizes were compared before"
)]
#![allow(
    clippy::inline_always,
    reason = "a generic function has no instruction set: it must become part of one that has"
)]

mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod elementwise;
mod functions;
mod kernels;
mod product;
mod quantization;
#[cfg(test)]
mod tests;
mod vector;

pub use kernels::{Kernels, ResidualNorm};
pub use product::Product;
pub use quantization::Quantized;
