//! Matrices that the methods share: Gram matrices, their factors, products and solvers.

pub(crate) mod conjugate;
pub(crate) mod factor;
pub(crate) mod gram;
mod memo;
pub(crate) mod product;
