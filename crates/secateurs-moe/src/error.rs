//! Errors of this crate.

/// Results of this crate.
pub type Result<T> = std::result::Result<T, MoeError>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoeError {
    /// A number of experts per token that the router cannot serve.
    #[error("{router}: {top_k} experts per token are requested, the layer has {n_experts}")]
    TopK {
        /// Name of the router.
        router: &'static str,
        /// Experts requested per token.
        top_k: usize,
        /// Number of experts.
        n_experts: usize,
    },
    /// A batch without tokens.
    #[error("there are no tokens to route")]
    NoTokens,
    /// A setting outside its range.
    #[error("{setting} is {value}, expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// A logit of the router's gate that is NaN or infinite.
    #[error("the gate's logit of token {token} for expert {expert} is {value}, expected a finite number")]
    Logit {
        /// The token.
        token: usize,
        /// The expert, or the slot.
        expert: usize,
        /// The value found.
        value: f64,
    },
    /// Two things whose sizes should be equal.
    #[error("{what}: expected {expected}, got {got}")]
    Size {
        /// Name of the things counted.
        what: &'static str,
        /// The expected size.
        expected: usize,
        /// The size found.
        got: usize,
    },
    /// An operation that needs a router which sends whole tokens to experts.
    #[error("{what} needs a router that sends tokens to experts; soft slots send mixtures of all tokens")]
    Slots {
        /// The requested value.
        what: &'static str,
    },
    /// A request to remove too many experts.
    #[error("{n_removed} of {n_experts} experts cannot be removed: every token needs {needed}")]
    TooFewLeft {
        /// Experts to be removed.
        n_removed: usize,
        /// Number of experts.
        n_experts: usize,
        /// Number of experts that must stay.
        needed: usize,
    },
    /// An expert that does not exist, or that is named twice.
    #[error("expert {expert} is named twice or is not one of the {n_experts}")]
    NoExpert {
        /// The expert named.
        expert: usize,
        /// Number of experts.
        n_experts: usize,
    },
    /// Missing evidence: no token was observed.
    #[error("{criterion}: no token was observed; give calibration data")]
    NoEvidence {
        /// Name of the criterion.
        criterion: String,
    },
    /// An expert's output, or a score made from it, that is not finite.
    #[error("{what} of expert {expert} is {value}, expected a finite number")]
    NotFinite {
        /// Name of the quantity computed.
        what: &'static str,
        /// The expert.
        expert: usize,
        /// The value found.
        value: f64,
    },
    /// Experts that should be merged but differ in shape.
    #[error("experts {first} and {second} differ in the shape of parameter {parameter}")]
    Shapes {
        /// One expert.
        first: usize,
        /// Another.
        second: usize,
        /// Index of the parameter.
        parameter: usize,
    },
    /// A score of experts that failed.
    #[error(transparent)]
    Score(secateurs_importance::ImportanceError),
    /// Scores, a share or statistics of activations that were refused.
    #[error(transparent)]
    Tensor(#[from] secateurs_tensor::TensorError),
}

impl MoeError {
    /// Checks that a size is as expected.
    ///
    /// # Errors
    ///
    /// [`Size`](Self::Size) otherwise.
    pub fn check_size(what: &'static str, expected: usize, got: usize) -> Result<()> {
        if expected == got {
            Ok(())
        } else {
            Err(Self::Size { what, expected, got })
        }
    }
}
