//! The report on units that were removed whole, in numbers.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnitKind {
    /// A channel with everything that is coupled to it.
    Channel,
    /// An attention head.
    Head,
    /// A block of a network, or a whole layer.
    Block,
    /// An expert of a mixture.
    Expert,
    /// A node of a Kolmogorov-Arnold network.
    Node,
    /// An edge of a Kolmogorov-Arnold network.
    Edge,
    /// An input of a network.
    Input,
    /// A direction of a hidden representation.
    Direction,
    /// A token of a sequence or an image.
    Token,
    /// An entry of a vocabulary.
    VocabularyEntry,
}

impl UnitKind {
    /// The name that serde reads, `vocabulary-entry`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Head => "head",
            Self::Block => "block",
            Self::Expert => "expert",
            Self::Node => "node",
            Self::Edge => "edge",
            Self::Input => "input",
            Self::Direction => "direction",
            Self::Token => "token",
            Self::VocabularyEntry => "vocabulary-entry",
        }
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Outcome for one group of units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitReport {
    /// Kind of the units.
    pub kind: UnitKind,
    /// Path of the layer or block that holds them.
    pub path: String,
    /// Units before.
    pub before: usize,
    /// Units that would be left if exactly the requested number had been removed.
    pub requested: usize,
    /// Units counted in the result.
    pub after: usize,
}

impl UnitReport {
    /// Whether more units are left than were requested.
    pub fn is_clipped(&self) -> bool {
        self.after > self.requested
    }
}
