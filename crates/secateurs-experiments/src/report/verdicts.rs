//! The table of all claims: question, paper, ours, best control, verdict.

use maud::{Markup, html};

use super::section::Section;
use super::words::tell_better;
use crate::outcome::{Answer, Conclusion, Outcome, Row, format_row_value};

/// Content of a cell where nothing is known.
const NOTHING: &str = "–";

/// Words of an outcome that has no answers.
const OLDER: &str = "No answer: made by an older version. Run it again.";

/// The reason why an outcome has no answers.
pub(super) fn tell_no_answer(outcome: &Outcome) -> String {
    match outcome.only.as_slice() {
        [] => OLDER.to_owned(),
        names => format!("No answer: a run of cells named {} only.", names.join(", ")),
    }
}

/// One line for each question of each claim.
pub(super) fn draw_verdicts(sections: &[Section]) -> Markup {
    html! {
        table.verdicts {
            thead { tr { @for name in ["claim", "question", "paper", "ours", "best control", "verdict"] { th scope="col" { (name) } } } }
            tbody { @for section in sections { (draw_claim(section)) } }
        }
    }
}

fn draw_claim(section: &Section) -> Markup {
    let answers = section.outcome().map_or(&[][..], |outcome| &outcome.answers);
    html! {
        @if let Some(failure) = &section.failure {
            tr { (draw_name(section)) (draw_reason(&failure.sentence())) (cell("verdict", &draw_badge(None))) }
        }
        @match &section.outcome {
            Some(Err(error)) => {
                tr { (draw_name(section)) (draw_reason(&error.to_string())) (cell("verdict", &draw_badge(None))) }
            }
            Some(Ok(outcome)) if answers.is_empty() => {
                tr { (draw_name(section)) (draw_reason(&tell_no_answer(outcome))) (cell("verdict", &draw_facts(outcome))) }
            }
            _ => { @for (number, answer) in answers.iter().enumerate() { (draw_answer(section, answer, number)) } }
        }
    }
}

/// A line for the `number`-th question of a claim; the first decides, further ones stand below it.
fn draw_answer(section: &Section, answer: &Answer, number: usize) -> Markup {
    let paper = answer.paper.as_deref().unwrap_or(NOTHING);
    html! {
        tr.further[number > 0] {
            (draw_name(section))
            (cell("question", &html! { span { (answer.question) } span.of { (answer.measure) ", " (tell_better(answer.better)) } }))
            (cell("paper", &html! { (paper) }))
            (cell("ours", &draw_number(answer.ours.as_ref())))
            (cell("best control", &draw_control(answer)))
            (cell("verdict", &html! {
                (draw_badge(Some(answer.conclusion)))
                @if section.failure.is_some() { span.of { "of an earlier run" } }
                @if let Some(outcome) = section.outcome() { (draw_facts(outcome)) }
            }))
        }
    }
}

fn draw_name(section: &Section) -> Markup {
    html! { th scope="row" { a href={ "#" (section.anchor()) } { (section.claim()) } span.tier { (section.tier()) } } }
}

fn draw_reason(reason: &str) -> Markup {
    html! { td colspan="4" data-label="question" { (reason) } }
}

/// A cell that knows its column, whose name it shows where the table is narrow.
fn cell(column: &str, content: &Markup) -> Markup {
    html! { td data-label=(column) { (content) } }
}

/// The number, its spread and the method that reached it.
fn draw_number(row: Option<&Row>) -> Markup {
    let Some(row) = row else {
        return html! { (NOTHING) };
    };
    let text = format_row_value(row);
    let (value, spread) = text.split_once(" ± ").unwrap_or((&text, ""));
    html! {
        b { (value) }
        @if !spread.is_empty() { span.of { "± " (spread) } }
        span.of { (row.method()) }
    }
}

fn draw_control(answer: &Answer) -> Markup {
    match (&answer.control, &answer.band) {
        // A control plays no part where the number is held against a band.
        (_, Some(band)) => html! { (NOTHING) span.of { "expected: " (band) } },
        (control, None) => draw_number(control.as_ref()),
    }
}

/// The conclusion as a coloured word; without one the claim has none.
pub(super) fn draw_badge(conclusion: Option<Conclusion>) -> Markup {
    let (class, word) = match conclusion {
        Some(conclusion @ (Conclusion::Holds | Conclusion::HoldsOnce)) => ("badge good", conclusion.word()),
        Some(conclusion @ Conclusion::Fails) => ("badge bad", conclusion.word()),
        Some(conclusion) => ("badge open", conclusion.word()),
        None => ("badge bad", "no result"),
    };
    html! { span class=(class) { (word) } }
}

/// Seeds, seconds and date in one short line.
fn draw_facts(outcome: &Outcome) -> Markup {
    let seeds = match outcome.seeds.len() {
        0 => String::new(),
        1 => "1 seed, ".to_owned(),
        seeds => format!("{seeds} seeds, "),
    };
    let day = outcome.environment.date.split('T').next().unwrap_or_default();
    html! { span.of { (seeds) (format!("{:.0} s", outcome.seconds)) @if !day.is_empty() { ", " (day) } } }
}
