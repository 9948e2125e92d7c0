//! The error of a calibration that makes no sense.

/// A calibration that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// Both sources, or none.
    #[error("give either a text or traces to calibrate on")]
    Source,
    /// A setting of the other source.
    #[error("{setting} is a setting of {of}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Which source has it.
        of: &'static str,
    },
    /// Nothing is to be read.
    #[error("calibration needs at least one token")]
    NoTokens,
}
