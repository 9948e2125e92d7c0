//! Token windows.

use secateurs_data::Tokenizer;

use crate::Error;

/// The first `count` non-overlapping windows of `window` tokens of a text, without special tokens.
///
/// # Errors
///
/// If the text is too short, or the windows are empty.
pub fn first_windows(
    tokenizer: &Tokenizer,
    text: &str,
    (count, window): (usize, usize),
    what: &'static str,
) -> Result<Vec<Vec<u32>>, Error> {
    let mut windows = all_windows(tokenizer, text, (count, window), what)?;
    windows.truncate(count);
    Ok(windows)
}

/// All non-overlapping windows of `window` tokens of a text, at least `count`; tokens at the end that fill no window
/// are left out.
///
/// # Errors
///
/// If the text is too short, or the windows are empty.
pub fn all_windows(
    tokenizer: &Tokenizer,
    text: &str,
    (count, window): (usize, usize),
    what: &'static str,
) -> Result<Vec<Vec<u32>>, Error> {
    if count == 0 || window < 2 {
        return Err(Error::WindowSize { count, window });
    }
    let tokens = tokenizer.encode(text)?;
    if tokens.len() / window < count {
        return Err(Error::TextTooShort {
            what,
            got: tokens.len(),
            count,
            window,
        });
    }
    Ok(tokens.chunks_exact(window).map(<[u32]>::to_vec).collect())
}
