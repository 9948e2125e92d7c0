//! Units: the importance of each, and the choice of the ones that stay.

use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};
use crate::report::units::{UnitKind, UnitReport};

/// Scores of the units of one group, in their order: higher means more important. Never NaN; infinities are allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitScores(Vec<f64>);

impl UnitScores {
    /// Wraps one score per unit.
    ///
    /// # Errors
    ///
    /// [`TensorError::NanUnitScore`] for the first NaN.
    pub fn new(values: Vec<f64>) -> Result<Self> {
        match values.iter().position(|score| score.is_nan()) {
            Some(unit) => Err(TensorError::NanUnitScore { unit }),
            None => Ok(Self(values)),
        }
    }

    /// All scores, unit after unit.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no units.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of units whose score is at most `threshold`: turns a threshold into a count for [`keep_units`].
    pub fn count_up_to(&self, threshold: f64) -> usize {
        self.0.iter().filter(|score| **score <= threshold).count()
    }
}

/// The units of one group that stay, beside the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptUnits {
    kept: Vec<usize>,
    n_units: usize,
    requested_removed: usize,
}

impl KeptUnits {
    /// Indices of the units that stay, ascending.
    pub fn indices(&self) -> &[usize] {
        &self.kept
    }

    /// Indices of the units that stay, ascending.
    pub fn into_indices(self) -> Vec<usize> {
        self.kept
    }

    /// Number of units before.
    pub fn n_units(&self) -> usize {
        self.n_units
    }

    /// Number of units that are removed.
    pub fn n_removed(&self) -> usize {
        self.n_units - self.kept.len()
    }

    /// Number of units whose removal was requested.
    pub fn requested_removed(&self) -> usize {
        self.requested_removed
    }

    /// Whether the floor kept units whose removal was requested. More than all cannot be asked for.
    pub fn is_clipped(&self) -> bool {
        self.n_removed() < self.requested_removed.min(self.n_units)
    }

    /// Whether each unit stays, `[n_units]`.
    pub fn to_mask(&self) -> Vec<bool> {
        let mut mask = vec![false; self.n_units];
        self.kept.iter().for_each(|unit| mask[*unit] = true);
        mask
    }

    /// The report on this group.
    pub fn report(&self, kind: UnitKind, path: impl Into<String>) -> UnitReport {
        UnitReport {
            kind,
            path: path.into(),
            before: self.n_units,
            requested: self.n_units.saturating_sub(self.requested_removed),
            after: self.kept.len(),
        }
    }
}

/// Removes the `n_removed` units of the lowest scores, but keeps at least `floor` of all.
///
/// The count is exact wherever the floor allows it: `min(n_removed, n - floor)` units are removed, none if there are
/// fewer than `floor`. Among equal scores the lower index is removed first. [`KeptUnits::is_clipped`] says whether the
/// floor held units back.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::{UnitScores, keep_units};
///
/// let scores = UnitScores::new(vec![1.0, 3.0, 1.0, 2.0])?;
/// assert_eq!(keep_units(&scores, 1, 1).indices(), [1, 2, 3]);
/// let kept = keep_units(&scores, 3, 2);
/// assert_eq!(kept.indices(), [1, 3]);
/// assert!(kept.is_clipped());
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn keep_units(scores: &UnitScores, n_removed: usize, floor: usize) -> KeptUnits {
    let n_units = scores.len();
    let removable = n_removed.min(n_units.saturating_sub(floor));
    let mut order: Vec<usize> = (0..n_units).collect();
    // Adding zero turns -0.0 into +0.0, which `total_cmp` would distinguish.
    let score = |unit: usize| scores.0[unit] + 0.0;
    order.sort_by(|&a, &b| score(a).total_cmp(&score(b)).then(a.cmp(&b)));
    let mut kept = order.split_off(removable);
    kept.sort_unstable();
    KeptUnits {
        kept,
        n_units,
        requested_removed: n_removed,
    }
}
