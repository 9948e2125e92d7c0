//! Flows: the values that one block hands to the next.

use burn::tensor::Tensor;

/// The value that one block hands to the next: a tensor of any rank, or a pair of flows.
///
/// The driver passes it on; regional gradients and SAFE measure it. The first dimension of a tensor counts samples, or
/// tokens of several samples packed one after another.
pub trait Flow: Clone {
    /// The flow as constants of a recorded computation.
    fn to_autodiff(&self) -> Self;

    /// Number of values.
    fn n_values(&self) -> usize;

    /// The difference from `other`, which has the same shape.
    fn minus(self, other: Self) -> Self;

    /// The mean of the squared values, `[1]`.
    fn mean_square(self) -> Tensor<1>;

    /// Whether two flows can be joined: they may differ only in their numbers of samples.
    fn can_join(&self, other: &Self) -> bool;

    /// The samples of all parts, one after another; there is at least one part.
    fn join(parts: &[Self]) -> Self;
}

impl<const D: usize> Flow for Tensor<D> {
    fn to_autodiff(&self) -> Self {
        Tensor::from_inner(self.clone())
    }

    fn n_values(&self) -> usize {
        self.shape().num_elements()
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn mean_square(self) -> Tensor<1> {
        self.powi_scalar(2).mean()
    }

    fn can_join(&self, other: &Self) -> bool {
        self.dims()[1..] == other.dims()[1..]
    }

    fn join(parts: &[Self]) -> Self {
        Tensor::cat(parts.to_vec(), 0)
    }
}

impl<A: Flow, B: Flow> Flow for (A, B) {
    fn to_autodiff(&self) -> Self {
        (self.0.to_autodiff(), self.1.to_autodiff())
    }

    fn n_values(&self) -> usize {
        self.0.n_values() + self.1.n_values()
    }

    fn minus(self, other: Self) -> Self {
        (self.0.minus(other.0), self.1.minus(other.1))
    }

    fn mean_square(self) -> Tensor<1> {
        let [first, second] = [self.0.n_values(), self.1.n_values()].map(|n| n as f64);
        let sum = self.0.mean_square() * first + self.1.mean_square() * second;
        sum / (first + second)
    }

    fn can_join(&self, other: &Self) -> bool {
        self.0.can_join(&other.0) && self.1.can_join(&other.1)
    }

    fn join(parts: &[Self]) -> Self {
        let first: Vec<A> = parts.iter().map(|part| part.0.clone()).collect();
        let second: Vec<B> = parts.iter().map(|part| part.1.clone()).collect();
        (A::join(&first), B::join(&second))
    }
}
