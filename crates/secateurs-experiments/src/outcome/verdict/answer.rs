//! The answer to a question, and its words.

use secateurs_chart::format_number;
use serde::{Deserialize, Serialize};

use super::band::Band;
use crate::outcome::{Row, format_row_value};

/// The direction in which a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Lower is better, as for errors, perplexities and sizes.
    Lower,
    /// Higher is better, as for accuracies and speeds.
    Higher,
}

/// The answer to a question, as the rows give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question in words.
    pub question: String,
    /// The method that the question is about.
    #[serde(default)]
    pub method: String,
    /// The metric and the case in words, with the unit.
    pub measure: String,
    /// The direction in which the metric improves.
    pub better: Better,
    /// The numbers that are expected, where the question is not a comparison with controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// The paper's result in words, for this case or the nearest to it.
    pub paper: Option<String>,
    /// The method's row; absent if it was not measured.
    pub ours: Option<Row>,
    /// The row of the best control; absent if none was measured.
    pub control: Option<Row>,
    /// Seeds of the outcome.
    #[serde(default)]
    pub n_seeds: usize,
    /// The decision.
    pub conclusion: Conclusion,
}

/// The decision on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// The number is better than the best control's, or within its band, by more than two standard errors.
    Holds,
    /// The number holds in a single measurement, whose spread is not known.
    HoldsOnce,
    /// The difference is within two standard errors.
    Undecided,
    /// The number is not better than the best control's, or it is outside of its band.
    Fails,
    /// The method or its controls were not measured.
    NotMeasured,
}

impl Conclusion {
    /// The decision in a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HoldsOnce => "holds (once)",
            Self::Undecided => "undecided",
            Self::Fails => "fails",
            Self::NotMeasured => "not measured",
        }
    }
}

impl Answer {
    /// The verdict in one sentence with the numbers that decide it.
    ///
    /// `holds: 61.2 against 88 of magnitude (perplexity at 70 % zeros, 3 seeds)`.
    pub fn sentence(&self) -> String {
        let (decided, measure) = (self.decision(), &self.measure);
        match self.describe_samples() {
            Some(samples) => format!("{decided} ({measure}, {samples})"),
            None => format!("{decided} ({measure})"),
        }
    }

    /// The verdict without the measure, for one line of a terminal.
    ///
    /// `holds: 61.2 against 88 of magnitude (3 seeds)`.
    pub fn short_sentence(&self) -> String {
        let decided = self.decision();
        match self.describe_samples() {
            Some(samples) => format!("{decided} ({samples})"),
            None => decided,
        }
    }

    fn decision(&self) -> String {
        let Some(ours) = &self.ours else {
            return format!("not measured: {}", self.method);
        };
        match (self.band, &self.control) {
            (Some(band), _) => self.describe_within(ours, band),
            (None, Some(control)) => self.describe_beside(ours, control),
            (None, None) => format!(
                "not measured: a control beside the {} of {}",
                format_value(ours),
                self.method
            ),
        }
    }

    /// The measure with the numbers, without a verdict, such as for the title of a chart; `None` if one is not known.
    ///
    /// `Perplexity at 70 % zeros: 52.70 with alps against 77.20 with magnitude`.
    pub fn numbers(&self) -> Option<String> {
        let number = |row: &Row| Some(format!("{} with {}", format_number(row.value()?), row.method()));
        let ours = number(self.ours.as_ref()?)?;
        let other = match self.band {
            Some(band) => format!(", expected {band}"),
            None => format!(" against {}", number(self.control.as_ref()?)?),
        };
        let mut letters = self.measure.chars();
        let first = letters.next()?.to_uppercase();
        Some(format!("{first}{}: {ours}{other}", letters.as_str()))
    }

    fn describe_beside(&self, ours: &Row, control: &Row) -> String {
        let name = control.method();
        let (value, other) = (format_value(ours), format_value(control));
        match self.conclusion {
            Conclusion::Undecided => format!(
                "undecided: {} and {} of {name} differ by less than two standard errors",
                format_row_value(ours),
                format_row_value(control)
            ),
            Conclusion::Fails => format!("fails: {value} is no better than {other} of {name}"),
            _ => format!("holds: {value} against {other} of {name}"),
        }
    }

    fn describe_within(&self, ours: &Row, band: Band) -> String {
        match self.conclusion {
            Conclusion::Undecided => format!(
                "undecided: {} is within two standard errors of the bound, {band}",
                format_row_value(ours)
            ),
            Conclusion::Fails => format!("fails: {}, expected {band}", format_value(ours)),
            _ => format!("holds: {}, expected {band}", format_value(ours)),
        }
    }

    /// The number of measurements behind the number; `None` if it is not known.
    fn describe_samples(&self) -> Option<String> {
        let ours = self.ours.as_ref()?;
        if self.conclusion == Conclusion::NotMeasured {
            return None;
        }
        let has_spread = |row: &Row| row.spread().is_some();
        let control = self.control.as_ref().filter(|_| self.band.is_none());
        if !has_spread(ours) && !control.is_some_and(has_spread) {
            return Some("measured once".to_owned());
        }
        let samples = match ours.samples().unwrap_or(self.n_seeds) {
            0 | 1 => return None,
            samples if samples == self.n_seeds => format!("{samples} seeds"),
            samples => format!("mean of {samples}"),
        };
        Some(match control {
            Some(control) if !has_spread(control) => samples + ", the control once",
            _ => samples,
        })
    }
}

/// The number of a row without its spread.
fn format_value(row: &Row) -> String {
    row.value().map_or_else(|| "not finite".to_owned(), format_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(conclusion: Conclusion, ours: Option<Row>, control: Option<Row>) -> Answer {
        Answer {
            question: "Does it?".into(),
            method: "elsa".into(),
            measure: "perplexity".into(),
            better: Better::Lower,
            band: None,
            paper: None,
            ours,
            control,
            n_seeds: 3,
            conclusion,
        }
    }

    fn row(method: &str, value: f64) -> Row {
        Row::new(method, "perplexity", value)
    }

    #[test]
    fn every_conclusion_is_told_plainly_with_its_numbers() {
        let seeds = |method: &str, mean: f64| {
            Some(Row::mean_with_deviation(
                method,
                "perplexity",
                &[mean - 1.0, mean, mean + 1.0],
            ))
        };
        let sentence = |conclusion, ours| answer(conclusion, ours, seeds("wanda", 88.0)).sentence();
        assert_eq!(
            sentence(Conclusion::Holds, seeds("elsa", 61.25)),
            "holds: 61.25 against 88 of wanda (perplexity, 3 seeds)"
        );
        assert_eq!(
            sentence(Conclusion::Fails, seeds("elsa", 98.0)),
            "fails: 98 is no better than 88 of wanda (perplexity, 3 seeds)"
        );
        assert_eq!(
            sentence(Conclusion::Undecided, seeds("elsa", 87.0)),
            "undecided: 87 ± 1 sd and 88 ± 1 sd of wanda differ by less than two standard errors (perplexity, 3 seeds)"
        );
        let once = answer(Conclusion::Holds, seeds("elsa", 61.25), Some(row("wanda", 88.0)));
        assert_eq!(
            once.sentence(),
            "holds: 61.25 against 88 of wanda (perplexity, 3 seeds, the control once)"
        );
        assert_eq!(
            sentence(Conclusion::Fails, Some(row("elsa", f64::INFINITY))),
            "fails: not finite is no better than 88 of wanda (perplexity, 3 seeds)"
        );
        assert_eq!(
            sentence(Conclusion::NotMeasured, None),
            "not measured: elsa (perplexity)"
        );
    }

    #[test]
    fn a_single_measurement_says_so() {
        let once = answer(
            Conclusion::HoldsOnce,
            Some(row("elsa", 61.25)),
            Some(row("wanda", 88.0)),
        );
        assert_eq!(
            once.sentence(),
            "holds: 61.25 against 88 of wanda (perplexity, measured once)"
        );
        assert_eq!(
            once.numbers().as_deref(),
            Some("Perplexity: 61.25 with elsa against 88 with wanda")
        );
        assert_eq!(
            once.short_sentence(),
            "holds: 61.25 against 88 of wanda (measured once)"
        );
        let alone = answer(Conclusion::NotMeasured, Some(row("elsa", 61.25)), None);
        assert_eq!(
            alone.sentence(),
            "not measured: a control beside the 61.25 of elsa (perplexity)"
        );
    }

    #[test]
    fn a_band_is_named() {
        let ours = Row::mean_with_error("student", "success_rate", &[1.0; 20]);
        let mut answer = answer(Conclusion::Holds, Some(ours), None);
        answer.band = Some(Band {
            at_least: Some(1.0),
            at_most: None,
        });
        answer.measure = "success rate".into();
        assert_eq!(
            answer.sentence(),
            "holds: 1, expected at least 1 (success rate, mean of 20)"
        );
        // A control that was measured too plays no part.
        answer.control = Some(row("random", 0.0));
        assert_eq!(
            answer.numbers().as_deref(),
            Some("Success rate: 1 with student, expected at least 1")
        );
        assert!(answer.sentence().ends_with("(success rate, mean of 20)"));
        answer.conclusion = Conclusion::Undecided;
        assert_eq!(
            answer.sentence(),
            "undecided: 1 ± 0 se is within two standard errors of the bound, at least 1 (success rate, mean of 20)"
        );
    }

    #[test]
    fn answers_of_the_first_version_are_read() {
        let old = r#"{"question":"?","measure":"m","better":"lower","paper":null,"ours":null,"control":null,"conclusion":"not-measured"}"#;
        let answer: Answer = serde_json::from_str(old).unwrap();
        assert_eq!((answer.n_seeds, answer.band), (0, None));
    }
}
