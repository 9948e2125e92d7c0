//! One measured number and what identifies it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::spread::{DEVIATION, STANDARD_ERROR, Spread};

/// One number of an experiment: a flat JSON object.
///
/// Every row has `method`, `metric`, `value`, `control`, and `deviation` or `standard_error`, and a mean has `samples`; further keys
/// (`dataset`, `sparsity`, `pattern`, `setting`, ..) say which case was measured. A value that is not finite, such as the perplexity of a destroyed
/// model, and a spread that is not known are `null`.
///
/// ```
/// use secateurs_experiments::outcome::Row;
///
/// let row = Row::new("wanda", "perplexity", 7.26).deviation(0.02).case("sparsity", 0.5);
/// assert_eq!(row.value(), Some(7.26));
/// assert_eq!(row.text("sparsity").as_deref(), Some("0.5"));
/// assert!(!row.is_control());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(#[serde(deserialize_with = "read_fields")] Map<String, Value>);

/// The keys of measurements, of the two of spreads one; the other keys identify the case.
const MEASUREMENT_KEYS: [&str; 7] = [
    "method",
    "metric",
    "value",
    "deviation",
    "standard_error",
    "samples",
    "control",
];

/// The key of the number of samples behind a mean.
const SAMPLES: &str = "samples";

impl Row {
    /// A number measured once: its spread is unknown and it is no control.
    pub fn new(method: &str, metric: &str, value: f64) -> Self {
        let mut fields = Map::new();
        fields.insert("method".into(), method.into());
        fields.insert("metric".into(), metric.into());
        fields.insert("value".into(), value.into());
        fields.insert(DEVIATION.into(), Value::Null);
        fields.insert("control".into(), false.into());
        Self(fields)
    }

    /// Sets the spread: the standard deviation of single samples, such as seeds.
    pub fn deviation(self, deviation: f64) -> Self {
        self.set_spread(DEVIATION, deviation.into())
    }

    /// Sets the spread: the standard error of the value, which is a mean of samples.
    pub fn standard_error(self, error: f64) -> Self {
        self.set_spread(STANDARD_ERROR, error.into())
    }

    /// Marks the row as a control: what a trivial method reaches in the same setting.
    pub fn control(self) -> Self {
        self.set("control", true.into())
    }

    /// Adds a key that identifies the case.
    ///
    /// # Panics
    ///
    /// If `key` is one of the measurement's own keys, or `value` is a list or an object: rows are flat.
    pub fn case(self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        assert!(
            !MEASUREMENT_KEYS.contains(&key),
            "{key:?} is set by its own method, not as a case"
        );
        assert!(
            !value.is_array() && !value.is_object(),
            "rows are flat, but {key:?} is {value}"
        );
        self.set(key, value)
    }

    /// The method that was measured.
    pub fn method(&self) -> &str {
        self.0["method"].as_str().unwrap_or_default()
    }

    /// The metric that was measured.
    pub fn metric(&self) -> &str {
        self.0["metric"].as_str().unwrap_or_default()
    }

    /// The number, `None` if it is not finite.
    pub fn value(&self) -> Option<f64> {
        self.0["value"].as_f64()
    }

    /// The number's deviation or standard error; `None` if neither is known.
    pub fn spread(&self) -> Option<Spread> {
        let deviation = self.number(DEVIATION).map(Spread::Deviation);
        deviation.or_else(|| self.number(STANDARD_ERROR).map(Spread::StandardError))
    }

    /// The number of samples behind a mean; `None` for a single measurement, and where an older version did not count them.
    pub fn samples(&self) -> Option<usize> {
        self.0.get(SAMPLES)?.as_u64().map(|samples| samples as usize)
    }

    /// Whether this is a control.
    pub fn is_control(&self) -> bool {
        self.0["control"] == Value::Bool(true)
    }

    /// A field as it is shown, without JSON's quotes; `None` if the row does not have it.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A field as a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.0.get(key)?.as_f64()
    }

    /// The keys that identify the case, in the order in which they were added.
    pub fn case_keys(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(|key| !MEASUREMENT_KEYS.contains(key))
    }

    /// The metric and the case in one line: `perplexity, dataset=wikitext2, sparsity=0.5`.
    pub fn case_label(&self) -> String {
        let mut label = self.metric().to_owned();
        for key in self.case_keys() {
            label.push_str(&format!(", {key}={}", self.text(key).unwrap_or_default()));
        }
        label
    }

    /// Whether both rows measure the same metric in the same case, whatever the order of the keys.
    pub fn same_case(&self, other: &Self) -> bool {
        self.metric() == other.metric()
            && self.case_keys().count() == other.case_keys().count()
            && self.case_keys().all(|key| self.0.get(key) == other.0.get(key))
    }

    /// Replaces the spread, whichever kind it was, at its place among the keys.
    pub(super) fn set_spread(self, key: &str, value: Value) -> Self {
        let replace = |(known, old): (String, Value)| match known.as_str() {
            DEVIATION | STANDARD_ERROR => (key.to_owned(), value.clone()),
            _ => (known, old),
        };
        Self(self.0.into_iter().map(replace).collect())
    }

    /// Notes the number of samples behind a mean.
    pub(super) fn set_samples(self, samples: usize) -> Self {
        self.set(SAMPLES, samples.into())
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }
}

/// Accepts only fields that the accessors rely on.
fn read_fields<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let fields = Map::<String, Value>::deserialize(deserializer)?;
    let has = |key: &str, is: fn(&Value) -> bool| fields.get(key).is_some_and(is);
    let number_or_null = |value: &Value| value.is_number() || value.is_null();
    let problem = if !has("method", Value::is_string) {
        "needs a text `method`"
    } else if !has("metric", Value::is_string) {
        "needs a text `metric`"
    } else if !has("value", number_or_null) {
        "needs a `value`, a number or null"
    } else if has(DEVIATION, number_or_null) == has(STANDARD_ERROR, number_or_null) {
        "needs a `deviation` or a `standard_error`, a number or null"
    } else if !has("control", Value::is_boolean) {
        "needs a boolean `control`"
    } else {
        return Ok(fields);
    };
    Err(serde::de::Error::custom(format!(
        "row {} {problem}",
        Value::Object(fields)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_agreed_keys_in_order() {
        let row = Row::new("random", "perplexity", 2.5)
            .control()
            .case("dataset", "wikitext2");
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(
            text,
            r#"{"method":"random","metric":"perplexity","value":2.5,"deviation":null,"control":true,"dataset":"wikitext2"}"#
        );
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
    }

    #[test]
    fn a_row_has_one_spread_of_a_known_kind() {
        let row = Row::new("a", "m", 1.0).control();
        assert_eq!(row.spread(), None);
        let row = row.deviation(0.5).standard_error(0.25);
        assert_eq!(row.spread(), Some(Spread::StandardError(0.25)));
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(
            text,
            r#"{"method":"a","metric":"m","value":1.0,"standard_error":0.25,"control":true}"#
        );
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
        for spreads in ["\"spread\":0.5", "\"deviation\":1,\"standard_error\":1"] {
            let text = format!(r#"{{"method":"a","metric":"m","value":1.0,{spreads},"control":true}}"#);
            let error = serde_json::from_str::<Row>(&text).unwrap_err().to_string();
            assert!(error.contains("`standard_error`"), "{error}");
        }
    }

    #[test]
    fn infinite_perplexity_survives_as_null() {
        let row = Row::new("random", "perplexity", f64::INFINITY);
        let again: Row = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(again.value(), None);
    }

    #[test]
    fn incomplete_rows_are_refused_by_name() {
        let error =
            serde_json::from_str::<Row>(r#"{"method":"a","metric":"b","value":1,"deviation":null}"#).unwrap_err();
        assert!(error.to_string().contains("`control`"), "{error}");
        let error = serde_json::from_str::<Row>(r#"{"method":"a","metric":"b","value":"1","control":true}"#);
        assert!(error.unwrap_err().to_string().contains("`value`"));
    }

    #[test]
    fn same_case_ignores_key_order_but_not_values() {
        let row = Row::new("a", "m", 1.0).case("dataset", "x").case("sparsity", 0.5);
        let reordered = Row::new("b", "m", 2.0).case("sparsity", 0.5).case("dataset", "x");
        assert!(row.same_case(&reordered));
        assert!(!row.same_case(&reordered.clone().case("sparsity", 0.6)));
        assert!(!row.same_case(&reordered.case("pattern", "2:4")));
    }

    #[test]
    #[should_panic(expected = "rows are flat")]
    fn nested_cases_are_refused() {
        let _ = Row::new("a", "m", 1.0).case("dataset", vec!["x"]);
    }
}
