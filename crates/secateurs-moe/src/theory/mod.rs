//! The student-teacher theory of soft-routed mixtures of experts, in double precision and without burn.
//!
//! A [`Mixture`] `f(x) = sum_i a_i sigmoid(v_i.x) He3(w_i.x)` learns another one, its teacher, from Gaussian inputs:
//! [`learn_features`] moves routers `v_i` and experts `w_i` on the unit sphere, [`prune`] or [`merge_and_drop`] removes the
//! experts that are too many, and [`fine_tune`] brings the loss of the rest to zero. A [`Course`] tells who aligned with whom
//! and when, an [`Alignment`] who has been found.
//!
//! ```
//! use secateurs_moe::theory::{FineTuning, Mixture, Pruning, Target, fine_tune, prune};
//!
//! // A student that has found its two teachers, and another expert that is of no use.
//! let teacher = Mixture::teacher(2, 8, 0)?;
//! let routers = [teacher.routers(), Mixture::student(1, 8, 0)?.routers()].concat();
//! let experts = [teacher.experts(), Mixture::student(1, 8, 1)?.experts()].concat();
//! let student = Mixture::new(8, routers, experts, vec![0.7, 1.2, 0.1])?;
//!
//! let pruning = Pruning { rows: 2000, n_kept: 2, ..Pruning::default() };
//! let (pruned, report) = prune(&student, Target::Mixture(&teacher), &pruning)?;
//! assert_eq!(report.kept, [0, 1]);
//! assert!(report.loss_before > 0.02 && report.loss_after < 1e-20);
//!
//! let options = FineTuning { batch_size: 256, steps: 2, ..FineTuning::default() };
//! let (_, course) = fine_tune(pruned, &teacher, &options, &mut |_| ())?;
//! assert!(course.last().unwrap().loss < 1e-20);
//! # Ok::<(), secateurs_moe::theory::TheoryError>(())
//! ```
//!
//! # References
//!
//! Liao and Kyrillidis, *Guided by the Experts: Provable Feature Learning Dynamic of Soft-Routed Mixture-of-Experts*, 2025,
//! arXiv:2510.07205.
//! **Deviates:** the paper's model equation, step sizes, batches and rule of pruning were not at hand; they are
//! reconstructions that show what the paper states: experts align before their routers, one teacher after another, pruning
//! leaves one expert per teacher, and fine-tuning ends at zero loss.

mod activation;
mod alignment;
mod batches;
mod block;
mod complement;
mod correlations;
mod course;
mod descent;
mod error;
mod exponential;
mod fine_tune;
mod frame;
mod gradient;
mod learn_features;
mod matrix;
mod merge;
mod mixture;
mod prune;
mod stream;
mod target;

pub use activation::{hermite3, hermite3_slope, sigmoid};
pub use alignment::{ALIGNED, Alignment, Pair};
pub use course::{Arrival, Course, Record};
pub use error::{Result, TheoryError};
pub use fine_tune::{FineTuning, fine_tune};
pub use frame::Draws;
pub use gradient::{Gradient, gradient};
pub use learn_features::{FeatureLearning, Mode, learn_features};
pub use merge::{Merging, merge_and_drop};
pub use mixture::Mixture;
pub use prune::{PruneReport, Pruning, Selection, prune};
pub use target::{Target, loss};
