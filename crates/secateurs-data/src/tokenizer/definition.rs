//! Checks of a `tokenizer.json` before the library sees it.

use std::borrow::Cow;

use serde_json::Value as Json;

/// The definition without the dropout of its merges, which is for training and would make tokens of every text random.
///
/// Refuses definitions on which the library is known to panic: merges whose second half lacks the prefix that the library
/// cuts off.
pub(super) fn without_dropout(json: &str) -> Result<Cow<'_, str>, String> {
    let mut definition: Json = serde_json::from_str(json).map_err(|e| e.to_string())?;
    check_merges(&definition["model"])?;
    match definition.pointer_mut("/model/dropout") {
        Some(dropout) if !dropout.is_null() => {
            *dropout = Json::Null;
            Ok(Cow::Owned(definition.to_string()))
        }
        _ => Ok(Cow::Borrowed(json)),
    }
}

fn check_merges(model: &Json) -> Result<(), String> {
    let Some(prefix) = model["continuing_subword_prefix"]
        .as_str()
        .filter(|prefix| !prefix.is_empty())
    else {
        return Ok(());
    };
    let merges = model["merges"].as_array().map(Vec::as_slice).unwrap_or_default();
    match merges
        .iter()
        .find(|merge| !second_half(merge).is_some_and(|half| half.starts_with(prefix)))
    {
        Some(merge) => Err(format!(
            "the merge {merge} does not continue with the prefix {prefix:?}"
        )),
        None => Ok(()),
    }
}

fn second_half(merge: &Json) -> Option<&str> {
    match merge {
        Json::String(both) => both.split_once(' ').map(|(_, second)| second),
        Json::Array(halves) => halves.get(1)?.as_str(),
        _ => None,
    }
}
