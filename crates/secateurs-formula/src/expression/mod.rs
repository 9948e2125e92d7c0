//! Expressions: their form, their values and their algebra.

pub(crate) mod calculus;
pub(crate) mod coefficient;
pub(crate) mod expr;
pub(crate) mod function;
pub(crate) mod poles;
pub(crate) mod program;
pub(crate) mod simplify;
