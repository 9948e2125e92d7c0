//! Pruning without a target: merges equal experts and drops negligible ones.

use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, TheoryError, at_least_one, not_negative};
use crate::matrix::cosine;
use crate::mixture::Mixture;
use crate::pruning::prune::{BeforeAndAfter, PruneReport};
use crate::target::{FreshRows, Outputs, Target};

/// Thresholds at which experts count as equal or as nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Merging {
    /// Cosine above which two routers are equal; two experts are, too, whatever their sign.
    pub cosine: f64,
    /// Standard deviation of `a_i g_i h_i` below which an expert contributes nothing.
    pub tau: f64,
    /// Number of fresh rows for the deviations; as many others measure the loss.
    pub rows: usize,
    /// Seed of the rows: equal seeds give equal rows.
    pub seed: u64,
}

impl Default for Merging {
    fn default() -> Self {
        Self {
            cosine: 0.95,
            tau: 0.01,
            rows: 40_000,
            seed: 0,
        }
    }
}

/// Merges equal experts and drops negligible ones.
///
/// From the largest `|a_i|` down, an expert joins the first one kept so far with `v_i.v_j` and `|w_i.w_j|` above
/// `cosine`: their weights add, or subtract where `w_i.w_j < 0`, because `He3` is odd, so that opposite experts cancel
/// each other. Then experts with `|a_i| std(g_i h_i) < tau` are dropped, but never all: the one with the largest
/// contribution stays.
///
/// The target is for the report alone. Vectors of the expert with the largest weight represent a group; nothing is fitted.
///
/// # Errors
///
/// If there are no rows, the cosine is not in `[0, 1)`, tau is negative, or the target has another number of dimensions.
///
/// # References
///
/// Ours, as an alternative to pruning in Liao and Kyrillidis 2025, arXiv:2510.07205.
pub fn merge_and_drop(student: &Mixture, target: Target<'_>, options: &Merging) -> Result<(Mixture, PruneReport)> {
    if !(0.0..1.0).contains(&options.cosine) {
        return Err(TheoryError::OutOfRange {
            what: "the cosine of what is the same",
            range: "at least 0 and less than 1",
            got: options.cosine,
        });
    }
    not_negative("tau", options.tau)?;
    at_least_one("the number of rows", options.rows)?;
    target.check(student)?;
    let merged = merge_equal(student, options.cosine);
    let deviations = deviations(student, options);
    let size = |(i, weight): (usize, f64)| weight.abs() * deviations[i];
    let largest = merged.iter().map(|group| size(*group)).fold(0.0, f64::max);
    let stays = |group: &(usize, f64)| size(*group) >= options.tau.min(largest);
    let mut left: Vec<(usize, f64)> = merged.into_iter().filter(stays).collect();
    left.sort_unstable_by_key(|(i, _)| *i);
    let (kept, weights): (Vec<usize>, Vec<f64>) = left.into_iter().unzip();
    let pruned = student.selected(&kept, weights);
    let n_kept = kept.len();
    let before_and_after = BeforeAndAfter {
        before: student,
        after: &pruned,
        target,
        rows: FreshRows {
            count: options.rows,
            seed: options.seed,
        },
    };
    let report = before_and_after.report(kept, n_kept)?;
    Ok((pruned, report))
}

/// Experts that represent groups, with the weights of the groups.
fn merge_equal(student: &Mixture, threshold: f64) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..student.n_experts()).collect();
    order.sort_by(|i, j| student.weights[*j].abs().total_cmp(&student.weights[*i].abs()));
    let mut groups: Vec<(usize, f64)> = Vec::new();
    for i in order {
        let along = |j: usize| cosine(student.expert(i), student.expert(j));
        let same = |j: usize| cosine(student.router(i), student.router(j)) > threshold && along(j).abs() > threshold;
        match groups.iter_mut().find(|(j, _)| same(*j)) {
            Some((j, weight)) => *weight += along(*j).signum() * student.weights[i],
            None => groups.push((i, student.weights[i])),
        }
    }
    groups
}

/// Standard deviations of expert outputs without their weights.
fn deviations(student: &Mixture, options: &Merging) -> Vec<f64> {
    let stream = Stream {
        seed: options.seed,
        purpose: Purpose::PruningRows,
    };
    let outputs = Outputs::new(student);
    let n_experts = student.n_experts();
    let moments = |drawn: &[f64]| -> Vec<[f64; 2]> {
        let experts = outputs.block(drawn).expert_outputs();
        let of = |i: usize| {
            experts
                .col(i)
                .iter()
                .fold([0.0, 0.0], |[sum, squares], x| [sum + x, squares + x * x])
        };
        (0..n_experts).map(of).collect()
    };
    let blocks = stream.blocks(0, [options.rows, student.d_input()], moments);
    let n = options.rows as f64;
    let deviation = |i: usize| {
        let total = |at: usize| blocks.iter().map(|block| block[i][at]).sum::<f64>() / n;
        (total(1) - total(0).powi(2)).max(0.0).sqrt()
    };
    (0..n_experts).map(deviation).collect()
}
