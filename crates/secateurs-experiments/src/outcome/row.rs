//! One measured number and what identifies it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One number of an experiment: a flat JSON object.
///
/// Every row has `method`, `metric`, `value`, `spread` and `control`; further keys (`dataset`, `sparsity`, `pattern`,
/// `setting`, ..) say which case was measured. A value that is not finite, such as the perplexity of a destroyed
/// model, is kept as `null`.
///
/// ```
/// use secateurs_experiments::outcome::Row;
///
/// let row = Row::new("wanda", "perplexity", 7.26).spread(0.02).case("sparsity", 0.5);
/// assert_eq!(row.value(), Some(7.26));
/// assert_eq!(row.text("sparsity").as_deref(), Some("0.5"));
/// assert!(!row.is_control());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(#[serde(deserialize_with = "checked")] Map<String, Value>);

/// The keys that every row has; the other keys identify the case.
const MEASUREMENT_KEYS: [&str; 5] = ["method", "metric", "value", "spread", "control"];

impl Row {
    /// A number measured once: its spread is unknown and it is no control.
    pub fn new(method: &str, metric: &str, value: f64) -> Self {
        let mut fields = Map::new();
        fields.insert("method".into(), method.into());
        fields.insert("metric".into(), metric.into());
        fields.insert("value".into(), value.into());
        fields.insert("spread".into(), Value::Null);
        fields.insert("control".into(), false.into());
        Self(fields)
    }

    /// The mean of `samples` with their sample standard deviation as spread (unknown below two samples).
    ///
    /// No samples give a `null` value.
    pub fn mean_of(method: &str, metric: &str, samples: &[f64]) -> Self {
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let row = Self::new(method, metric, mean);
        if samples.len() < 2 {
            return row;
        }
        let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
        row.spread((squares / (n - 1.0)).sqrt())
    }

    /// Sets the spread: the standard deviation over seeds.
    pub fn spread(self, spread: f64) -> Self {
        self.set("spread", spread.into())
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

    /// What was measured.
    pub fn metric(&self) -> &str {
        self.0["metric"].as_str().unwrap_or_default()
    }

    /// The number, `None` if it is not finite.
    pub fn value(&self) -> Option<f64> {
        self.0["value"].as_f64()
    }

    /// The standard deviation over seeds, `None` if there was one seed.
    pub fn spread_value(&self) -> Option<f64> {
        self.0.get("spread").and_then(Value::as_f64)
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

    fn set(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }
}

/// Accepts only what the accessors rely on.
fn checked<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let fields = Map::<String, Value>::deserialize(deserializer)?;
    let has = |key: &str, is: fn(&Value) -> bool| fields.get(key).is_some_and(is);
    let number_or_null = |value: &Value| value.is_number() || value.is_null();
    let problem = if !has("method", Value::is_string) {
        "needs a text `method`"
    } else if !has("metric", Value::is_string) {
        "needs a text `metric`"
    } else if !has("value", number_or_null) {
        "needs a `value`, a number or null"
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
            r#"{"method":"random","metric":"perplexity","value":2.5,"spread":null,"control":true,"dataset":"wikitext2"}"#
        );
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
    }

    #[test]
    fn mean_and_sample_deviation() {
        let row = Row::mean_of("wanda", "perplexity", &[1.0, 2.0, 3.0]);
        assert_eq!((row.value(), row.spread_value()), (Some(2.0), Some(1.0)));
        let single = Row::mean_of("wanda", "perplexity", &[4.0]);
        assert_eq!((single.value(), single.spread_value()), (Some(4.0), None));
        assert_eq!(Row::mean_of("wanda", "perplexity", &[]).value(), None);
    }

    #[test]
    fn infinite_perplexity_survives_as_null() {
        let row = Row::new("random", "perplexity", f64::INFINITY);
        let again: Row = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(again.value(), None);
    }

    #[test]
    fn incomplete_rows_are_refused_by_name() {
        let error = serde_json::from_str::<Row>(r#"{"method":"a","metric":"b","value":1}"#).unwrap_err();
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
