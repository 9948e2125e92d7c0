//! Every failure of a mixture of experts.

/// Results of this crate.
pub type Result<T> = std::result::Result<T, MoeError>;

/// Every failure of a mixture of experts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoeError {
    /// A token cannot go to so many experts.
    #[error("{router}: {top_k} experts per token, of {n_experts}")]
    TopK {
        /// Name of the router.
        router: &'static str,
        /// Experts wanted per token.
        top_k: usize,
        /// Experts there are.
        n_experts: usize,
    },
    /// There is nothing to route.
    #[error("there are no tokens to route")]
    NoTokens,
    /// A setting is out of its range.
    #[error("{setting} is {value}, expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// The router's gate gave something that is no number.
    #[error("the logit of token {token} for expert {expert} is {value}")]
    Logit {
        /// The token.
        token: usize,
        /// The expert, or the slot.
        expert: usize,
        /// The value found.
        value: f64,
    },
    /// Two things that belong together have different sizes.
    #[error("{what}: expected {expected}, got {got}")]
    Size {
        /// Name of the things counted.
        what: &'static str,
        /// The size it should have.
        expected: usize,
        /// The size it has.
        got: usize,
    },
    /// An operation needs a router that sends whole tokens to experts.
    #[error("{what} needs a router that sends tokens to experts; soft slots send mixtures of all tokens")]
    Slots {
        /// The value asked for.
        what: &'static str,
    },
    /// More experts are to go than may.
    #[error("{n_removed} of {n_experts} experts are to go, but every token needs {needed}")]
    TooFewLeft {
        /// Experts to be removed.
        n_removed: usize,
        /// Experts there are.
        n_experts: usize,
        /// Experts that must be left.
        needed: usize,
    },
    /// An expert is named that does not exist, or one is named twice.
    #[error("expert {expert} is named twice or is not one of the {n_experts}")]
    NoExpert {
        /// The expert named.
        expert: usize,
        /// Experts there are.
        n_experts: usize,
    },
    /// Evidence is missing: nothing was observed.
    #[error("{criterion}: no token was observed")]
    NoEvidence {
        /// Name of the criterion.
        criterion: String,
    },
    /// An expert's output, or a score made of it, is not finite.
    #[error("{what} of expert {expert} is {value}")]
    NotFinite {
        /// Name of the quantity computed.
        what: &'static str,
        /// The expert.
        expert: usize,
        /// The value found.
        value: f64,
    },
    /// Experts that are to be merged differ in shape.
    #[error("experts {first} and {second} differ in the shape of parameter {parameter}")]
    Shapes {
        /// One expert.
        first: usize,
        /// Another.
        second: usize,
        /// The parameter, by its place.
        parameter: usize,
    },
    /// A score of experts failed.
    #[error(transparent)]
    Score(secateurs_importance::ImportanceError),
    /// Scores, a share or statistics of activations were refused.
    #[error(transparent)]
    Tensor(#[from] secateurs_tensor::TensorError),
}

impl MoeError {
    /// Checks that something has the size it should have.
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
