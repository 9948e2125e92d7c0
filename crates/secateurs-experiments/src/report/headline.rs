//! The chart that shows the point of an answer: the method beside everything else that was measured in its case.

use secateurs_chart::{Bar, BarPlot, Role, Scale};

use super::table::applies_to;
use super::words::{capitalise, tell_better};
use crate::outcome::{Answer, Better, Outcome, Row, Spread};

/// Numbers that span more than this ratio need a logarithmic axis.
const WIDE: f64 = 20.0;
/// Lines that can be read at once; of more the best are shown.
const MOST_LINES: usize = 14;

/// Draws the rows of an answer's metric and case, the best first; `None` if the method was not measured.
pub(super) fn draw_answer(outcome: &Outcome, answer: &Answer) -> Option<String> {
    let ours = answer.ours.as_ref()?;
    let mut rows = rows_beside(outcome, answer, ours);
    sort_best_first(&mut rows, answer.better);
    keep_best(&mut rows, answer);
    let better = tell_better(answer.better);
    let title = answer.numbers().unwrap_or_else(|| capitalise(&answer.measure));
    let mut plot =
        BarPlot::new(&title, &format!("{} ({better})", answer.measure)).scale(choose_scale(&rows, answer.better));
    for row in &rows {
        let role = if is_same(row, ours) {
            Role::Measured
        } else {
            Role::Control
        };
        plot = plot.bar(draw_row(row, role));
    }
    let spreads = rows.iter().find_map(|row| row.spread());
    plot = plot.spreads(spreads.map_or("", |spread| spread.name()));
    let control = answer.control.as_ref().filter(|_| answer.band.is_none());
    if let Some((control, value)) = control.and_then(|row| Some((row, row.value()?))) {
        plot = plot.reference(&format!("best control, {}", control.method()), value);
    }
    Some(plot.to_svg())
}

/// Rows of the metric in the case of ours, which may lack keys, as the dense model lacks a sparsity; and controls in the case of
/// the best one, which may be another.
fn rows_beside<'a>(outcome: &'a Outcome, answer: &'a Answer, ours: &'a Row) -> Vec<&'a Row> {
    let is_control_beside = |row: &Row| {
        let mut best = answer.control.iter();
        row.is_control() && best.any(|control| applies_to(row, control))
    };
    let rows = outcome.rows.iter();
    let beside = rows.filter(|row| applies_to(row, ours) || is_control_beside(row));
    let mut rows: Vec<&Row> = beside.collect();
    for row in std::iter::once(ours).chain(&answer.control) {
        if !rows.iter().any(|known| is_same(known, row)) {
            rows.push(row);
        }
    }
    rows
}

fn is_same(row: &Row, other: &Row) -> bool {
    row.method() == other.method() && row.same_case(other)
}

fn sort_best_first(rows: &mut [&Row], better: Better) {
    let cost = |row: &Row| match (row.value(), better) {
        (None, _) => f64::INFINITY,
        (Some(value), Better::Lower) => value,
        (Some(value), Better::Higher) => -value,
    };
    rows.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
}

/// Leaves out the worst of too many rows, but keeps the rows that decide.
fn keep_best(rows: &mut Vec<&Row>, answer: &Answer) {
    let decides = |row: &Row| {
        answer
            .ours
            .iter()
            .chain(&answer.control)
            .any(|other| is_same(row, other))
    };
    while rows.len() > MOST_LINES {
        match rows.iter().rposition(|row| !decides(row)) {
            Some(worst) => rows.remove(worst),
            None => break,
        };
    }
}

/// The logarithmic axis for errors that span decades. Intervals must lie above 0, and a metric that is better where it is higher,
/// such as a correlation, has no decades.
fn choose_scale(rows: &[&Row], better: Better) -> Scale {
    let numbers = || rows.iter().filter_map(|row| Some((row.value()?, row.spread())));
    let lower_end = |(value, spread): (f64, Option<Spread>)| value - spread.map_or(0.0, Spread::size);
    let lowest = numbers().map(lower_end).fold(f64::INFINITY, f64::min);
    let values = || numbers().map(|(value, _)| value);
    let least = values().fold(f64::INFINITY, f64::min);
    let greatest = values().fold(0.0, f64::max);
    if better == Better::Lower && lowest > 0.0 && greatest > WIDE * least {
        Scale::Log
    } else {
        Scale::Linear
    }
}

fn draw_row(row: &Row, role: Role) -> Bar {
    let bar = Bar::new(row.method(), role, 0, row.value().unwrap_or(f64::INFINITY));
    match row.spread() {
        Some(spread) => bar.spread(spread.size()),
        None => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Question, Tier};

    fn outcome() -> Outcome {
        let mut outcome = Outcome::new("elsa", Tier::Quick, "flex");
        let row = |method: &str, value: f64| Row::new(method, "perplexity", value).case("sparsity", 0.9);
        outcome.rows = vec![
            row("magnitude", 980.0).control(),
            row("elsa", 56.5).deviation(0.5),
            row("random", f64::INFINITY).control(),
            Row::new("dense", "perplexity", 49.0).control(),
            Row::new("elsa", "perplexity", 44.0).case("sparsity", 0.5),
        ];
        outcome.seeds = vec![0, 1];
        outcome
    }

    fn answer(outcome: &Outcome) -> Answer {
        let question = Question::new("Does it?", "elsa", "perplexity", Better::Lower)
            .at("sparsity", 0.9)
            .beside(["magnitude", "random"])
            .measured_as("perplexity at 90 % zeros");
        question.answer(outcome).expect("it is measured")
    }

    #[test]
    fn the_method_stands_beside_all_of_its_case_the_best_first() {
        let outcome = outcome();
        let svg = draw_answer(&outcome, &answer(&outcome)).expect("it is measured");
        let document = roxmltree::Document::parse(&svg).expect("the SVG is well-formed");
        let texts: Vec<&str> = document
            .descendants()
            .filter(|node| node.tag_name().name() == "text")
            .filter_map(|node| node.text())
            .collect();
        let bars: Vec<&&str> = texts
            .iter()
            .filter(|text| ["dense", "elsa", "magnitude", "random"].contains(text))
            .collect();
        assert_eq!(bars, [&"dense", &"elsa", &"magnitude", &"random"]);
        assert!(svg.contains("Perplexity at 90 % zeros: 56.5 with elsa against 980 with magnitude"));
        for expected in [
            "perplexity at 90 % zeros (lower is better)",
            "56.50 ± 0.50",
            "∞",
            "best control, magnitude 980",
            "intervals: standard deviation",
        ] {
            assert!(texts.contains(&expected), "{expected}: {texts:?}");
        }
    }

    #[test]
    fn intervals_that_reach_zero_and_correlations_have_a_linear_axis() {
        let scale = |least: Row, better| {
            let rows = [least, Row::new("b", "m", 1.0)];
            choose_scale(&rows.iter().collect::<Vec<_>>(), better)
        };
        let row = |value: f64| Row::new("a", "m", value);
        assert_eq!(scale(row(0.03), Better::Lower), Scale::Log);
        assert_eq!(scale(row(0.03).deviation(0.05), Better::Lower), Scale::Linear);
        assert_eq!(scale(row(0.03), Better::Higher), Scale::Linear);
        assert_eq!(scale(row(0.5), Better::Lower), Scale::Linear);
    }

    #[test]
    fn controls_of_another_case_stand_beside_the_best_of_them() {
        let mut outcome = Outcome::new("causalkan", Tier::Quick, "flex");
        let row = |method: &str, value: f64, stage: &str| Row::new(method, "pehe", value).case("stage", stage);
        outcome.rows = vec![
            row("kaam", 0.09, "formula"),
            row("kaam", 0.10, "full"),
            row("linear", 0.5, "full").control(),
            row("mean", 1.5, "full").control(),
        ];
        let question = Question::new("Does it?", "kaam", "pehe", Better::Lower).at("stage", "formula");
        let mut answer = question.answer(&outcome).expect("it is measured");
        answer.control = Some(outcome.rows[2].clone());
        let beside = rows_beside(&outcome, &answer, &outcome.rows[0]);
        let values: Vec<Option<f64>> = beside.iter().map(|row| row.value()).collect();
        assert_eq!(values, [Some(0.09), Some(0.5), Some(1.5)]);
    }

    #[test]
    fn what_decides_is_kept_among_too_many() {
        let mut outcome = outcome();
        for number in 0..30 {
            let row = Row::new(&format!("other {number}"), "perplexity", 1.0 + f64::from(number));
            outcome.rows.push(row.case("sparsity", 0.9));
        }
        let svg = draw_answer(&outcome, &answer(&outcome)).expect("it is measured");
        assert!(svg.contains(">magnitude<") && svg.contains(">elsa<"));
        assert_eq!(svg.matches("class=\"bar\"").count(), MOST_LINES);
    }

    #[test]
    fn an_answer_without_a_number_has_no_chart() {
        let mut outcome = outcome();
        outcome.rows.retain(|row| row.method() != "elsa");
        assert_eq!(draw_answer(&outcome, &answer(&outcome)), None);
    }
}
