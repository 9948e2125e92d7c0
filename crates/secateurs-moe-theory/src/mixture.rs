//! A soft-routed mixture of experts with one vector for each router and each expert.

use crate::activation::{hermite3, sigmoid};
use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, TheoryError, at_least_one, same_size};
use crate::matrix::{dot, norm};

/// The mixture `f(x) = sum_i a_i sigmoid(v_i.x) He3(w_i.x)`, with routers `v_i`, experts `w_i` and weights `a_i`.
///
/// Vectors need not have unit length: fine-tuning gives it up.
///
/// # Examples
///
/// ```
/// use secateurs_moe_theory::Mixture;
///
/// let mixture = Mixture::new(2, vec![0.0, 0.0], vec![1.0, 0.0], vec![3.0])?;
/// // Half open, and He3(2) = 2 / sqrt 6.
/// assert!((mixture.value(&[2.0, 9.0])? - 3.0 * 0.5 * 2.0 / 6f64.sqrt()).abs() < 1e-14);
/// # Ok::<(), secateurs_moe_theory::TheoryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    d_input: usize,
    /// Routers, `[n_experts, d_input]`.
    pub(crate) routers: Vec<f64>,
    /// Experts, `[n_experts, d_input]`.
    pub(crate) experts: Vec<f64>,
    /// Weights, `[n_experts]`.
    pub(crate) weights: Vec<f64>,
}

impl Mixture {
    /// A mixture of these vectors and weights.
    ///
    /// # Shapes
    ///
    /// `routers`, `experts`: `[n_experts, d_input]`, row by row; `weights`: `[n_experts]`.
    ///
    /// # Errors
    ///
    /// If there are no dimensions or experts, or sizes do not fit.
    pub fn new(d_input: usize, routers: Vec<f64>, experts: Vec<f64>, weights: Vec<f64>) -> Result<Self> {
        at_least_one("d_input", d_input)?;
        let n_experts = at_least_one("the number of experts", weights.len())?;
        same_size("numbers of routers", n_experts * d_input, routers.len())?;
        same_size("numbers of experts", n_experts * d_input, experts.len())?;
        Ok(Self {
            d_input,
            routers,
            experts,
            weights,
        })
    }

    /// A teacher: orthonormal routers, orthonormal experts, drawn independently of each other, and weights of 1.
    ///
    /// # Errors
    ///
    /// If a size is zero or there are more experts than dimensions.
    pub fn teacher(n_experts: usize, d_input: usize, seed: u64) -> Result<Self> {
        at_least_one("d_input", d_input)?;
        if n_experts > d_input {
            return Err(TheoryError::TooManyTeachers { n_experts, d_input });
        }
        let drawn = |purpose| {
            let mut vectors = normal_vectors(n_experts * d_input, Stream { seed, purpose });
            orthonormalise(&mut vectors, d_input);
            vectors
        };
        let (routers, experts) = (drawn(Purpose::TeacherRouters), drawn(Purpose::TeacherExperts));
        Self::new(d_input, routers, experts, vec![1.0; n_experts])
    }

    /// A student before it learns: routers and experts uniform on the unit sphere, and weights of `1 / n_experts`.
    ///
    /// # Errors
    ///
    /// If a size is zero.
    pub fn student(n_experts: usize, d_input: usize, seed: u64) -> Result<Self> {
        at_least_one("d_input", d_input)?;
        let drawn = |purpose| {
            let mut vectors = normal_vectors(n_experts * d_input, Stream { seed, purpose });
            vectors.chunks_exact_mut(d_input).for_each(normalise);
            vectors
        };
        let (routers, experts) = (drawn(Purpose::StudentRouters), drawn(Purpose::StudentExperts));
        Self::new(d_input, routers, experts, vec![1.0 / n_experts as f64; n_experts])
    }

    /// Replaces the weights.
    ///
    /// # Errors
    ///
    /// If there is not one for each expert.
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Self> {
        same_size("weights", self.n_experts(), weights.len())?;
        Ok(Self { weights, ..self })
    }

    /// Dimensions of an input.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// Number of experts, each with a router.
    pub fn n_experts(&self) -> usize {
        self.weights.len()
    }

    /// All routers `v_i`, `[n_experts, d_input]`.
    pub fn routers(&self) -> &[f64] {
        &self.routers
    }

    /// All experts `w_i`, `[n_experts, d_input]`.
    pub fn experts(&self) -> &[f64] {
        &self.experts
    }

    /// All weights `a_i`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The router `v_i`.
    ///
    /// # Panics
    ///
    /// If there is no such expert.
    pub fn router(&self, i: usize) -> &[f64] {
        &self.routers[i * self.d_input..][..self.d_input]
    }

    /// The expert `w_i`.
    ///
    /// # Panics
    ///
    /// If there is no such expert.
    pub fn expert(&self, i: usize) -> &[f64] {
        &self.experts[i * self.d_input..][..self.d_input]
    }

    /// The value `f(x)`.
    ///
    /// # Errors
    ///
    /// If `x` has another number of dimensions.
    pub fn value(&self, x: &[f64]) -> Result<f64> {
        same_size("dimensions of an input", self.d_input, x.len())?;
        let term = |i: usize| self.weights[i] * sigmoid(dot(self.router(i), x)) * hermite3(dot(self.expert(i), x));
        Ok((0..self.n_experts()).map(term).sum())
    }

    /// Keeps only these experts, with these weights.
    pub(crate) fn selected(&self, kept: &[usize], weights: Vec<f64>) -> Self {
        Self {
            d_input: self.d_input,
            routers: kept.iter().flat_map(|i| self.router(*i)).copied().collect(),
            experts: kept.iter().flat_map(|i| self.expert(*i)).copied().collect(),
            weights,
        }
    }
}

fn normal_vectors(len: usize, stream: Stream) -> Vec<f64> {
    stream.normal(0, 0, len)
}

/// Scales a vector to unit length.
pub(crate) fn normalise(vector: &mut [f64]) {
    let norm = norm(vector);
    vector.iter_mut().for_each(|value| *value /= norm);
}

/// Gram and Schmidt's method, each projection done twice, which makes the vectors orthogonal to rounding.
fn orthonormalise(vectors: &mut [f64], d_input: usize) {
    for i in 0..vectors.len() / d_input {
        let (done, rest) = vectors.split_at_mut(i * d_input);
        let vector = &mut rest[..d_input];
        for _ in 0..2 {
            for earlier in done.chunks_exact(d_input) {
                let along = dot(earlier, vector);
                vector
                    .iter_mut()
                    .zip(earlier)
                    .for_each(|(value, unit)| *value -= along * unit);
            }
        }
        normalise(vector);
    }
}
