//! The chart that shows the point of an answer: the method beside everything else that was measured in its case.

use secateurs_chart::{Bar, BarPlot, Role, Scale};

use super::table::applies_to;
use super::words::{capitalise, tell_better};
use crate::outcome::{Answer, Better, Outcome, Row};

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
    let mut plot = BarPlot::new(&title, &format!("{} ({better})", answer.measure)).scale(choose_scale(&rows));
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
    if let Some((control, value)) = answer.control.as_ref().and_then(|row| Some((row, row.value()?))) {
        plot = plot.reference(&format!("best control, {}", control.method()), value);
    }
    Some(plot.to_svg())
}

/// Rows of the metric in the case of ours, which may lack keys, as the dense model lacks a sparsity.
fn rows_beside<'a>(outcome: &'a Outcome, answer: &'a Answer, ours: &'a Row) -> Vec<&'a Row> {
    let beside = outcome.rows.iter().filter(|row| applies_to(row, ours));
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

fn choose_scale(rows: &[&Row]) -> Scale {
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value()).collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(0.0, f64::max);
    if least > 0.0 && greatest > WIDE * least {
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
        for expected in [
            "Perplexity at 90 % zeros: elsa 56.5, magnitude 980",
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
