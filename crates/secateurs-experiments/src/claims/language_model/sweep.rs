//! Methods at patterns with seeds: the cells of a tier.

use secateurs::Method;
use secateurs::tensor::{NmPattern, Pattern, Sparsity};

use super::model::PruningKey;
use crate::ExperimentError;

/// Methods, each at every pattern with every seed.
pub struct Sweep {
    pub methods: &'static [Method],
    pub patterns: Vec<Pattern>,
    /// Each seed calibrates on other windows, draws other random masks, and learns from windows in another order.
    pub seeds: &'static [u64],
}

impl Sweep {
    pub fn new(methods: &'static [Method], patterns: Vec<Pattern>, seeds: &'static [u64]) -> Self {
        Self {
            methods,
            patterns,
            seeds,
        }
    }

    /// One key for each seed, but once for magnitude, which depends neither on a seed nor on calibration.
    pub fn keys(&self) -> impl Iterator<Item = PruningKey> {
        let places = self
            .methods
            .iter()
            .flat_map(|method| self.patterns.iter().map(move |pattern| (*method, *pattern)));
        places.flat_map(|(method, pattern)| {
            let n_seeds = if method == Method::Magnitude {
                1
            } else {
                self.seeds.len()
            };
            let seeds = self.seeds[..n_seeds].iter();
            seeds.map(move |&seed| PruningKey { method, pattern, seed })
        })
    }
}

/// Patterns of shares of zeros and of N:M.
pub fn patterns(sparsities: &[f64], semi_structured: &[&str]) -> Result<Vec<Pattern>, ExperimentError> {
    let unstructured = sparsities
        .iter()
        .map(|sparsity| Ok(Pattern::Unstructured(Sparsity::new(*sparsity)?)));
    let nm = semi_structured
        .iter()
        .map(|text| Ok(Pattern::Nm(text.parse::<NmPattern>()?)));
    unstructured.chain(nm).collect()
}
