//! Allocation: the spread of a model's sparsity over its blocks.

use secateurs_tensor::{Pattern, Sparsity};

use crate::blocks::owl::owl_sparsities;
use crate::error::PruneError;

/// The rule that gives each block its pattern.
///
/// # Examples
///
/// ```
/// use secateurs_prune::Allocation;
/// use secateurs_tensor::Sparsity;
///
/// let by_hand = Allocation::PerBlock(vec![Sparsity::new(0.4)?, Sparsity::new(0.6)?]);
/// let patterns = by_hand.patterns("50%".parse()?, 2)?;
/// assert_eq!(patterns[1].to_string(), "60%");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Allocation {
    /// One pattern for every block.
    #[default]
    Uniform,
    /// The user's sparsities, one per block; they replace the sparsity of the pattern.
    PerBlock(Vec<Sparsity>),
    /// Sparsities by outliers, around the sparsity of the pattern: [`owl_sparsities`].
    Owl {
        /// The fraction of outliers of each block: [`outlier_fraction`](crate::outlier_fraction).
        fractions: Vec<f64>,
        /// Half of the largest difference between two blocks.
        lambda: f64,
    },
}

impl Allocation {
    /// One pattern per block.
    ///
    /// # Errors
    ///
    /// If there is not one entry per block, if `pattern` is N:M and the rule is not uniform, or as
    /// [`owl_sparsities`].
    pub fn patterns(&self, pattern: Pattern, n_blocks: usize) -> Result<Vec<Pattern>, PruneError> {
        let sparsities = match (self, pattern) {
            (Self::Uniform, _) => return Ok(vec![pattern; n_blocks]),
            (_, Pattern::Nm(_)) => {
                return Err(PruneError::FixedPattern {
                    pattern: pattern.to_string(),
                });
            }
            (Self::PerBlock(sparsities), _) => sparsities.clone(),
            (Self::Owl { fractions, lambda }, Pattern::Unstructured(mean)) => owl_sparsities(fractions, mean, *lambda)?,
        };
        if sparsities.len() == n_blocks {
            Ok(sparsities.into_iter().map(Pattern::Unstructured).collect())
        } else {
            Err(PruneError::AllocationCount {
                expected: n_blocks,
                got: sparsities.len(),
            })
        }
    }
}
