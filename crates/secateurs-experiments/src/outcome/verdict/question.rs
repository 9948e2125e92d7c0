//! The question of a claim.

use super::answer::{Answer, Better, Conclusion};
use super::band::Band;
use super::decide::{cost_of, decide_beside, decide_within};
use crate::outcome::{Outcome, Row};

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
/// assert_eq!(answer.conclusion, Conclusion::Holds);
/// assert_eq!(answer.sentence(), "holds: 50 against 60 of magnitude (perplexity at 50 % zeros, 3 seeds)");
/// ```
#[derive(Debug, Clone)]
pub struct Question {
    text: &'static str,
    method: &'static str,
    better: Better,
    case: Row,
    /// The case of the method, where it differs from the controls'.
    own_case: Row,
    controls: Vec<&'static str>,
    band: Option<Band>,
    measure: String,
    paper: Option<String>,
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
            band: None,
            measure: metric.replace('_', " "),
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

    /// Names the methods that the method is compared with; the best measured one counts.
    pub fn beside(mut self, controls: impl IntoIterator<Item = &'static str>) -> Self {
        self.controls = controls.into_iter().collect();
        self
    }

    /// Asks whether the number is at least this one, in place of a comparison; controls are then only shown.
    pub fn at_least(mut self, bound: f64) -> Self {
        self.band.get_or_insert_default().at_least = Some(bound);
        self
    }

    /// Asks whether the number is at most this one, in place of a comparison; controls are then only shown.
    pub fn at_most(mut self, bound: f64) -> Self {
        self.band.get_or_insert_default().at_most = Some(bound);
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
        let cost = |row: &Row| cost_of(self.better, row);
        let control = controls.min_by(|a, b| cost(a).total_cmp(&cost(b)));
        if ours.is_none() && control.is_none() {
            return None;
        }
        let n_seeds = outcome.seeds.len();
        let conclusion = match (ours, self.band, control) {
            (Some(ours), Some(band), _) => decide_within(band, ours, n_seeds),
            (Some(ours), None, Some(control)) => decide_beside(self.better, ours, control, n_seeds),
            _ => Conclusion::NotMeasured,
        };
        Some(Answer {
            question: self.text.to_owned(),
            method: self.method.to_owned(),
            measure: self.measure.clone(),
            better: self.better,
            band: self.band,
            paper: self.paper.clone(),
            ours: ours.cloned(),
            control: control.cloned(),
            n_seeds,
            conclusion,
        })
    }
}

/// Whether a row is about a method in the case that is asked about; a key that the row lacks does not matter.
fn is_asked(row: &Row, method: &str, case: &Row) -> bool {
    let agrees = |key: &str| row.text(key).is_none_or(|value| case.text(key) == Some(value));
    row.method() == method && row.metric() == case.metric() && case.case_keys().all(agrees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    fn row(method: &str, value: f64) -> Row {
        Row::new(method, "m", value)
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
        assert_eq!(elsewhere.ours.and_then(|row| row.value()), Some(5.0));
        assert_eq!(elsewhere.control.and_then(|row| row.value()), Some(3.0));
        // Rows of single cases are left out.
        let answer = question.clone().without("sparsity").beside(["b", "c"]).answer(&outcome);
        let answer = answer.expect("a control is measured");
        assert_eq!(
            (answer.ours, answer.control.and_then(|row| row.value())),
            (None, Some(4.0))
        );
        let answer = question.beside(["b"]).answer(&outcome).expect("it is measured");
        assert_eq!(answer.conclusion, Conclusion::NotMeasured);
        assert_eq!(Question::new("?", "z", "m", Better::Lower).answer(&outcome), None);
    }

    #[test]
    fn a_band_needs_no_control() {
        let mut outcome = Outcome::new("c", Tier::Quick, "flex");
        outcome.rows = vec![row("a", 1.0).deviation(0.0)];
        let question = Question::new("?", "a", "m", Better::Higher).at_least(1.0);
        let answer = question.answer(&outcome).expect("it is measured");
        assert_eq!((answer.conclusion, answer.control), (Conclusion::Holds, None));
    }
}
