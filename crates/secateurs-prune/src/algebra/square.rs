//! The entries of a Gram matrix alone, without its factors.

/// `G = X^T X`, `[d_input, d_input]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Square<'a> {
    /// Row-major and full.
    pub(crate) values: &'a [f64],
    /// Number of inputs.
    pub(crate) d_input: usize,
}

impl Square<'_> {
    pub(crate) fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().step_by(self.d_input + 1).copied()
    }

    pub(crate) fn mean_diagonal(&self) -> f64 {
        if self.d_input == 0 {
            0.0
        } else {
            self.diagonal().sum::<f64>() / self.d_input as f64
        }
    }
}
