//! Errors of recipes.

use secateurs_prune::PruneError;
use secateurs_tensor::NmPattern;

use crate::prune::method::Method;
use crate::trace::calibration_error::CalibrationError;

/// An error of a recipe that makes it impossible for any model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// A recipe without a method.
    #[error("a recipe needs a method")]
    NoMethod,
    /// An option that the method does not use.
    #[error("{method} does not use {option}, an option of {users}")]
    UnusedOption {
        /// Name of the option in recipes.
        option: &'static str,
        /// The method.
        method: Method,
        /// Names of the methods that use it.
        users: String,
    },
    /// A comparison of weights across all layers, for a method that sees one layer or block at a time.
    #[error(
        "{method} sees one layer at a time, so that weights of all layers cannot compete; elsa and elsa-l can do that"
    )]
    NoGlobalScope {
        /// The method.
        method: Method,
    },
    /// A comparison group beside a pattern that has its own.
    #[error(
        "{pattern} compares the weights of each group only, so that scope has no effect; leave scope out, or use a sparsity"
    )]
    NoScope {
        /// The pattern.
        pattern: NmPattern,
    },
    /// A setting of a validation that does not happen.
    #[error("{option} has no effect without training.validation; name a text, or leave the option out")]
    NoValidation {
        /// The option, as recipes spell it.
        option: &'static str,
    },
    /// An allocation over blocks, for a method that trains the whole model.
    #[error("{method} decides itself how sparsity is spread; use --scope, not an allocation, which {users} use")]
    NoAllocation {
        /// The method.
        method: Method,
        /// Names of the methods that use an allocation.
        users: String,
    },
    /// Both a sparsity and a pattern, or neither.
    #[error("give exactly one of sparsity and pattern")]
    PatternChoice,
    /// A method without the calibration data that it needs.
    #[error("{method} needs calibration data: a text or traces")]
    NoCalibration {
        /// The method.
        method: Method,
    },
    /// A method without the training text that it needs.
    #[error("{method} needs a training text")]
    NoTrainingText {
        /// The method.
        method: Method,
    },
    /// An error of the calibration.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A setting of the method outside its range.
    #[error(transparent)]
    Setting(#[from] PruneError),
    /// Invalid TOML, or unknown or missing fields.
    #[error("the recipe is not usable")]
    Syntax(#[source] Box<toml::de::Error>),
    /// A recipe that could not be written as TOML.
    #[error("the recipe cannot be written as TOML")]
    Write(#[source] Box<toml::ser::Error>),
}
