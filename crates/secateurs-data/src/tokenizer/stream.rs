//! Decodes tokens that come one by one.

use super::Tokenizer;
use crate::Result;

/// The character that the library writes for a part of a character.
const INCOMPLETE: char = '\u{fffd}';

/// A decoder of tokens that come one by one: its outputs together are the text of all tokens.
///
/// A token may be a part of a character, and its text may depend on the tokens around it: a run of tokens that stand
/// for single bytes is text only if the whole run is. Text is given out once later tokens cannot change it.
#[derive(Debug)]
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// Tokens since the last output, with some before it.
    ids: Vec<u32>,
    /// Number of `ids` whose text has been returned.
    n_settled: usize,
}

impl<'a> TextStream<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer) -> Self {
        Self {
            tokenizer,
            ids: Vec::new(),
            n_settled: 0,
        }
    }

    /// Takes the next token; returns the text that becomes certain, which may be empty.
    ///
    /// # Errors
    ///
    /// As for [`Tokenizer::decode`].
    pub fn push(&mut self, id: u32) -> Result<String> {
        // A token without text is none for the library either: bytes on its two sides belong together.
        let Some(token) = self.tokenizer.inner.id_to_token(id) else {
            return Ok(String::new());
        };
        self.ids.push(id);
        if self.tokenizer.has_byte_tokens && is_byte(&token) {
            return Ok(String::new());
        }
        let text = self.tokenizer.decode(&self.ids)?;
        if text.ends_with(INCOMPLETE) {
            return Ok(String::new());
        }
        let before = self.tokenizer.decode(&self.ids[..self.n_settled])?;
        let Some(new) = text.strip_prefix(before.as_str()).map(str::to_owned) else {
            return Ok(String::new());
        };
        // The beginning of a text is decoded differently; after tokens with visible text this no longer matters.
        if !self.tokenizer.decode(&self.ids[self.n_settled..])?.is_empty() {
            self.ids.drain(..self.n_settled);
        }
        self.n_settled = self.ids.len();
        Ok(new)
    }

    /// The remaining text, in which a cut-off character has its replacement.
    ///
    /// # Errors
    ///
    /// As for [`Tokenizer::decode`].
    pub fn finish(self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        let before = self.tokenizer.decode(&self.ids[..self.n_settled])?;
        let shared = text.chars().zip(before.chars()).take_while(|(a, b)| a == b);
        let shared: usize = shared.map(|(character, _)| character.len_utf8()).sum();
        Ok(text[shared..].to_owned())
    }
}

/// Whether the library reads a token as one byte.
fn is_byte(token: &str) -> bool {
    let digits = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}
