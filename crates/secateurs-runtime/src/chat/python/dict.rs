//! Python's dict, which keeps the order of its keys.

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use serde_json::Value as Json;

use super::operators::equal;

/// Keys and values in order.
#[derive(Debug)]
pub(in crate::chat) struct Dict(Vec<(Value, Value)>);

impl Dict {
    /// A dict of some entries; of several entries with one key the last value counts, at the first one's position.
    pub(in crate::chat) fn of(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
        let mut dict = Self(Vec::new());
        for (key, value) in entries {
            match dict.0.iter_mut().find(|(other, _)| is_same_key(other, &key)) {
                Some((_, known)) => *known = value,
                None => dict.0.push((key, value)),
            }
        }
        Value::from_object(dict)
    }

    pub(in crate::chat) fn entries(&self) -> &[(Value, Value)] {
        &self.0
    }

    pub(in crate::chat) fn get(&self, key: &Value) -> Option<Value> {
        let found = self.0.iter().find(|(other, _)| is_same_key(other, key));
        found.map(|(_, value)| value.clone())
    }
}

/// Converts a JSON value as Python reads it.
pub(in crate::chat) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(entries) => Dict::of(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().into(), from_json(value))),
        ),
    }
}

fn is_same_key(a: &Value, b: &Value) -> bool {
    equal(a, b).unwrap_or(false)
}

impl Object for Dict {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(key, _)| key.clone()).collect())
    }
}
