//! The kernel for AMX with 8-bit integers: a tile of 32 tokens and 32 columns in four tile registers.
//!
//! `tdpbusd` multiplies 16 rows of 64 unsigned bytes by 64 rows of signed ones for 16 columns, these as
//! `[quad][column][4]`, which is the layout of a block of columns. It needs the rows one after the other,
//! [`QuantizedRows::lines`]. Whatever it is no faster at is left to the kernel for AVX-512.
//!
//! The compiler has no stable functions for these instructions, so they are written in assembly. The
//! registers' shapes are those of the thread: they are put back as they were.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _mm512_loadu_si512, _mm512_max_epi32, _mm512_set1_epi32};
use std::arch::x86_64::{__m512i, _mm512_slli_epi32, _mm512_storeu_si512, _mm512_sub_epi32};
use std::sync::OnceLock;

use super::arithmetic::Kernel;
use super::avx512::Avx512Vnni;
use crate::screened_head::layout::{BLOCK, Block, LINE, LINES};
use crate::screened_head::rows::QuantizedRows;

/// Rows, and 32-bit columns, of a tile register.
const TILE: usize = 16;
/// Bytes from one quad of a block's columns to the next.
const QUAD_STRIDE: usize = 4 * BLOCK;

/// Proof that the processor has AMX with 8-bit integers, and that this process may use it: only
/// [`Amx::detect`] hands it out.
pub(super) struct Amx(&'static Avx512Vnni);

impl Amx {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Amx>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let avx512 = Avx512Vnni::detect()?;
            (has_amx() && may_use_tiles()).then_some(Amx(avx512))
        });
        found.as_ref()
    }
}

/// Returns whether the processor has AMX tiles and their products of 8-bit integers.
fn has_amx() -> bool {
    const TILES_AND_INT8: u32 = 1 << 24 | 1 << 25;
    __cpuid_count(7, 0).edx & TILES_AND_INT8 == TILES_AND_INT8
}

/// Asks the system for the tile registers, which it keeps for processes that ask.
fn may_use_tiles() -> bool {
    #[cfg(target_os = "linux")]
    {
        const ARCH_PRCTL: i64 = 158;
        const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
        const TILE_DATA: i64 = 18;
        let result: i64;
        // SAFETY: the call gives this process a permission and touches no memory.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") ARCH_PRCTL => result,
                in("rdi") ARCH_REQ_XCOMP_PERM,
                in("rsi") TILE_DATA,
                out("rcx") _,
                out("r11") _,
                options(nostack),
            );
        }
        result == 0
    }
    #[cfg(not(target_os = "linux"))]
    false
}

impl Kernel for Amx {
    fn needs_lines(&self) -> bool {
        true
    }

    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
        if rows.lines.is_empty() {
            // The width is no multiple of a tile's.
            return self.0.block_max(block, rows, best);
        }
        // SAFETY: the value exists only where the features were detected.
        unsafe { block_max(block, rows, best) }
    }

    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
        self.0.block_scores(block, rows, scores);
    }

    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    ) {
        self.0.block_scores_f32(columns, hidden, scores);
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        self.0.dot(a, b)
    }
}

/// The shapes of the tile registers, as the processor reads them.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

impl Shapes {
    /// No registers in use.
    const NONE: Self = Self {
        palette: 0,
        start_row: 0,
        reserved: [0; 14],
        bytes: [0; 16],
        rows: [0; 16],
    };

    /// All eight registers whole.
    const WHOLE: Self = {
        let mut shapes = Self {
            palette: 1,
            ..Self::NONE
        };
        let mut register = 0;
        while register < 8 {
            shapes.bytes[register] = 64;
            shapes.rows[register] = 16;
            register += 1;
        }
        shapes
    };
}

/// The scores of 32 tokens with 32 columns: two tiles side by side for each 16 tokens.
#[repr(align(64))]
struct Scores([[[i32; TILE]; TILE]; 4]);

#[target_feature(enable = "avx512f")]
fn block_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let mut before = Shapes::NONE;
    // SAFETY: writes and reads the 64 bytes of the shapes.
    unsafe {
        asm!("sttilecfg [{}]", in(reg) &raw mut before, options(nostack, preserves_flags));
        asm!("ldtilecfg [{}]", in(reg) &Shapes::WHOLE, options(nostack, preserves_flags));
    }
    let mut largest = [_mm512_set1_epi32(i32::MIN); BLOCK / TILE];
    let width = 4 * rows.quads;
    let mut scores = Scores([[[0; TILE]; TILE]; 4]);
    for lines in rows.lines.chunks_exact(LINES * width) {
        for half in 0..2 {
            // SAFETY: there are 32 lines of whole tiles, and as many quads of columns.
            unsafe {
                let columns = block.weights.as_ptr().add(half * 2 * TILE * 4);
                products(lines.as_ptr(), columns, width, &mut scores);
            }
            for (tile, rows) in scores.0.iter().enumerate() {
                let largest = &mut largest[2 * half + tile % 2];
                for row in rows {
                    // SAFETY: reads the 16 integers of the array.
                    let row = unsafe { _mm512_loadu_si512(row.as_ptr().cast()) };
                    *largest = _mm512_max_epi32(*largest, row);
                }
            }
        }
    }
    // SAFETY: reads the 64 bytes of the shapes.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &raw const before, options(nostack, preserves_flags));
    }
    let sums = block.sums.as_chunks::<TILE>().0;
    for ((largest, sums), best) in largest
        .into_iter()
        .zip(sums)
        .zip(best.as_chunks_mut::<TILE>().0)
    {
        // SAFETY: reads and writes the 16 integers of the arrays.
        unsafe {
            let sums = _mm512_loadu_si512(sums.as_ptr().cast());
            let offset: __m512i = _mm512_slli_epi32::<7>(sums);
            let largest = _mm512_sub_epi32(largest, offset);
            _mm512_storeu_si512(best.as_mut_ptr().cast(), largest);
        }
    }
}

/// Computes the products of 32 lines of `width` bytes with 32 columns.
///
/// # Safety
/// The lines and the columns must be there, and the tile registers whole.
unsafe fn products(lines: *const u8, columns: *const i8, width: usize, scores: &mut Scores) {
    let scores = scores.0.as_mut_ptr().cast::<i32>();
    // SAFETY: reads 32 lines of `width` bytes and `width / 4` quads of 32 columns, and writes four tiles.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{above} + {width}]",
            "tileloadd tmm6, [{columns} + {quads}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{columns} + {quads} + 64]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{below} + {width}]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {above}, 64",
            "add {below}, 64",
            "add {columns}, {step}",
            "sub {steps}, 1",
            "jnz 2b",
            "tilestored [{scores} + {line}], tmm0",
            "tilestored [{scores} + {line} + 1024], tmm1",
            "tilestored [{scores} + {line} + 2048], tmm2",
            "tilestored [{scores} + {line} + 3072], tmm3",
            above = inout(reg) lines => _,
            below = inout(reg) lines.add(TILE * width) => _,
            width = in(reg) width,
            columns = inout(reg) columns => _,
            quads = in(reg) QUAD_STRIDE,
            step = const TILE * QUAD_STRIDE,
            steps = inout(reg) width / LINE => _,
            scores = in(reg) scores,
            line = in(reg) 64_usize,
            out("tmm0") _,
            out("tmm1") _,
            out("tmm2") _,
            out("tmm3") _,
            out("tmm4") _,
            out("tmm5") _,
            out("tmm6") _,
            out("tmm7") _,
            options(nostack),
        );
    }
}
