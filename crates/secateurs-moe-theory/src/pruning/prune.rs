//! Phase 2: keeps one expert for each teacher.

use rand::seq::SliceRandom;
use secateurs_tensor::{UnitKind, UnitReport, UnitScores, keep_units};

use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, TheoryError, at_least_one, not_negative};
use crate::mixture::Mixture;
use crate::pruning::correlations::Correlations;
use crate::target::{FreshRows, Target, loss};

/// The choice of the experts to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// Greedy pursuit: one after another, the expert that correlates most with the residual of the chosen ones.
    #[default]
    Pursuit,
    /// The experts with the largest `|a_i|`, among equals the higher numbers; a control.
    Magnitude,
    /// Random experts; a control.
    Random,
}

/// Number and choice of the experts that are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruning {
    /// Number of fresh rows for the choice; as many others measure the loss.
    pub rows: usize,
    /// Experts to keep; a pursuit may need fewer.
    pub n_kept: usize,
    /// The half mean squared error at which a pursuit stops.
    pub tolerance: f64,
    /// Seed of the rows: equal seeds give equal rows.
    pub seed: u64,
    /// The choice of experts.
    pub selection: Selection,
}

impl Default for Pruning {
    fn default() -> Self {
        Self {
            rows: 40_000,
            n_kept: 1,
            tolerance: 0.0,
            seed: 0,
            selection: Selection::Pursuit,
        }
    }
}

/// Result of pruning.
#[derive(Debug, Clone, PartialEq)]
pub struct PruneReport {
    /// Numbers of the kept experts, ascending.
    pub kept: Vec<usize>,
    /// Number of experts before, requested and after.
    pub units: UnitReport,
    /// Loss before, `1/2 mean (f - y)^2`.
    pub loss_before: f64,
    /// Loss after pruning, on the same rows; no weight was fitted to them.
    pub loss_after: f64,
}

/// Keeps some experts, with the weights of least squares against the target.
///
/// [`Selection::Pursuit`] is orthogonal matching pursuit: with `P = g h` on fresh rows and the residual `r = y - P_S a_S`,
/// it adds `argmax_i |P_i.r| / |P_i|` to the set `S` and fits `a_S` anew, until the loss is at most `tolerance`, `n_kept`
/// experts are chosen, or the rest has nothing to add.
///
/// # Errors
///
/// If there are no rows, more experts are to be kept than there are or none, the tolerance is negative, the target has
/// another number of dimensions, or the weights of the chosen experts are not determined.
///
/// # References
///
/// Liao and Kyrillidis 2025, arXiv:2510.07205.
/// **Deviates:** the paper's rule was not at hand; this one is ours.
pub fn prune(student: &Mixture, target: Target<'_>, options: &Pruning) -> Result<(Mixture, PruneReport)> {
    let (n_kept, n_experts) = (options.n_kept, student.n_experts());
    if n_kept == 0 || n_kept > n_experts {
        return Err(TheoryError::Kept { n_kept, n_experts });
    }
    at_least_one("the number of rows", options.rows)?;
    not_negative("the tolerance", options.tolerance)?;
    target.check(student)?;
    let rows = FreshRows {
        count: options.rows,
        seed: options.seed,
    };
    let correlations = Correlations::new(student, target, rows)?;
    let mut kept = match options.selection {
        Selection::Pursuit => pursuit(&correlations, options)?,
        Selection::Magnitude => largest(student, n_kept)?,
        Selection::Random => any(n_experts, options),
    };
    kept.sort_unstable();
    let pruned = student.selected(&kept, correlations.weights(&kept)?);
    let before_and_after = BeforeAndAfter {
        before: student,
        after: &pruned,
        target,
        rows,
    };
    let report = before_and_after.report(kept, n_kept)?;
    Ok((pruned, report))
}

/// A mixture before and after pruning, with its target.
pub(crate) struct BeforeAndAfter<'a> {
    pub(crate) before: &'a Mixture,
    pub(crate) after: &'a Mixture,
    pub(crate) target: Target<'a>,
    pub(crate) rows: FreshRows,
}

impl BeforeAndAfter<'_> {
    /// The report on kept experts out of `requested` ones, with losses on fresh rows.
    pub(crate) fn report(&self, kept: Vec<usize>, requested: usize) -> Result<PruneReport> {
        let target = match self.target {
            Target::OwnOutput => Target::Mixture(self.before),
            other => other,
        };
        let loss = |mixture: &Mixture| loss(mixture, target, self.rows.count, self.rows.seed);
        Ok(PruneReport {
            units: UnitReport {
                kind: UnitKind::Expert,
                path: "experts".to_owned(),
                before: self.before.n_experts(),
                requested,
                after: kept.len(),
            },
            kept,
            loss_before: loss(self.before)?,
            loss_after: loss(self.after)?,
        })
    }
}

fn pursuit(correlations: &Correlations, options: &Pruning) -> Result<Vec<usize>> {
    /// Largest correlation with the residual, relative to the size of the target, that may be rounding.
    const NOTHING_TO_ADD: f64 = 1e-10;
    let n_experts = correlations.with_target.len();
    let (mut kept, mut weights) = (Vec::new(), Vec::new());
    while kept.len() < options.n_kept {
        let score = |i: usize| correlations.with_residual(i, &kept, &weights);
        // Of equals `max_by` takes the last, which in this order is the one with the lowest number.
        let left = (0..n_experts).rev().filter(|i| !kept.contains(i));
        let best = left.max_by(|i, j| score(*i).total_cmp(&score(*j)));
        let best = best.expect("no more are kept than there are");
        if score(best) <= NOTHING_TO_ADD * correlations.target_square.sqrt() && !kept.is_empty() {
            break;
        }
        kept.push(best);
        weights = correlations.weights(&kept)?;
        if correlations.loss(&kept, &weights) <= options.tolerance {
            break;
        }
    }
    Ok(kept)
}

fn largest(student: &Mixture, n_kept: usize) -> Result<Vec<usize>> {
    let sizes = student.weights.iter().map(|weight| weight.abs()).collect();
    let scores = UnitScores::new(sizes).map_err(|_| TheoryError::NanWeight {
        expert: student.weights.iter().take_while(|weight| !weight.is_nan()).count(),
    })?;
    Ok(keep_units(&scores, student.n_experts() - n_kept, n_kept).into_indices())
}

fn any(n_experts: usize, options: &Pruning) -> Vec<usize> {
    let stream = Stream {
        seed: options.seed,
        purpose: Purpose::Selection,
    };
    let mut order: Vec<usize> = (0..n_experts).collect();
    order.shuffle(&mut stream.rng(0, 0));
    order.truncate(options.n_kept);
    order
}
