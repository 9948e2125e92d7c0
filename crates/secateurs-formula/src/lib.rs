#![doc = include_str!("../README.md")]

mod curve;
mod error;
mod expression;
mod fit;
mod formula;
mod written;

pub use curve::{Curve, CurveFit, MOST_DEGREE, Shape};
pub use error::{FormulaError, Result};
pub use expression::expr::{Expr, Rounding};
pub use expression::function::{Call, Exponent, Function};
pub use expression::program::Program;
pub use fit::{Criterion, Library, best, fit_shape, fits, suggestions};
pub use formula::{Formula, OutOfRange};
pub use written::names::{latex_name, rust_identifier, text_name, visible_name};
pub use written::syntax::Syntax;
