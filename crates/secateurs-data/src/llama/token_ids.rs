//! Ids of special tokens in `config.json` and `generation_config.json`.

use serde_json::Value;

use super::error::ConfigError;
use super::fields::Fields;

/// The ids in `value`, a number or a list of numbers; nothing if one of them is no id below `vocab_size`.
pub(crate) fn token_ids(value: &Value, vocab_size: Option<usize>) -> Option<Vec<u32>> {
    let id = |value: &Value| {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok())?;
        vocab_size.is_none_or(|size| (id as usize) < size).then_some(id)
    };
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(id).collect(),
        value => id(value).map(|id| vec![id]),
    }
}

/// Refuses values that are no ids, and ids outside the vocabulary. A padding of -1 is none: published files say so.
pub(super) fn check_token_ids(fields: Fields<'_>, vocab_size: usize) -> Result<(), ConfigError> {
    for field in ["bos_token_id", "eos_token_id", "pad_token_id"] {
        let Some(value) = fields.get(field) else { continue };
        let is_none = field == "pad_token_id" && value.as_i64() == Some(-1);
        let is_single = field == "eos_token_id" || !value.is_array();
        if !is_none && (!is_single || token_ids(value, Some(vocab_size)).is_none()) {
            return Err(fields.bad(field, value, "expected the id of a token, below vocab_size"));
        }
    }
    Ok(())
}
