//! Laws of scores of units and of selection among them.

use crate::naive;

/// A selection among units as the laws see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenUnits {
    /// Indices of the units that stay, ascending.
    pub kept: Vec<usize>,
    /// Whether the selection reports that the floor kept units whose removal was requested.
    pub is_clipped: bool,
}

/// Checks that a selection among units removes exactly as many as the floor allows, the lowest scores first and of
/// equal ones the lower index, and reports where the floor held units back.
///
/// `select` gets scores, the number of units to remove and the floor.
pub fn selects_units(select: impl Fn(&[f64], usize, usize) -> ChosenUnits, scores: &[f64]) {
    let n_units = scores.len();
    for n_removed in [0, 1, n_units / 2, n_units.saturating_sub(1), n_units, n_units + 3] {
        for floor in [0, 1, n_units / 2, n_units, n_units + 2] {
            let chosen = select(scores, n_removed, floor);
            let case = format!("{n_removed} of {n_units} with a floor of {floor}");
            let removable = n_removed.min(n_units.saturating_sub(floor));
            assert_eq!(n_units - chosen.kept.len(), removable, "removed, asked for {case}");
            assert_eq!(chosen.kept, naive::keep_units(scores, n_removed, floor), "{case}");
            assert_eq!(
                chosen.is_clipped,
                removable < n_removed.min(n_units),
                "clipped, asked for {case}"
            );
        }
    }
}

/// Checks that a score of units gives one number per unit, the same in a second call, and no NaN, and that selections
/// by it obey [`selects_units`].
///
/// `score` gives the scores of a group of `n_units` units.
pub fn scores_units(
    n_units: usize,
    score: impl Fn() -> Vec<f64>,
    select: impl Fn(&[f64], usize, usize) -> ChosenUnits,
) {
    let scores = score();
    assert_eq!(scores.len(), n_units, "one score per unit");
    assert!(scores.iter().all(|score| !score.is_nan()), "{scores:?}");
    let bits = |scores: &[f64]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&score()), bits(&scores), "the score differs from itself");
    selects_units(select, &scores);
}
