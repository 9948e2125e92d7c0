//! Matrices that the methods share: Gram matrices, their factors, products and solvers.

pub(crate) mod conjugate;
pub(crate) mod gram;
pub(crate) mod memo;
pub(crate) mod normalize;
pub(crate) mod product;
pub(crate) mod ridge;
pub(crate) mod singular;
pub(crate) mod spectrum;
pub(crate) mod square;
pub(crate) mod sweep;
