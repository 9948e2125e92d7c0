//! Values of options by the names that recipes give them.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

/// Reads one of `values` by the name that serde gives it, so that the command line and recipes cannot differ.
pub(crate) fn named<T>(values: &[T]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: Serialize + Clone + Send + Sync + 'static,
{
    parser(values, |value| PossibleValue::new(name(value)))
}

/// Reads one of `values` as [`named`] does; the help page explains each by a line.
pub(crate) fn explained<T>(values: &[T], explain: fn(&T) -> &'static str) -> impl TypedValueParser<Value = T> + use<T>
where
    T: Serialize + Clone + Send + Sync + 'static,
{
    parser(values, move |value| {
        PossibleValue::new(name(value)).help(explain(value))
    })
}

fn parser<T, F>(values: &[T], show: F) -> impl TypedValueParser<Value = T> + use<T, F>
where
    T: Serialize + Clone + Send + Sync + 'static,
    F: Fn(&T) -> PossibleValue,
{
    let shown: Vec<PossibleValue> = values.iter().map(show).collect();
    let values: Vec<(&'static str, T)> = values.iter().map(|value| (name(value), value.clone())).collect();
    PossibleValuesParser::new(shown).map(move |given| {
        let found = values.iter().find(|(name, _)| *name == given);
        found
            .map(|(_, value)| value.clone())
            .expect("clap lets known names through only")
    })
}

/// The name of a value. The few names of a program live as long as the program.
fn name(value: &impl Serialize) -> &'static str {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.leak(),
        other => unreachable!("a value of an option has a name, not {other:?}"),
    }
}
