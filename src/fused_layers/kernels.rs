//! The layers' steps on the instruction set of this machine.

use std::cell::RefCell;

use super::attention::{Scratch, Shape, attend};
use super::elementwise::{self, Gelu, NearGelu, Same, write_quantized, write_row};
use super::product::{Floats, Integers, Product, Rows};
use super::quantization::{Quantized, QuantizedRows, quantize_row};
use super::vector::{Task, Vector};

/// An instruction set with kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// x86-64 with AVX-512 F.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
}

/// The sizes of what a kernel was given do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sizes of a fused operator's tensors do not go together")]
pub struct WrongSize;

/// A residual and the norm after it, of rows.
pub struct ResidualNorm<'a> {
    /// `[rows, width]`
    pub residual: &'a [f32],
    /// `[width]`
    pub gain: &'a [f32],
    /// `[width]`
    pub bias: &'a [f32],
    /// What is added to the variance.
    pub epsilon: f32,
    /// Where the norm goes, `[rows, width]`.
    pub normed: &'a mut [f32],
    /// Where the sum goes, if it is wanted.
    pub sum: Option<&'a mut [f32]>,
    /// Where the norm goes as bytes, if they are wanted.
    pub quantized: Option<Quantized<'a>>,
}

impl Kernels {
    /// Returns the fastest kind that this machine has.
    #[must_use]
    pub fn detect() -> Option<Self> {
        [Self::Avx512, Self::Avx2]
            .into_iter()
            .find(|kernels| kernels.is_available())
    }

    /// Returns whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return match self {
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        };
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// Writes `softmax(q kᵀ / √d) v` of texts to `out`, `[texts, length, width]`: a text's tokens attend to
    /// its first `lengths[text]` tokens. Rows of padding become zeros.
    ///
    /// # Errors
    /// [`WrongSize`]
    pub fn attention(
        self,
        products: [Product<'_>; 3],
        heads: usize,
        lengths: &[usize],
        out: &mut [f32],
    ) -> Result<(), WrongSize> {
        let width = out.len() / lengths.len().max(1);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let rows = products[0].rows();
        let length = rows / lengths.len().max(1);
        let same = products
            .iter()
            .all(|product| product.width(rows) == Some(width / length.max(1)));
        let width = width / length.max(1);
        let kind =
            products.iter().all(Product::is_integers) || !products.iter().any(Product::is_integers);
        let fits = same
            && kind
            && rows == length * lengths.len()
            && out.len() == rows * width
            && longest <= length
            && heads > 0
            && width.is_multiple_of(heads);
        if !fits {
            return Err(WrongSize);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            self.run(Attention {
                products,
                heads,
                width,
                length,
                lengths,
                out,
                scratch,
            });
        });
        Ok(())
    }

    /// Writes the norm of the product's rows and their residuals.
    ///
    /// # Errors
    /// [`WrongSize`]
    pub fn residual_norm(
        self,
        product: Product<'_>,
        mut norm: ResidualNorm<'_>,
    ) -> Result<(), WrongSize> {
        let rows = product.rows();
        let width = norm.gain.len();
        let wrong = |len: usize| len != rows * width;
        let sum = norm.sum.as_ref().is_some_and(|sum| wrong(sum.len()));
        if product.width(rows) != Some(width)
            || wrong(norm.residual.len())
            || wrong(norm.normed.len())
            || sum
            || norm.bias.len() != width
        {
            return Err(WrongSize);
        }
        let quantized = match &mut norm.quantized {
            Some(quantized) => Some(quantized.rows(rows, width)?),
            None => None,
        };
        self.run(Norm {
            product,
            rows,
            norm: elementwise::ResidualNorm {
                residual: norm.residual.as_ptr(),
                gain: norm.gain.as_ptr(),
                bias: norm.bias.as_ptr(),
                epsilon: norm.epsilon,
                normed: norm.normed.as_mut_ptr(),
                sum: norm.sum.map_or(std::ptr::null_mut(), <[f32]>::as_mut_ptr),
                width,
            },
            quantized,
        });
        Ok(())
    }

    /// Writes the product's values, `gelu` of them if that is asked for.
    ///
    /// # Errors
    /// [`WrongSize`]
    pub fn floats(
        self,
        product: Product<'_>,
        gelu: bool,
        out: &mut [f32],
    ) -> Result<(), WrongSize> {
        let rows = product.rows();
        let width = product.width(rows).ok_or(WrongSize)?;
        if out.len() != rows * width {
            return Err(WrongSize);
        }
        let to = Output::Floats(out.as_mut_ptr());
        self.run(Elementwise {
            product,
            rows,
            width,
            gelu,
            to,
        });
        Ok(())
    }

    /// Writes the same as bytes, each row with a scale of its own.
    ///
    /// # Errors
    /// [`WrongSize`]
    pub fn bytes(
        self,
        product: Product<'_>,
        gelu: bool,
        mut out: Quantized<'_>,
    ) -> Result<(), WrongSize> {
        let rows = product.rows();
        let width = product.width(rows).ok_or(WrongSize)?;
        let rows_out = out.rows(rows, width)?;
        LINE.with_borrow_mut(|line| {
            line.resize(width, 0.0);
            let to = Output::Bytes(rows_out, line.as_mut_ptr());
            self.run(Elementwise {
                product,
                rows,
                width,
                gelu,
                to,
            });
        });
        Ok(())
    }

    /// Quantizes rows.
    ///
    /// # Errors
    /// [`WrongSize`]
    pub fn quantize(
        self,
        values: &[f32],
        width: usize,
        mut out: Quantized<'_>,
    ) -> Result<(), WrongSize> {
        let rows = values.len() / width.max(1);
        if values.len() != rows * width {
            return Err(WrongSize);
        }
        let to = out.rows(rows, width)?;
        self.run(Quantize {
            values,
            rows,
            width,
            to,
        });
        Ok(())
    }

    fn run(self, task: impl Task) {
        debug_assert!(self.is_available());
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Kernels::detect` gives only what the processor has.
        unsafe {
            match self {
                Self::Avx512 => super::avx512::run(task),
                Self::Avx2 => super::avx2::run(task),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        drop(task);
    }
}

impl Product<'_> {
    fn is_integers(&self) -> bool {
        matches!(self, Self::Integers { .. })
    }

    /// Returns the number of rows.
    fn rows(&self) -> usize {
        match self {
            Self::Floats { values, bias } => values.len() / bias.len().max(1),
            Self::Integers { scales, .. } => scales.len() / 2,
        }
    }
}

impl Quantized<'_> {
    fn rows(&mut self, rows: usize, width: usize) -> Result<QuantizedRows, WrongSize> {
        if self.bytes.len() != rows * width || self.scales.len() != 2 * rows {
            return Err(WrongSize);
        }
        Ok(QuantizedRows {
            bytes: self.bytes.as_mut_ptr(),
            scales: self.scales.as_mut_ptr(),
        })
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    static LINE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

struct Attention<'a> {
    products: [Product<'a>; 3],
    heads: usize,
    width: usize,
    length: usize,
    lengths: &'a [usize],
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Task for Attention<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: `Kernels::attention` compared all sizes.
        unsafe {
            let width = self.width;
            match self.products {
                [
                    q @ Product::Floats { .. },
                    k @ Product::Floats { .. },
                    v @ Product::Floats { .. },
                ] => self.texts::<V, _>([q, k, v].map(|x| floats(x, width))),
                products => self.texts::<V, _>(products.map(|x| integers(x, width))),
            }
        }
    }
}

impl Attention<'_> {
    #[inline(always)]
    unsafe fn texts<V: Vector, P: Rows<V>>(self, products: [P; 3]) {
        for (text, &length) in self.lengths.iter().enumerate() {
            let shape = Shape {
                heads: self.heads,
                size: self.width / self.heads,
                first: text * self.length,
                length,
            };
            // SAFETY: as above.
            unsafe { attend::<V, P>(products, shape, self.out.as_mut_ptr(), self.scratch) };
            let rows = (shape.first + length)..(text + 1) * self.length;
            self.out[rows.start * self.width..rows.end * self.width].fill(0.0);
        }
    }
}

struct Norm<'a> {
    product: Product<'a>,
    rows: usize,
    norm: elementwise::ResidualNorm,
    quantized: Option<QuantizedRows>,
}

impl Task for Norm<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = self.norm.width;
        // SAFETY: `Kernels::residual_norm` compared all sizes.
        unsafe {
            match self.product {
                product @ Product::Floats { .. } => self.rows::<V, _>(floats(product, width)),
                product @ Product::Integers { .. } => self.rows::<V, _>(integers(product, width)),
            }
        }
    }
}

impl Norm<'_> {
    #[inline(always)]
    unsafe fn rows<V: Vector, P: Rows<V>>(self, product: P) {
        let width = self.norm.width;
        for row in 0..self.rows {
            // SAFETY: as above.
            unsafe {
                let range = self.norm.write_row::<V, P>(product, row);
                if let Some(to) = self.quantized {
                    range.quantize(self.norm.normed.add(row * width), row, width, to);
                }
            }
        }
    }
}

enum Output {
    Floats(*mut f32),
    /// Through a row of floats.
    Bytes(QuantizedRows, *mut f32),
}

struct Elementwise<'a> {
    product: Product<'a>,
    rows: usize,
    width: usize,
    gelu: bool,
    to: Output,
}

impl Task for Elementwise<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: `Kernels::floats` and `Kernels::bytes` compared all sizes.
        unsafe {
            let width = self.width;
            match self.product {
                product @ Product::Floats { .. } => self.write::<V, _>(floats(product, width)),
                product @ Product::Integers { .. } => self.write::<V, _>(integers(product, width)),
            }
        }
    }
}

impl Elementwise<'_> {
    #[inline(always)]
    unsafe fn write<V: Vector, P: Rows<V>>(self, product: P) {
        let (rows, width) = (self.rows, self.width);
        match (self.to, self.gelu) {
            (Output::Floats(to), gelu) => {
                for row in 0..rows {
                    // SAFETY: as above.
                    unsafe {
                        let to = to.add(row * width);
                        if gelu {
                            write_row::<V, P, Gelu>(product, row, width, to);
                        } else {
                            write_row::<V, P, Same>(product, row, width, to);
                        }
                    }
                }
            }
            // SAFETY: as above.
            (Output::Bytes(to, line), true) => unsafe {
                write_quantized::<V, P, NearGelu>(product, rows, width, line, to);
            },
            // SAFETY: as above.
            (Output::Bytes(to, line), false) => unsafe {
                write_quantized::<V, P, Same>(product, rows, width, line, to);
            },
        }
    }
}

struct Quantize<'a> {
    values: &'a [f32],
    rows: usize,
    width: usize,
    to: QuantizedRows,
}

impl Task for Quantize<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for row in 0..self.rows {
            // SAFETY: `Kernels::quantize` compared all sizes.
            unsafe {
                let values = self.values.as_ptr().add(row * self.width);
                quantize_row::<V>(values, row, self.width, self.to);
            }
        }
    }
}

/// Returns pointers into a product of floats, of none for other products.
fn floats(product: Product<'_>, width: usize) -> Floats {
    let (values, bias): (&[f32], &[f32]) = match product {
        Product::Floats { values, bias } => (values, bias),
        Product::Integers { .. } => unreachable!("the caller looked"),
    };
    Floats {
        values: values.as_ptr(),
        bias: bias.as_ptr(),
        width,
    }
}

/// Returns pointers into a product of integers.
fn integers(product: Product<'_>, width: usize) -> Integers {
    match product {
        Product::Integers {
            values,
            scales,
            columns,
        } => Integers {
            values: values.as_ptr(),
            scales: scales.as_ptr(),
            columns: columns.as_ptr(),
            width,
        },
        Product::Floats { .. } => unreachable!("the caller looked"),
    }
}
