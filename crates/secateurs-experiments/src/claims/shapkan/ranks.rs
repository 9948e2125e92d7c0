//! The agreement of two rankings, and the matching of nodes of two networks.

/// Scores that differ by less than this share of the largest are tied.
const TIE: f64 = 1e-9;

/// Kendall's tau-b of two lists of scores; `None` where one is all tied.
///
/// `(C - D) / sqrt((C + D + T_a) (C + D + T_b))` with the numbers of pairs that both order alike, that they order differently, and
/// that only `a` or only `b` orders (ties in the other): Kendall, *The treatment of ties in ranking problems*, 1945.
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mut sum, mut ordered_a, mut ordered_b) = (0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            let (of_a, of_b) = (order(a, i, j), order(b, i, j));
            sum += of_a * of_b;
            ordered_a += of_a * of_a;
            ordered_b += of_b * of_b;
        }
    }
    let product: f64 = ordered_a * ordered_b;
    (product > 0.0).then(|| sum / product.sqrt())
}

/// 1, -1, or 0 for a tie.
fn order(scores: &[f64], i: usize, j: usize) -> f64 {
    let largest = scores.iter().fold(0.0, |largest: f64, score| largest.max(score.abs()));
    let difference = scores[i] - scores[j];
    if difference.abs() <= TIE * largest {
        0.0
    } else {
        difference.signum()
    }
}

/// Share of the better half (rounded up, at most five) of one list that is also in the other's better half.
pub fn top_overlap(a: &[f64], b: &[f64]) -> f64 {
    let k = a.len().div_ceil(2).min(5);
    let (a, b) = (best(a, k), best(b, k));
    a.iter().filter(|node| b.contains(node)).count() as f64 / k as f64
}

/// The `k` highest scores, in order of index; of equal ones the later.
pub fn best(scores: &[f64], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(b.cmp(a)));
    order.truncate(k);
    order.sort_unstable();
    order
}

/// A column of `b` for each column of `a`, each taken once, such that the sum of absolute correlations is largest; and
/// these correlations.
///
/// By dynamic programming over sets of taken columns: `O(n 2^n)`.
pub fn matching(a: &[Vec<f64>], b: &[Vec<f64>]) -> (Vec<usize>, Vec<f64>) {
    let n = a.len();
    let similar: Vec<Vec<f64>> = a
        .iter()
        .map(|a| b.iter().map(|b| correlation(a, b).abs()).collect())
        .collect();
    // For every set of columns of b, the best sum with the first columns of a, and which was taken last.
    let mut sums = vec![(f64::NEG_INFINITY, 0); 1 << n];
    sums[0].0 = 0.0;
    for taken in 0..1_usize << n {
        let row = taken.count_ones() as usize;
        for column in (0..n).filter(|column| taken >> column & 1 == 0) {
            let sum = sums[taken].0 + similar[row][column];
            let next = &mut sums[taken | 1 << column];
            if sum > next.0 {
                *next = (sum, column);
            }
        }
    }
    let mut columns = vec![0; n];
    let mut taken = (1 << n) - 1;
    for row in (0..n).rev() {
        columns[row] = sums[taken].1;
        taken ^= 1 << columns[row];
    }
    let matched = columns
        .iter()
        .enumerate()
        .map(|(row, column)| similar[row][*column])
        .collect();
    (columns, matched)
}

/// 0 where a column is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum()
    };
    let scale = (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt();
    if scale > 0.0 {
        product(a, mean_a, b, mean_b) / scale
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kendall_by_hand() {
        // 6 of 10 pairs agree.
        let tau = kendall(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.0, 4.0, 1.0, 2.0, 5.0]);
        assert!((tau.unwrap() - 0.2).abs() < 1e-12, "{tau:?}");
        assert_eq!(kendall(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), Some(1.0));
        assert_eq!(kendall(&[1.0, 2.0, 3.0], &[0.3, 0.2, 0.1]), Some(-1.0));
    }

    #[test]
    fn kendall_with_ties_by_hand() {
        // Of 6 pairs 4 agree, one is tied in a alone and one in b alone: 4 / sqrt(5 * 5).
        let tau = kendall(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 3.0]);
        assert!((tau.unwrap() - 0.8).abs() < 1e-12, "{tau:?}");
        // Rounding errors are ties.
        let tau = kendall(&[1.0, 1.0 + 1e-13, 2.0, 3.0], &[1.0, 2.0, 3.0, 3.0]);
        assert!((tau.unwrap() - 0.8).abs() < 1e-12, "{tau:?}");
        assert_eq!(kendall(&[0.0, 0.0, 0.0], &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn overlap_of_the_better_half() {
        // The better three of five are {2, 3, 4} and {0, 3, 4}.
        let overlap = top_overlap(&[1.0, 2.0, 3.0, 4.0, 5.0], &[9.0, 2.0, 1.0, 4.0, 5.0]);
        assert!((overlap - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(top_overlap(&[1.0, 2.0], &[5.0, 9.0]), 1.0);
        assert_eq!(top_overlap(&[1.0, 2.0], &[9.0, 5.0]), 0.0);
        assert_eq!(best(&[3.0, 1.0, 2.0], 2), [0, 2]);
    }

    #[test]
    fn columns_are_found_again_whatever_their_order_and_sign() {
        let column = |k: usize| -> Vec<f64> { (0..40).map(|i| ((i * (k + 1)) as f64 * 0.7).sin()).collect() };
        let a = [column(0), column(1), column(2), column(3)];
        let minus: Vec<f64> = a[0].iter().map(|x| 3.0 - 2.0 * x).collect();
        let b = [a[3].clone(), minus, a[1].clone(), a[2].clone()];
        let (columns, matched) = matching(&a, &b);
        assert_eq!(columns, [1, 2, 3, 0]);
        assert!(matched.iter().all(|c| (c - 1.0).abs() < 1e-12), "{matched:?}");
    }

    #[test]
    fn matching_gives_way_where_the_sum_gains() {
        // Both columns of a are closest to the first of b; together they do better crosswise.
        let (u, v) = ([1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]);
        let mix = |p: f64, q: f64| -> Vec<f64> { u.iter().zip(v).map(|(u, v)| p * u + q * v).collect() };
        let (columns, _) = matching(&[mix(1.0, 0.9), mix(1.0, 0.1)], &[mix(1.0, 0.0), mix(1.0, 1.5)]);
        assert_eq!(columns, [1, 0]);
    }
}
