//! Random numbers that depend on their purpose, and never on the thread that draws them.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

/// Purpose of random numbers; each purpose has its own stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    TeacherRouters,
    TeacherExperts,
    StudentRouters,
    StudentExperts,
    FeatureLearning,
    FineTuning,
    PruningRows,
    TestRows,
    Selection,
}

/// A seed for a purpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) seed: u64,
    pub(crate) purpose: Purpose,
}

/// Number of rows that one generator draws; fixed, so that the rows do not depend on the threads.
pub(crate) const ROWS_PER_BLOCK: usize = 256;

impl Stream {
    /// The generator of a step and a block. All of these numbers are its key, so that no two are alike.
    pub(crate) fn rng(self, step: u64, block: u64) -> StdRng {
        let mut key = [0; 32];
        for (bytes, value) in key
            .chunks_exact_mut(8)
            .zip([self.seed, self.purpose as u64, step, block])
        {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        StdRng::from_seed(key)
    }

    /// Results of `work` on `n_rows` rows of `width` standard normal numbers, drawn and worked on in blocks.
    ///
    /// Results are in the order of blocks.
    pub(crate) fn blocks<T: Send>(
        self,
        step: u64,
        [n_rows, width]: [usize; 2],
        work: impl Fn(&[f64]) -> T + Sync,
    ) -> Vec<T> {
        let of_block = |block: usize| {
            let rows = ROWS_PER_BLOCK.min(n_rows - block * ROWS_PER_BLOCK);
            let mut drawn = vec![0.0; rows * width];
            fill_normal(&mut self.rng(step, block as u64), &mut drawn);
            work(&drawn)
        };
        let n_blocks = n_rows.div_ceil(ROWS_PER_BLOCK);
        (0..n_blocks).into_par_iter().map(of_block).collect()
    }

    /// Draws `len` standard normal numbers.
    pub(crate) fn normal(self, step: u64, block: u64, len: usize) -> Vec<f64> {
        let mut drawn = vec![0.0; len];
        fill_normal(&mut self.rng(step, block), &mut drawn);
        drawn
    }
}

/// Standard normal numbers by Marsaglia's polar method.
fn fill_normal(rng: &mut StdRng, out: &mut [f64]) {
    let (pairs, rest) = out.as_chunks_mut::<2>();
    for pair in pairs {
        *pair = normal_pair(rng);
    }
    for last in rest {
        [*last, _] = normal_pair(rng);
    }
}

fn normal_pair(rng: &mut StdRng) -> [f64; 2] {
    loop {
        let x = 2.0 * rng.random::<f64>() - 1.0;
        let y = 2.0 * rng.random::<f64>() - 1.0;
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            let scale = (-2.0 * square.ln() / square).sqrt();
            return [scale * x, scale * y];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_standard_normal_and_blocks_are_independent() {
        let stream = Stream {
            seed: 7,
            purpose: Purpose::TestRows,
        };
        let drawn = stream.blocks(3, [50_001, 5], <[f64]>::to_vec);
        assert_ne!(drawn[0][..4], drawn[1][..4]);
        let drawn = drawn.concat();
        assert_eq!(drawn.len(), 250_005);
        let moment = |power: i32| drawn.iter().map(|x| x.powi(power)).sum::<f64>() / drawn.len() as f64;
        // Standard errors are .002, .0028, .0077 and .0196: bands of four of them.
        for (power, expected, band) in [(1, 0.0, 0.008), (2, 1.0, 0.012), (3, 0.0, 0.031), (4, 3.0, 0.08)] {
            assert!((moment(power) - expected).abs() < band, "{power}: {}", moment(power));
        }
    }
}
