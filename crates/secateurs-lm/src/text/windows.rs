//! Token windows.

use secateurs_data::Tokenizer;
use secateurs_models::ModelShape;
use sha2::{Digest, Sha256};

use crate::text::error::TextError;

/// Non-overlapping windows of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextWindows<'a> {
    /// The text.
    pub text: &'a str,
    /// Number of windows.
    pub count: usize,
    /// Tokens per window.
    pub length: usize,
}

/// The first windows of a text, without special tokens; `what` names the text in errors.
///
/// # Errors
///
/// If the text is too short, or the windows are empty.
pub fn first_windows(
    tokenizer: &Tokenizer,
    wanted: &TextWindows<'_>,
    what: &'static str,
) -> Result<Vec<Vec<u32>>, TextError> {
    let mut windows = all_windows(tokenizer, wanted, what)?;
    windows.truncate(wanted.count);
    Ok(windows)
}

/// All windows of a text, at least `wanted.count`; tokens at the end that fill no window are left out.
///
/// # Errors
///
/// If the text is too short, or the windows are empty.
pub fn all_windows(
    tokenizer: &Tokenizer,
    wanted: &TextWindows<'_>,
    what: &'static str,
) -> Result<Vec<Vec<u32>>, TextError> {
    let TextWindows {
        text,
        count,
        length: window,
    } = *wanted;
    if count == 0 || window < 2 {
        return Err(TextError::WindowSize { count, window });
    }
    let tokens = tokenizer.encode(text)?;
    if tokens.len() / window < count {
        return Err(TextError::TextTooShort {
            what,
            got: tokens.len(),
            count,
            window,
        });
    }
    Ok(tokens.chunks_exact(window).map(<[u32]>::to_vec).collect())
}

/// Refuses windows that exceed the model's rotary table.
///
/// # Errors
///
/// If a window is longer than the positions of the model.
pub fn check_window(shape: &ModelShape, window: usize) -> Result<(), TextError> {
    let max_positions = shape.max_positions;
    if window > max_positions {
        Err(TextError::WindowTooLong { window, max_positions })
    } else {
        Ok(())
    }
}

/// The SHA-256 of windows and their lengths, in hexadecimal digits.
pub(crate) fn hash_tokens(windows: &[Vec<u32>]) -> String {
    let mut hash = Sha256::new();
    for window in windows {
        hash.update((window.len() as u64).to_le_bytes());
        window.iter().for_each(|token| hash.update(token.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
