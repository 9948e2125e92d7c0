//! Tests whether one method is better than another over many tasks.

use crate::data::study::check_column;
use crate::error::Column;
use crate::{CausalError, Result};

/// The one-sided p-value of Wilcoxon's signed-rank test for the claim that `smaller` tends to be below `larger`, task
/// by task.
///
/// With `r_i` the rank of `|larger_i - smaller_i|` among the differences that are not zero (mean ranks for ties) and `W` the sum
/// of the ranks of positive differences, `p = P(W' >= W)` where each rank joins `W'` with probability 1/2. The distribution is
/// exact, for ties, too; it takes time in proportion to the third power of the number of tasks. 1 if all differences are zero.
///
/// # Errors
///
/// If the numbers of tasks differ, or a value is NaN or infinite.
///
/// # Examples
///
/// ```
/// use secateurs_causal::wilcoxon;
///
/// // All of five differences are positive: one of 2^5 signs.
/// let p = wilcoxon(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.1, 2.2, 3.3, 4.4, 5.5])?;
/// assert_eq!(p, 1.0 / 32.0);
/// # Ok::<(), secateurs_causal::CausalError>(())
/// ```
///
/// # References
///
/// Wilcoxon, *Individual Comparisons by Ranking Methods*, 1945.
pub fn wilcoxon(smaller: &[f64], larger: &[f64]) -> Result<f64> {
    check_column(Column::Values, smaller.len(), smaller)?;
    check_column(Column::Values, smaller.len(), larger)?;
    let mut differences: Vec<f64> = larger.iter().zip(smaller).map(|(a, b)| a - b).collect();
    differences.retain(|difference| *difference != 0.0);
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&differences);
    let positive = differences
        .iter()
        .zip(&ranks)
        .filter(|(difference, _)| **difference > 0.0);
    let sum: usize = positive.map(|(_, rank)| rank).sum();
    Ok(upper_tail(&ranks, sum))
}

/// Twice the ranks of sorted differences, so that mean ranks are whole numbers.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    while ranks.len() < sorted.len() {
        let first = ranks.len();
        let ties = sorted[first..]
            .iter()
            .take_while(|value| value.abs() == sorted[first].abs());
        let ties = ties.count();
        // Ranks first + 1 to first + ties, on average.
        ranks.extend(std::iter::repeat_n(2 * first + ties + 1, ties));
    }
    ranks
}

/// The probability `P(W' >= sum)` if each rank counts with probability 1/2.
fn upper_tail(ranks: &[usize], sum: usize) -> f64 {
    let mut probability = vec![0.0; ranks.iter().sum::<usize>() + 1];
    probability[0] = 1.0;
    for &rank in ranks {
        for total in (0..probability.len()).rev() {
            let without = probability[total];
            let with = total.checked_sub(rank).map_or(0.0, |before| probability[before]);
            probability[total] = 0.5 * (without + with);
        }
    }
    probability[sum..].iter().sum::<f64>().min(1.0)
}

/// Holm's adjustment of the p-values of several tests: if all adjusted values below a level count as findings, the
/// probability of any false finding stays below that level.
///
/// With `p_(1) <= ... <= p_(m)`, `adjusted_(k) = min(1, max_{j <= k} (m - j + 1) p_(j))`; in the order given.
///
/// # Errors
///
/// If a value is NaN, or not from 0 to 1.
///
/// # References
///
/// Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>> {
    check_column(Column::Values, p_values.len(), p_values)?;
    if let Some(&got) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(CausalError::OutOfRange {
            what: "p-value",
            range: "from 0 to 1",
            got,
        });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (before, &at) in order.iter().enumerate() {
        largest = largest.max((p_values.len() - before) as f64 * p_values[at]).min(1.0);
        adjusted[at] = largest;
    }
    Ok(adjusted)
}
