//! Expressions in writing: names, numbers and digits.

pub(crate) mod names;
pub(crate) mod number;
pub(crate) mod print;
pub(crate) mod rounding;
pub(crate) mod syntax;
