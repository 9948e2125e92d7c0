//! Training of networks, by gradients and by least squares.

pub(crate) mod fit;
pub(crate) mod fit_columns;
pub(crate) mod minimise;
