//! Oracles: algorithms written as the formulas read, over `f64` slices, one file per subject.
//!
//! Matrices are row-major `[d_output, d_input]`, activations `[n_tokens, d_input]`. Nothing here is fast.

mod alps;
mod elsa;
mod gradients;
mod gram;
mod l_admm;
mod layer;
mod linalg;
mod patches;
mod scores;
mod select;
mod shapley;
mod sparsegpt;
mod spline;

pub use alps::{AlpsSettings, alps};
pub use elsa::{ElsaOutcome, ElsaSettings, elsa};
pub use gradients::{fisher, gradient, taylor, wanda_plus_plus};
pub use gram::{gram, l2_norms, mean};
pub use l_admm::{LAdmmSettings, l_admm};
pub use layer::{Layer, Zeros};
pub use linalg::{add_diagonal, cholesky, identity, inverse, mean_diagonal, multiply};
pub use patches::{Kernel, patches};
pub use scores::{magnitude, ria, wanda};
pub use select::{keep_groups, keep_largest, keep_per_output, keep_units};
pub use shapley::shapley;
pub use sparsegpt::sparsegpt;
pub use spline::{b_spline, silu};
