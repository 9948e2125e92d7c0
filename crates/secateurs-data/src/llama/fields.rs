//! Typed fields of a JSON object. `null` is a missing field.

use serde_json::{Map, Value};

use super::error::{ConfigError, bad_value};

/// The fields of `config.json`, or the fields of an object in it.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// Prefix of names in errors, e.g. `rope_scaling.`
    prefix: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn of(json: &'a Value) -> Result<Self, ConfigError> {
        let object = json.as_object().ok_or_else(|| ConfigError::NoObject {
            found: super::error::shorten(&json.to_string()),
        })?;
        Ok(Self { object, prefix: "" })
    }

    /// The fields of the object `field`, if it exists and is not empty.
    pub(super) fn inside(self, field: &'static str, prefix: &'static str) -> Result<Option<Self>, ConfigError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(object)) if object.is_empty() => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self { object, prefix })),
            Some(other) => Err(self.bad(field, other, "expected an object or null")),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.object.iter().map(|(field, value)| (field.as_str(), value))
    }

    /// The value of a field that exists and is not null.
    pub(super) fn get(self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    /// Whether the field does not exist, not even as null.
    pub(super) fn is_absent(self, field: &str) -> bool {
        !self.object.contains_key(field)
    }

    /// Whether the field exists and is null.
    pub(super) fn is_null(self, field: &str) -> bool {
        self.object.get(field).is_some_and(Value::is_null)
    }

    pub(super) fn name(self, field: &str) -> String {
        format!("{}{field}", self.prefix)
    }

    pub(super) fn bad(self, field: &str, value: &Value, expected: &'static str) -> ConfigError {
        bad_value(self.name(field), value, expected)
    }

    pub(super) fn missing(self, field: &str) -> ConfigError {
        ConfigError::Missing {
            field: self.name(field),
        }
    }

    /// A count from 1 on, limited to far more than any model has, so that later products cannot overflow.
    pub(super) fn optional_count(self, field: &str) -> Result<Option<usize>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let count = value.as_u64().filter(|count| (1..=MAX_COUNT).contains(count));
        let count = count.ok_or_else(|| self.bad(field, value, "expected a whole number from 1 to 2^31"))?;
        Ok(Some(count as usize))
    }

    pub(super) fn count(self, field: &str) -> Result<usize, ConfigError> {
        self.optional_count(field)?.ok_or_else(|| self.missing(field))
    }

    /// A finite number above 0.
    pub(super) fn optional_number(self, field: &str) -> Result<Option<f64>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        let number = number.ok_or_else(|| self.bad(field, value, "expected a positive number"))?;
        Ok(Some(number))
    }

    pub(super) fn number(self, field: &str) -> Result<f64, ConfigError> {
        self.optional_number(field)?.ok_or_else(|| self.missing(field))
    }

    pub(super) fn optional_flag(self, field: &str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let flag = value.as_bool();
        flag.map(Some)
            .ok_or_else(|| self.bad(field, value, "expected true or false"))
    }

    pub(super) fn optional_text(self, field: &str) -> Result<Option<&'a str>, ConfigError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let text = value.as_str();
        text.map(Some).ok_or_else(|| self.bad(field, value, "expected a text"))
    }
}

const MAX_COUNT: u64 = 1 << 31;
