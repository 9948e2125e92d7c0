//! The seam of scores for units, the things that are removed whole.

use secateurs_tensor::UnitScores;

use crate::error::Result;

/// Scores every unit of a group; higher is more important.
///
/// The counterpart of [`Importance`](crate::Importance), which scores the weights of one matrix. `Evidence` is the data
/// of a group that the score uses: the observed experts of a layer, the attributed nodes of a network, the weights that
/// a channel couples. [`keep_units`](secateurs_tensor::keep_units) selects among the scores.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Result, UnitImportance};
/// use secateurs_tensor::{UnitKind, UnitScores, keep_units};
///
/// /// Keeps units that answer often.
/// struct Frequency;
///
/// impl UnitImportance for Frequency {
///     type Evidence = [u32];
///     fn name(&self) -> &str {
///         "frequency"
///     }
///     fn score(&self, counts: &[u32]) -> Result<UnitScores> {
///         Ok(UnitScores::new(counts.iter().map(|count| f64::from(*count)).collect())?)
///     }
/// }
///
/// let kept = keep_units(&Frequency.score(&[5, 0, 7])?, 1, 1);
/// assert_eq!(kept.indices(), [0, 2]);
/// let report = kept.report(UnitKind::Expert, "layers.0.moe");
/// assert_eq!((report.before, report.requested, report.after), (3, 2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait UnitImportance: Send + Sync {
    /// Data that the score is computed from.
    type Evidence: ?Sized;

    /// The field's name of this score, in kebab-case.
    fn name(&self) -> &str;

    /// One score per unit of the group.
    ///
    /// # Errors
    ///
    /// If the evidence does not suffice, or a score is NaN.
    fn score(&self, evidence: &Self::Evidence) -> Result<UnitScores>;
}

impl<I: UnitImportance + ?Sized> UnitImportance for Box<I> {
    type Evidence = I::Evidence;

    fn name(&self) -> &str {
        (**self).name()
    }

    fn score(&self, evidence: &Self::Evidence) -> Result<UnitScores> {
        (**self).score(evidence)
    }
}
