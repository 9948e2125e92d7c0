#![doc = include_str!("../README.md")]

mod calculus;
mod coefficient;
mod curve;
mod error;
mod expr;
mod fit;
mod formula;
mod function;
mod names;
mod number;
mod poles;
mod print;
mod program;
mod rounding;
mod simplify;

pub use curve::{Curve, CurveFit, MOST_DEGREE, Shape};
pub use error::{FormulaError, Result};
pub use expr::{Expr, Rounding};
pub use fit::{Criterion, Library, best, fit_shape, fits, suggestions};
pub use formula::{Formula, OutOfRange};
pub use function::{Call, Exponent, Function};
pub use names::{latex_name, rust_identifier, text_name, visible_name};
pub use print::Syntax;
pub use program::Program;
