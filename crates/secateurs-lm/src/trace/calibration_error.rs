//! Errors of calibrations.

/// An error of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// Both a text and traces, or neither.
    #[error("give either a text or traces to calibrate on")]
    Source,
    /// A setting of the source that was not chosen.
    #[error("{setting} is a setting of {of}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The source that has the setting.
        of: &'static str,
    },
    /// A calibration without tokens.
    #[error("calibration needs at least one token")]
    NoTokens,
}
