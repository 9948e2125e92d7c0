//! The answer of a claim: its question, the numbers that decide it, and what they say.

use secateurs_chart::format_number;
use serde::{Deserialize, Serialize};

use super::{Outcome, Row, Spread};

/// Standard errors of a difference beyond which it is no chance.
const DECISIVE: f64 = 2.0;

/// The direction in which a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// As errors, perplexities and sizes do.
    Lower,
    /// As accuracies and speeds do.
    Higher,
}

/// A question that the rows of a claim answer: does a method beat the best of the trivial controls in one case?
///
/// ```
/// use secateurs_experiments::outcome::{Better, Conclusion, Outcome, Question, Row, Tier};
///
/// let mut outcome = Outcome::new("layerwise", Tier::Quick, "flex");
/// let row = |method: &str, value: f64| Row::new(method, "perplexity", value).case("sparsity", 0.5).deviation(0.3);
/// outcome.rows = vec![row("wanda", 50.0), row("random", 900.0).control(), row("magnitude", 60.0).control()];
/// outcome.seeds = vec![0, 1, 2];
/// let question = Question::new("Does Wanda beat magnitude?", "wanda", "perplexity", Better::Lower)
///     .at("sparsity", 0.5)
///     .beside(["random", "magnitude"])
///     .measured_as("perplexity at 50 % zeros");
/// let answer = question.answer(&outcome).unwrap();
/// assert_eq!((answer.conclusion, answer.control.unwrap().method()), (Conclusion::Holds, "magnitude"));
/// ```
#[derive(Debug, Clone)]
pub struct Question {
    text: &'static str,
    method: &'static str,
    better: Better,
    case: Row,
    /// The case of the method, where it is another one than that of the controls.
    own_case: Row,
    controls: Vec<&'static str>,
    measure: String,
    paper: Option<String>,
}

/// The answer to a question, as the rows give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question in words.
    pub question: String,
    /// The metric and the case in words, with the unit.
    pub measure: String,
    /// The direction in which the metric improves.
    pub better: Better,
    /// The paper's result in words, for this case or the nearest to it.
    pub paper: Option<String>,
    /// The method's row; absent if it was not measured.
    pub ours: Option<Row>,
    /// The row of the best control; absent if none was measured.
    pub control: Option<Row>,
    /// The decision.
    pub conclusion: Conclusion,
}

impl Answer {
    /// The measure with both numbers: `Perplexity at 70 % zeros: alps 52.7, magnitude 77.2`; `None` if one is not known.
    pub fn numbers(&self) -> Option<String> {
        let number = |row: &Row| Some(format!("{} {}", row.method(), format_number(row.value()?)));
        let (ours, control) = (number(self.ours.as_ref()?)?, number(self.control.as_ref()?)?);
        let mut letters = self.measure.chars();
        let first = letters.next()?.to_uppercase();
        Some(format!("{first}{}: {ours}, {control}", letters.as_str()))
    }
}

/// The decision on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// The method is better than the best control by more than two standard errors of the difference.
    Holds,
    /// The method is better than the best control in a single measurement of each, whose spreads are not known.
    HoldsOnce,
    /// The difference is within two standard errors.
    Undecided,
    /// The method is worse than the best control.
    Fails,
    /// The method or its controls were not measured.
    NotMeasured,
}

impl Question {
    /// Asks whether a method beats its controls by a metric.
    pub fn new(text: &'static str, method: &'static str, metric: &'static str, better: Better) -> Self {
        Self {
            text,
            method,
            better,
            case: Row::new(method, metric, 0.0),
            own_case: Row::new(method, metric, 0.0),
            controls: Vec::new(),
            measure: metric.to_owned(),
            paper: None,
        }
    }

    /// Narrows the case: rows that have `key` must have this value there.
    pub fn at(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into();
        self.case = self.case.case(key, value.clone());
        self.own_at(key, value)
    }

    /// Leaves out the rows that have `key`, such as those of single functions beside their mean.
    pub fn without(self, key: &str) -> Self {
        self.at(key, serde_json::Value::Null)
    }

    /// Narrows the case of the method alone, such as to a stage that its controls do not have.
    pub fn own_at(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.own_case = self.own_case.case(key, value);
        self
    }

    /// Names the methods that the method is compared with; the best of those that were measured counts.
    pub fn beside(mut self, controls: impl IntoIterator<Item = &'static str>) -> Self {
        self.controls = controls.into_iter().collect();
        self
    }

    /// Says metric and case in words, with the unit.
    pub fn measured_as(mut self, measure: impl Into<String>) -> Self {
        self.measure = measure.into();
        self
    }

    /// Says the paper's result in words.
    pub fn paper(mut self, paper: impl Into<String>) -> Self {
        self.paper = Some(paper.into());
        self
    }

    /// Answers the question from the rows of an outcome; `None` if the outcome holds neither the method nor a control of it.
    pub fn answer(&self, outcome: &Outcome) -> Option<Answer> {
        let ours = outcome
            .rows
            .iter()
            .find(|row| is_asked(row, self.method, &self.own_case));
        let is_control = |row: &&Row| self.controls.iter().any(|name| is_asked(row, name, &self.case));
        let controls = outcome.rows.iter().filter(is_control);
        let control = controls.min_by(|a, b| self.cost(a).total_cmp(&self.cost(b)));
        if ours.is_none() && control.is_none() {
            return None;
        }
        Some(Answer {
            question: self.text.to_owned(),
            measure: self.measure.clone(),
            better: self.better,
            paper: self.paper.clone(),
            ours: ours.cloned(),
            control: control.cloned(),
            conclusion: self.conclude(ours, control, outcome.seeds.len()),
        })
    }

    /// A number that is lower for a better row; infinite if the row has no finite number.
    fn cost(&self, row: &Row) -> f64 {
        row.value().map_or(f64::INFINITY, |value| match self.better {
            Better::Lower => value,
            Better::Higher => -value,
        })
    }

    fn conclude(&self, ours: Option<&Row>, control: Option<&Row>, n_seeds: usize) -> Conclusion {
        let (Some(ours), Some(control)) = (ours, control) else {
            return Conclusion::NotMeasured;
        };
        let (cost, control_cost) = (self.cost(ours), self.cost(control));
        // A method that broke the model has not held, whatever its controls did.
        if !cost.is_finite() || cost >= control_cost {
            return if is_within_error(ours, control, n_seeds) {
                Conclusion::Undecided
            } else {
                Conclusion::Fails
            };
        }
        match standard_error_of_difference(ours, control, n_seeds) {
            None => Conclusion::HoldsOnce,
            Some(error) if control_cost - cost > DECISIVE * error => Conclusion::Holds,
            Some(_) => Conclusion::Undecided,
        }
    }
}

/// Whether a row is about a method in the case that is asked about; a key that the row lacks does not matter.
fn is_asked(row: &Row, method: &str, case: &Row) -> bool {
    let agrees = |key: &str| row.text(key).is_none_or(|value| case.text(key) == Some(value));
    row.method() == method && row.metric() == case.metric() && case.case_keys().all(agrees)
}

fn is_within_error(ours: &Row, control: &Row, n_seeds: usize) -> bool {
    let (Some(a), Some(b)) = (ours.value(), control.value()) else {
        return false;
    };
    standard_error_of_difference(ours, control, n_seeds).is_some_and(|error| (a - b).abs() <= DECISIVE * error)
}

/// The standard error of the difference of two rows; `None` if neither has a spread.
///
/// `sqrt(e_a^2 + e_b^2)`, where a row without a spread, such as a method that no seed changes, adds nothing.
fn standard_error_of_difference(a: &Row, b: &Row, n_seeds: usize) -> Option<f64> {
    let error = |row: &Row| match row.spread()? {
        Spread::Deviation(deviation) => Some(deviation / (n_seeds.max(1) as f64).sqrt()),
        Spread::StandardError(error) => Some(error),
    };
    match (error(a), error(b)) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0.0).hypot(b.unwrap_or(0.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    fn conclude(better: Better, ours: Row, control: Row) -> Conclusion {
        let mut outcome = Outcome::new("c", Tier::Quick, "flex");
        outcome.rows = vec![ours, control.control()];
        outcome.seeds = vec![0, 1, 2, 3];
        let question = Question::new("?", "a", "m", better).beside(["b"]);
        question.answer(&outcome).expect("both are measured").conclusion
    }

    fn row(method: &str, value: f64) -> Row {
        Row::new(method, "m", value)
    }

    #[test]
    fn a_difference_counts_beyond_two_standard_errors() {
        // Deviations of 3 and 4 over four seeds: errors of 1.5 and 2, together 2.5, so 5 is the limit.
        let at = |ours: f64| {
            conclude(
                Better::Lower,
                row("a", ours).deviation(3.0),
                row("b", 20.0).deviation(4.0),
            )
        };
        assert_eq!(at(14.9), Conclusion::Holds);
        assert_eq!(at(15.1), Conclusion::Undecided);
        assert_eq!(at(24.9), Conclusion::Undecided);
        assert_eq!(at(25.1), Conclusion::Fails);
        // Standard errors are taken as they are: 1 and 1, so 2.83 is the limit.
        let error = |method: &str, value: f64| row(method, value).standard_error(1.0);
        assert_eq!(
            conclude(Better::Higher, error("a", 2.9), error("b", 0.0)),
            Conclusion::Holds
        );
        assert_eq!(
            conclude(Better::Higher, error("a", 2.7), error("b", 0.0)),
            Conclusion::Undecided
        );
    }

    #[test]
    fn single_measurements_and_broken_models_are_said_as_such() {
        assert_eq!(
            conclude(Better::Lower, row("a", 1.0), row("b", 2.0)),
            Conclusion::HoldsOnce
        );
        assert_eq!(
            conclude(Better::Higher, row("a", 1.0), row("b", 2.0)),
            Conclusion::Fails
        );
        assert_eq!(
            conclude(Better::Lower, row("a", 1.0), row("b", f64::INFINITY)),
            Conclusion::HoldsOnce
        );
        assert_eq!(
            conclude(Better::Lower, row("a", f64::INFINITY), row("b", f64::INFINITY)),
            Conclusion::Fails
        );
        assert_eq!(conclude(Better::Lower, row("a", 2.0), row("b", 2.0)), Conclusion::Fails);
    }

    #[test]
    fn only_the_case_that_is_asked_about_counts() {
        let mut outcome = Outcome::new("c", Tier::Quick, "flex");
        let at = |method: &str, value: f64, sparsity: f64| row(method, value).case("sparsity", sparsity);
        outcome.rows = vec![
            at("a", 1.0, 0.5),
            at("a", 5.0, 0.9),
            at("b", 3.0, 0.5).control(),
            row("c", 4.0).control(),
        ];
        let question = Question::new("?", "a", "m", Better::Lower).at("sparsity", 0.9);
        let answer = question
            .clone()
            .beside(["b", "c"])
            .answer(&outcome)
            .expect("it is measured");
        assert_eq!(answer.ours.and_then(|row| row.value()), Some(5.0));
        assert_eq!(answer.control.map(|row| row.method().to_owned()).as_deref(), Some("c"));
        // The method is looked at elsewhere than its controls.
        let elsewhere = Question::new("?", "a", "m", Better::Lower)
            .own_at("sparsity", 0.9)
            .beside(["b"])
            .answer(&outcome)
            .expect("both are measured");
        assert_eq!(elsewhere.ours.as_ref().and_then(Row::value), Some(5.0));
        assert_eq!(elsewhere.numbers().as_deref(), Some("M: a 5, b 3"));
        assert_eq!(elsewhere.control.and_then(|row| row.value()), Some(3.0));
        let answer = question.beside(["b"]).answer(&outcome).expect("it is measured");
        assert_eq!(answer.conclusion, Conclusion::NotMeasured);
        assert_eq!(Question::new("?", "z", "m", Better::Lower).answer(&outcome), None);
    }
}
