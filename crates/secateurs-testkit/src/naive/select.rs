//! Selection by a full stable sort.

/// Prunes the first `n_pruned` of a stable ascending sort.
pub fn keep_largest(scores: &[f64], n_pruned: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].partial_cmp(&scores[*b]).expect("oracles get no NaN"));
    let mut keep = vec![true; scores.len()];
    for index in &order[..n_pruned] {
        keep[*index] = false;
    }
    keep
}

/// Prunes `n_pruned` inputs of every output.
pub fn keep_per_output(scores: &[f64], d_input: usize, n_pruned: usize) -> Vec<bool> {
    scores
        .chunks_exact(d_input)
        .flat_map(|output| keep_largest(output, n_pruned))
        .collect()
}

/// Keeps `n_kept` of every `group` consecutive scores.
pub fn keep_groups(scores: &[f64], n_kept: usize, group: usize) -> Vec<bool> {
    keep_per_output(scores, group, group - n_kept)
}

/// Removes the unit of the lowest score, of equal ones the first, again and again until `n_removed` are removed or
/// `floor` are left; returns the indices of the rest.
pub fn keep_units(scores: &[f64], n_removed: usize, floor: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..scores.len()).collect();
    for _ in 0..n_removed {
        if kept.is_empty() || kept.len() <= floor {
            break;
        }
        let lowest = (0..kept.len()).fold(0, |lowest, position| {
            if scores[kept[position]] < scores[kept[lowest]] {
                position
            } else {
                lowest
            }
        });
        kept.remove(lowest);
    }
    kept
}
