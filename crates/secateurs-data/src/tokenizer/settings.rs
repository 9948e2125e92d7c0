//! Settings beside a tokenizer with which transformers would cut texts differently.

use serde_json::Value;
use tokenizers::AddedToken;

use super::Tokenizer;
use crate::Result;

impl Tokenizer {
    /// Refuses a `tokenizer_config.json` whose added tokens differ from the tokenizer's, since transformers takes
    /// these, or which has the names of special tokens read as text.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`](crate::DataError::Tokenizer), naming the setting.
    pub(crate) fn check_settings(&self, config: &Value) -> Result<()> {
        if config.get("split_special_tokens") == Some(&Value::Bool(true)) {
            return Err(self.failed("tokenizer_config.json: split_special_tokens is true, expected false".to_owned()));
        }
        let added = config.get("added_tokens_decoder").and_then(Value::as_object);
        let known = self.inner.get_added_tokens_decoder();
        for (id, token) in added.into_iter().flatten() {
            let same = id.parse().ok().and_then(|id: u32| known.get(&id));
            if !same.is_some_and(|known| agrees(known, token)) {
                return Err(self.failed(format!(
                    "tokenizer_config.json: added_tokens_decoder says {token} of token {id}, and tokenizer.json something else"
                )));
            }
        }
        Ok(())
    }
}

/// Whether two tokens are found at the same places of any text.
fn agrees(known: &AddedToken, token: &Value) -> bool {
    let flag = |name: &str| token.get(name).and_then(Value::as_bool).unwrap_or(false);
    token.get("content").and_then(Value::as_str) == Some(&known.content)
        && (flag("lstrip"), flag("rstrip"), flag("single_word")) == (known.lstrip, known.rstrip, known.single_word)
}
