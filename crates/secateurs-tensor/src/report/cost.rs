//! Cost of a model in parameters, operations, bytes and seconds.

use serde::{Deserialize, Serialize};

/// Cost of a model, before or after pruning. A cost that was not measured is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Number of parameters, zeros included.
    pub parameters: u64,
    /// Multiply-accumulate operations of one sample, or of one token of a language model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macs: Option<u64>,
    /// Bytes of the stored parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Median wall-clock seconds of one sample, or of one token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<f64>,
}

/// Cost before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CostChange {
    /// Cost of the model as it was given.
    pub before: Cost,
    /// Cost of the result.
    pub after: Cost,
}
