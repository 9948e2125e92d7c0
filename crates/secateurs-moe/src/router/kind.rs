//! All routers as one type, for modules and files.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::{ExpertChoice, Router, SigmoidTopK, Soft, SoftSlots, TopK};
use crate::error::{MoeError, Result};
use crate::routing::Routing;

/// A router of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouterKind {
    /// The router [`Soft`].
    Soft(Soft),
    /// The router [`TopK`].
    TopK(TopK),
    /// The router [`SigmoidTopK`].
    SigmoidTopK(SigmoidTopK),
    /// The router [`ExpertChoice`].
    ExpertChoice(ExpertChoice),
    /// The router [`SoftSlots`].
    SoftSlots(SoftSlots),
}

impl RouterKind {
    fn inner(&self) -> &dyn Router {
        match self {
            Self::Soft(router) => router,
            Self::TopK(router) => router,
            Self::SigmoidTopK(router) => router,
            Self::ExpertChoice(router) => router,
            Self::SoftSlots(router) => router,
        }
    }

    /// Least number of experts with which the router works.
    pub fn needs(&self) -> usize {
        match self {
            Self::TopK(router) => router.k,
            Self::SigmoidTopK(router) => router.k,
            Self::Soft(_) | Self::ExpertChoice(_) | Self::SoftSlots(_) => 1,
        }
    }

    /// The router of the experts in `kept`, in that order. Its gates are normalised over them as before over all.
    ///
    /// # Errors
    ///
    /// If `kept` are too few, or one of them does not exist.
    pub fn keep(&self, kept: &[usize], n_experts: usize) -> Result<Self> {
        if kept.len() < self.needs() {
            return Err(MoeError::TooFewLeft {
                n_removed: n_experts - kept.len(),
                n_experts,
                needed: self.needs(),
            });
        }
        if let Some(&expert) = kept.iter().find(|&&expert| expert >= n_experts) {
            return Err(MoeError::Size {
                what: "experts",
                expected: expert + 1,
                got: n_experts,
            });
        }
        let mut router = self.clone();
        if let Self::SigmoidTopK(router) = &mut router {
            MoeError::check_size("corrections", n_experts, router.correction.len())?;
            router.correction = kept.iter().map(|&expert| router.correction[expert]).collect();
        }
        Ok(router)
    }
}

impl Router for RouterKind {
    fn name(&self) -> &'static str {
        self.inner().name()
    }

    fn slots_per_expert(&self) -> usize {
        self.inner().slots_per_expert()
    }

    fn route(&self, logits: Tensor<2>, randomness: Option<&mut StdRng>) -> Result<Routing> {
        self.inner().route(logits, randomness)
    }
}
