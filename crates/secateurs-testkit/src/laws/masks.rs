//! Laws of masks.

/// Checks that exactly `n_pruned` entries of the mask are `false`.
pub fn prunes_exactly(keep: &[bool], n_pruned: usize) {
    let got = keep.iter().filter(|keep| !**keep).count();
    assert_eq!(
        got,
        n_pruned,
        "{got} of {} are pruned, {n_pruned} were asked for",
        keep.len()
    );
}

/// Checks that no pruned score beats a kept one, and that among equal scores the lower index is pruned first.
pub fn prunes_lowest_first(scores: &[f64], keep: &[bool]) {
    assert_eq!(scores.len(), keep.len());
    let chosen = |wanted: bool| (0..keep.len()).filter(move |index| keep[*index] == wanted);
    let rank = |a: &usize, b: &usize| {
        scores[*a]
            .partial_cmp(&scores[*b])
            .expect("laws get no NaN")
            .then(a.cmp(b))
    };
    if let (Some(pruned), Some(kept)) = (chosen(false).max_by(rank), chosen(true).min_by(rank)) {
        assert!(
            rank(&pruned, &kept).is_lt(),
            "index {pruned} with score {} is pruned, index {kept} with score {} kept",
            scores[pruned],
            scores[kept],
        );
    }
}

/// Checks that pruned weights are +0.0, and that no zero carries a sign.
pub fn zeros_are_positive(weights: &[f32], keep: &[bool]) {
    assert_eq!(weights.len(), keep.len());
    for (index, (weight, keep)) in weights.iter().zip(keep).enumerate() {
        assert!(*keep || weight.to_bits() == 0, "pruned weight {index} is {weight:?}");
        assert!(*weight != 0.0 || weight.to_bits() == 0, "weight {index} is {weight:?}");
    }
}

/// Checks that every group of consecutive entries keeps at most `n_kept`.
pub fn keeps_per_group(keep: &[bool], n_kept: usize, group: usize) {
    assert_eq!(
        keep.len() % group,
        0,
        "groups of {group} do not tile {} entries",
        keep.len()
    );
    for (index, entries) in keep.chunks_exact(group).enumerate() {
        let got = entries.iter().filter(|keep| **keep).count();
        assert!(
            got <= n_kept,
            "group {index} keeps {got} of {group}, more than {n_kept}"
        );
    }
}
