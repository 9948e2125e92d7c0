//! Outcomes of older versions of this project.

use std::path::Path;

use serde_json::Value;

use super::error::OutcomeError;
use super::spread::DEVIATION;

/// The key that held a row's spread before rows named its kind.
const FORMER_SPREAD: &str = "spread";

/// A note on spreads of unknown kind.
const SPREADS_LEFT_OUT: &str = "Made by an older version of this project, which did not say whether a spread is a deviation \
                                or a standard error; spreads are left out. Run the claim again for them.";

/// Reads the text of a file as JSON and brings it to the form of today.
///
/// Rows once had one key for both kinds of spread; its number can be read as neither, so the spread becomes unknown and a note
/// says so. Fields that are missing have their defaults in the types.
pub(super) fn parse_upgraded(path: &Path, text: &str) -> Result<Value, OutcomeError> {
    let mut value: Value = serde_json::from_str(text).map_err(|source| OutcomeError::Malformed {
        path: path.to_owned(),
        source,
    })?;
    let mut n_former = 0;
    for list in ["rows", "paper"] {
        let rows = value.get_mut(list).and_then(Value::as_array_mut);
        n_former += rows.into_iter().flatten().filter_map(drop_former_spread).count();
    }
    if n_former > 0
        && let Some(fields) = value.as_object_mut()
    {
        let notes = fields.entry("notes").or_insert_with(|| Value::Array(Vec::new()));
        notes
            .as_array_mut()
            .into_iter()
            .for_each(|notes| notes.push(SPREADS_LEFT_OUT.into()));
    }
    Ok(value)
}

/// Replaces the former spread of a row; `None` if it has none.
fn drop_former_spread(row: &mut Value) -> Option<()> {
    let fields = row.as_object_mut()?;
    fields.shift_remove(FORMER_SPREAD)?;
    fields.insert(DEVIATION.into(), Value::Null);
    Some(())
}
