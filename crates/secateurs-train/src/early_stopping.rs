//! Early stopping: ends a training that no longer helps.

use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};

/// A rule that ends a training which no longer helps, by a loss on held-out data that no step sees.
///
/// A loss helps if it is smaller than the last one that helped by more than `min_delta`. Training ends with the first loss after
/// more than `patience` ones in a row that did not help.
///
/// # Examples
///
/// ```
/// use secateurs_train::{EarlyStopping, Verdict};
///
/// let mut watch = EarlyStopping::new(1).watch()?;
/// let losses = [4.0, 2.0, 3.0, 2.5, 1.0];
/// let stop = losses.iter().position(|loss| {
///     let verdict = watch.see(*loss, || format!("weights of {loss}"));
///     verdict.is_ok_and(|verdict| verdict == Verdict::Stop)
/// });
/// assert_eq!(stop, Some(3));
/// assert_eq!(watch.into_best().unwrap().state, "weights of 2");
/// # Ok::<(), secateurs_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EarlyStopping {
    /// Number of losses in a row that may pass without help; without it training never ends early.
    pub patience: Option<usize>,
    /// A loss must fall by more than this to help.
    pub min_delta: f64,
}

impl Default for EarlyStopping {
    /// The rule that never ends a training early.
    fn default() -> Self {
        Self {
            patience: None,
            min_delta: 0.0,
        }
    }
}

impl EarlyStopping {
    /// Ends a training once more than so many losses in a row are no smaller.
    pub fn new(patience: usize) -> Self {
        Self {
            patience: Some(patience),
            min_delta: 0.0,
        }
    }

    /// Begins to watch a training whose state has the type `S`.
    ///
    /// # Errors
    ///
    /// If `min_delta` is negative, NaN or infinite.
    pub fn watch<S>(self) -> Result<Watch<S>> {
        if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) {
            let expected = "a finite number of at least 0";
            return Err(TrainError::bad("minimum delta", expected, self.min_delta));
        }
        Ok(Watch {
            rule: self,
            helped: None,
            since: 0,
            n_seen: 0,
            best: None,
        })
    }
}

/// A training under watch: a summary of its losses so far, and its best state.
///
/// It is a value: stored beside the state of a training and read again, it continues where it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch<S> {
    rule: EarlyStopping,
    /// The last loss that helped.
    helped: Option<f64>,
    /// Number of losses since then.
    since: usize,
    n_seen: usize,
    best: Option<Best<S>>,
}

/// The state with the least loss; the first of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best<S> {
    /// Number of losses seen before its own.
    pub index: usize,
    /// Loss of the best state.
    pub loss: f64,
    /// The state.
    pub state: S,
}

/// Meaning of a loss for a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Training should continue.
    Continue,
    /// Training no longer helps and should end.
    Stop,
}

impl<S> Watch<S> {
    /// Takes a loss, and keeps the state if no loss before was as small.
    ///
    /// # Errors
    ///
    /// If the loss is NaN or infinite.
    pub fn see(&mut self, loss: f64, state: impl FnOnce() -> S) -> Result<Verdict> {
        let index = self.n_seen;
        if !loss.is_finite() {
            return Err(TrainError::WatchedLossNotFinite { index, loss });
        }
        self.n_seen += 1;
        if self.best.as_ref().is_none_or(|best| loss < best.loss) {
            let state = state();
            self.best = Some(Best { index, loss, state });
        }
        if self.helped.is_none_or(|helped| loss < helped - self.rule.min_delta) {
            self.helped = Some(loss);
            self.since = 0;
        } else {
            self.since += 1;
        }
        Ok(match self.rule.patience {
            Some(patience) if self.since > patience => Verdict::Stop,
            _ => Verdict::Continue,
        })
    }

    /// The best state so far; none before the first loss.
    pub fn best(&self) -> Option<&Best<S>> {
        self.best.as_ref()
    }

    /// The best state; none if no loss was seen.
    pub fn into_best(self) -> Option<Best<S>> {
        self.best
    }
}
