//! Random: the control that every score has to beat.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_tensor::Scores;

use crate::error::Result;
use crate::layer::{Importance, LayerView};

/// Uniform in `[0, 1)`; depends on the seed and the layer's path only, not on weights or on the order of layers.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Importance, LayerView, Random};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![1.0; 4], [2, 2])?;
/// let random = Random::new(7);
/// let [a, again, b] = ["a", "a", "b"].map(|path| random.score(&LayerView::of_weight(path, &weight)));
/// let a = a?;
/// assert_eq!(a, again?);
/// assert_ne!(a, b?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Random {
    /// Seed of the scores; equal seeds give equal scores.
    pub seed: u64,
}

impl Random {
    /// Scores drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl Importance for Random {
    fn name(&self) -> &str {
        "random"
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let mut rng = StdRng::seed_from_u64(self.seed ^ stable_hash(layer.path));
        layer.scores((0..layer.weight.len()).map(|_| rng.random::<f32>()).collect())
    }
}

/// FNV-1a hash: unlike the standard library's hasher it gives the same value in every release.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
