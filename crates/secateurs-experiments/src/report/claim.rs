//! The part of the page about one claim: the verdict and one chart, everything else folded.

use maud::{Markup, PreEscaped, html};
use secateurs_terminal::one_line;

use super::section::Section;
use super::table::{Table, pivots_along};
use super::verdicts::{draw_badge, tell_no_answer};
use crate::outcome::{Answer, Outcome, Row};

/// The claim with all that is known of it; `axes` are the keys along which its tables are laid out.
pub(super) fn draw_claim(section: &Section, axes: &[&str]) -> Markup {
    let title = section
        .outcome()
        .map(|outcome| outcome.title.clone())
        .filter(|title| !title.is_empty());
    html! {
        section id=(section.anchor()) {
            h2 { (title.unwrap_or_else(|| section.claim())) }
            p.reference {
                (section.claim()) " " span.tier { (section.tier()) }
                @if let Some(outcome) = section.outcome() { " " (outcome.reference) }
            }
            @if let Some(failure) = &section.failure {
                p.problem { (draw_badge(None)) " The last run " (failure.sentence()) ". " code { (failure.remedy) } }
            }
            @match &section.outcome {
                Some(Ok(outcome)) => (draw_outcome(section, outcome, axes)),
                Some(Err(error)) => p.problem { (draw_badge(None)) " " (one_line(error)) },
                None => {}
            }
        }
    }
}

fn draw_outcome(section: &Section, outcome: &Outcome, axes: &[&str]) -> Markup {
    let charts = section.charts();
    html! {
        @for answer in &outcome.answers { (draw_verdict(answer)) }
        @if !outcome.only.is_empty() && !outcome.answers.is_empty() {
            p.note { "Only cells named " (outcome.only.join(", ")) " were run." }
        }
        @if outcome.answers.is_empty() { p.problem { (tell_no_answer(outcome)) } }
        @if let Some(svg) = &charts.headline { (draw_figure(svg, &tell_caption(outcome))) }
        @if let Some(note) = outcome.notes.first() { p.note { (note) } }
        @if !charts.details.is_empty() {
            details {
                summary { "Other charts (" (charts.details.len()) ")" }
                @for svg in &charts.details { (draw_figure(svg, "")) }
            }
        }
        (draw_tables(outcome, axes))
        details { summary { "Notes, machine and version" } (draw_notes(outcome)) (draw_facts(outcome)) }
    }
}

fn draw_verdict(answer: &Answer) -> Markup {
    let sentence = answer.sentence();
    // The badge says the word with which the sentence starts.
    let reason = sentence
        .split_once(": ")
        .map_or(sentence.as_str(), |(_, reason)| reason);
    html! { p.verdict { (draw_badge(Some(answer.conclusion))) " " (answer.question) " " span.reason { (reason) "." } } }
}

fn draw_figure(svg: &str, caption: &str) -> Markup {
    html! { figure { (PreEscaped(svg)) @if !caption.is_empty() { figcaption { (caption) } } } }
}

/// The extent of the run, and the paper's number, which is of another model than the quick one.
fn tell_caption(outcome: &Outcome) -> String {
    let paper = outcome.answers.first().and_then(|answer| answer.paper.as_deref());
    let paper = paper.map(|paper| format!(" The paper: {paper}.")).unwrap_or_default();
    let seeds = match outcome.seeds.len() {
        0 => String::new(),
        1 => ", one seed".to_owned(),
        seeds => format!(", {seeds} seeds"),
    };
    format!(
        "Measured in the {} tier on {}{seeds}.{paper}",
        outcome.tier, outcome.device
    )
}

fn draw_tables(outcome: &Outcome, axes: &[&str]) -> Markup {
    let has_axis = |row: &Row| axes.iter().any(|axis| row.text(axis).is_some());
    html! {
        @if outcome.rows.iter().any(has_axis) {
            details {
                summary { "Tables" }
                @for table in pivots_along(outcome, axes) { h3 { (table.title) } (draw_table(&table)) }
            }
        }
        details {
            summary { "Every number (" (outcome.rows.len()) "): paper, ours, controls" }
            (draw_table(&Table::comparison(outcome)))
        }
    }
}

fn draw_notes(outcome: &Outcome) -> Markup {
    html! { @if outcome.notes.len() > 1 { ul { @for note in &outcome.notes[1..] { li { (note) } } } } }
}

fn draw_facts(outcome: &Outcome) -> Markup {
    let environment = &outcome.environment;
    let seeds: Vec<String> = outcome.seeds.iter().map(u64::to_string).collect();
    let facts = [
        ("device", outcome.device.clone()),
        ("cpu", environment.cpu.clone()),
        ("threads", environment.threads.to_string()),
        ("system", environment.system.clone()),
        ("commit", outcome.commit.clone()),
        ("date", environment.date.clone()),
        ("seeds", seeds.join(", ")),
        ("duration", format!("{:.0} s", outcome.seconds)),
    ];
    html! {
        dl { @for (term, fact) in facts { @if !fact.is_empty() { div { dt { (term) } dd { (fact) } } } } }
    }
}

fn draw_table(table: &Table) -> Markup {
    let is_text = |index: usize| index == 0 || ["case", "controls"].contains(&table.header[index].as_str());
    html! {
        div.wide tabindex="0" role="region" aria-label=(table.title) { table.numbers {
            thead { tr { @for (index, cell) in table.header.iter().enumerate() { th.text[is_text(index)] scope="col" { (cell) } } } }
            tbody {
                @for line in &table.lines {
                    tr.control[line[0].ends_with("(control)")] {
                        @for (index, cell) in line.iter().enumerate() { td.text[is_text(index)] { (cell) } }
                    }
                }
            }
        } }
    }
}
