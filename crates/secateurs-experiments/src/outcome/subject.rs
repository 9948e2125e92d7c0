//! Rows of several metrics of one method in one case.

use serde_json::Value;

use super::Row;

/// A method in one case, and whether it is a control: all that the rows of its metrics share.
///
/// ```
/// use secateurs_experiments::outcome::{Metric, Subject};
///
/// const SQUARE: Metric<f64> = Metric::new("square", |x| Some(x * x));
/// let subject = Subject::new("random").case("sparsity", 0.5).control();
/// let rows = subject.rows(&[SQUARE], &[&1.0, &3.0]);
/// assert_eq!((rows[0].value(), rows[0].is_control()), (Some(5.0), true));
/// ```
#[derive(Debug, Clone)]
pub struct Subject {
    method: String,
    case: Vec<(&'static str, Value)>,
    is_control: bool,
}

/// A number of a cell, and the way in which the numbers of several cells become one row.
pub struct Metric<C> {
    name: &'static str,
    of: fn(&C) -> Option<f64>,
    mean: fn(&str, &str, &[f64]) -> Row,
}

impl<C> Metric<C> {
    /// The mean with the standard deviation over the cells; a cell without the number is left out.
    pub const fn new(name: &'static str, of: fn(&C) -> Option<f64>) -> Self {
        let mean = Row::mean_with_deviation;
        Self { name, of, mean }
    }

    /// The mean with its standard error.
    pub const fn with_error(name: &'static str, of: fn(&C) -> Option<f64>) -> Self {
        let mean = Row::mean_with_error;
        Self { name, of, mean }
    }

    /// The geometric mean, of positive numbers that span decades, with its standard error.
    pub const fn geometric(name: &'static str, of: fn(&C) -> Option<f64>) -> Self {
        let mean = Row::geometric_mean_with_error;
        Self { name, of, mean }
    }
}

impl Subject {
    /// A method that is no control, in no case yet.
    pub fn new(method: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            case: Vec::new(),
            is_control: false,
        }
    }

    /// Adds a key that identifies the case.
    pub fn case(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.case.push((key, value.into()));
        self
    }

    /// Makes it a control: a trivial method in the same case.
    pub fn control(self) -> Self {
        Self {
            is_control: true,
            ..self
        }
    }

    /// A number that was measured once.
    pub fn row(&self, metric: &str, value: f64) -> Row {
        self.label(Row::new(&self.method, metric, value))
    }

    /// One row for each metric that any of the cells has.
    pub fn rows<C>(&self, metrics: &[Metric<C>], cells: &[&C]) -> Vec<Row> {
        let row = |metric: &Metric<C>| {
            let samples: Vec<f64> = cells.iter().filter_map(|cell| (metric.of)(cell)).collect();
            let row = (metric.mean)(&self.method, metric.name, &samples);
            (!samples.is_empty()).then(|| self.label(row))
        };
        metrics.iter().filter_map(row).collect()
    }

    /// Completes a row of this method by its case.
    fn label(&self, row: Row) -> Row {
        let add = |row: Row, (key, value): &(&'static str, Value)| row.case(key, value.clone());
        let row = self.case.iter().fold(row, add);
        if self.is_control { row.control() } else { row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Spread;

    #[test]
    fn metrics_that_no_cell_has_are_left_out() {
        const METRICS: [Metric<Option<f64>>; 2] = [Metric::new("m", |cell| *cell), Metric::new("none", |_| None)];
        let subject = Subject::new("a").case("n", 1);
        let rows = subject.rows(&METRICS, &[&Some(1.0), &None, &Some(3.0)]);
        assert_eq!(rows, [Row::mean_with_deviation("a", "m", &[1.0, 3.0]).case("n", 1)]);
    }

    #[test]
    fn a_broken_cell_breaks_the_mean_and_errors_are_of_the_mean() {
        const METRIC: Metric<f64> = Metric::new("m", |cell| Some(*cell));
        let rows = Subject::new("a").control().rows(&[METRIC], &[&1.0, &f64::INFINITY]);
        assert_eq!(
            (rows[0].value(), rows[0].spread(), rows[0].is_control()),
            (None, None, true)
        );
        const ERROR: Metric<f64> = Metric::with_error("m", |cell| Some(*cell));
        let rows = Subject::new("a").rows(&[ERROR], &[&1.0, &1.0, &1.0, &5.0]);
        assert_eq!(rows[0].spread(), Some(Spread::StandardError(1.0)));
    }
}
