//! Errors of this crate.

use secateurs_tensor::TensorError;

/// Result of this crate's functions.
pub type Result<T, E = TrainError> = std::result::Result<T, E>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A mask or pattern that cannot be used.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A parameter that the pattern does not fit.
    #[error("{path}: {source}")]
    Parameter {
        /// Path of the parameter.
        path: String,
        /// Cause.
        #[source]
        source: TensorError,
    },
    /// A setting outside its range.
    #[error("training: {setting} must be {expected}, got {value}")]
    BadSetting {
        /// The setting.
        setting: &'static str,
        /// Accepted values.
        expected: &'static str,
        /// The value as given.
        value: f64,
    },
    /// A loss that does not depend on the model, or a model without autodiff.
    #[error("step {step}: the loss is not tracked; is the model on an autodiff device?")]
    UntrackedLoss {
        /// Step of the training.
        step: usize,
    },
    /// A module without a parameter that can be trained.
    #[error("the module has no parameter that requires gradients; is it on an autodiff device?")]
    NothingToTrain,
    /// Rules that select no weight matrix.
    #[error("the rules select no weight matrix of the module")]
    NothingToPrune,
    /// A training whose loss is NaN or infinite.
    #[error("step {step}: the loss is {loss}{}; the learning rate or the penalty may be too high", culprit(parameter.as_deref()))]
    Diverged {
        /// Step of the training.
        step: usize,
        /// The loss.
        loss: f32,
        /// The first parameter with a weight that is not finite, if there is one.
        parameter: Option<String>,
    },
    /// A loss on unseen data that is NaN or infinite.
    #[error("loss {index} on unseen data is {loss}; the learning rate may be too high")]
    WatchedLossNotFinite {
        /// Losses seen before it.
        index: usize,
        /// The loss.
        loss: f64,
    },
    /// Weights that training has made NaN or infinite.
    #[error("after {step} steps {path} holds weights that are not finite; the learning rate may be too high")]
    NonFiniteWeights {
        /// Steps done.
        step: usize,
        /// Path of the first such parameter.
        path: String,
    },
    /// A gradient that is NaN or infinite.
    #[error("step {step}: the gradient of {path} is not finite; the learning rate or the penalty may be too high")]
    NonFiniteGradient {
        /// Step of the training.
        step: usize,
        /// Path of the first such parameter.
        path: String,
    },
}

fn culprit(parameter: Option<&str>) -> String {
    parameter.map_or_else(String::new, |path| {
        format!(", and {path} holds weights that are not finite")
    })
}

impl TrainError {
    /// A setting outside its range.
    pub(crate) fn bad(setting: &'static str, expected: &'static str, value: f64) -> Self {
        Self::BadSetting {
            setting,
            expected,
            value,
        }
    }

    /// Refuses every number but finite ones above 0.
    pub(crate) fn check_positive(setting: &'static str, value: f64) -> Result<()> {
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(Self::bad(setting, "a finite number above 0", value))
        }
    }
}
