//! The syntaxes that an expression can be written in.

/// The form in which an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Plain text as one types it: `2*sin(3.14*x1) + x2^2`.
    Text,
    /// LaTeX for a paper: `2 \sin\left(3.14 x_1\right) + x_2^{2}`.
    Latex,
    /// A Rust expression of `x: &[f64]`: `2.0 * (3.14 * x[0]).sin() + x[1].powi(2)`.
    Rust,
}
