//! Groups of weights that compete.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};

/// The weights that are compared with each other. N:M patterns compare within their groups whatever the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every output separately; each loses the same number of inputs.
    PerOutput,
    /// All weights of a layer together.
    PerLayer,
    /// All weights of all layers together.
    Global,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::PerOutput => "per-output",
            Self::PerLayer => "per-layer",
            Self::Global => "global",
        }
    }
}

/// Writes the name that serde and [`FromStr`] read, `per-output`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = TensorError;

    fn from_str(text: &str) -> Result<Self> {
        [Self::PerOutput, Self::PerLayer, Self::Global]
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| TensorError::Unreadable {
                expected: "per-output, per-layer or global",
                text: text.to_owned(),
            })
    }
}
