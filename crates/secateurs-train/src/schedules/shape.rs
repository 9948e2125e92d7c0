//! Ways from one value to another.

use serde::{Deserialize, Serialize};

/// The way from one value to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleShape {
    /// The first value throughout.
    #[default]
    Constant,
    /// A straight line.
    Linear,
    /// Half a period of a cosine: slow at both ends.
    Cosine,
    /// A factor for every step.
    Exponential,
}

impl ScheduleShape {
    /// The value after `progress` of the way, a share from 0 to 1.
    pub(crate) fn at(self, start: f64, end: f64, progress: f64) -> f64 {
        match self {
            Self::Constant => start,
            Self::Linear => start + (end - start) * progress,
            Self::Cosine => start + (end - start) * 0.5 * (1.0 - (std::f64::consts::PI * progress).cos()),
            Self::Exponential => start * (end / start).powf(progress),
        }
    }
}
