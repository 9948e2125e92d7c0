//! The settings of methods.

use secateurs_prune::{AdmmSchedule, Safe};
use secateurs_tensor::{NonNegative, Scope};
use serde::{Deserialize, Serialize};

/// Settings of the methods; [`Method::build`](crate::Method::build) refuses a setting that its method does not use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MethodOptions {
    /// Comparison group of the score-only methods, of the methods that train under their masks, and of elsa; by default
    /// per layer, and per output for Wanda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Relative damping of the Gram matrix (sparsegpt and alps 0.01, l-admm 0.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damping: Option<NonNegative>,
    /// Iterations of l-admm (20) or alps (at most 300).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// Growth of l-admm's mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<AdmmSchedule>,
    /// Settings of SAFE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe: Option<Safe>,
}

impl MethodOptions {
    /// Names of the given options.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        // Whoever adds an option is told by the compiler to name it here.
        let Self {
            scope,
            damping,
            iterations,
            schedule,
            safe,
        } = self;
        let options = [
            ("scope", scope.is_some()),
            ("damping", damping.is_some()),
            ("iterations", iterations.is_some()),
            ("schedule", schedule.is_some()),
            ("safe", safe.is_some()),
        ];
        options
            .iter()
            .filter(|option| option.1)
            .map(|option| option.0)
            .collect()
    }
}
