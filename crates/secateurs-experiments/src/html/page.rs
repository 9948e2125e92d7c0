//! The page's markup.

use std::error::Error;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Section;
use crate::claims::find;
use crate::outcome::{Outcome, OutcomeError, Row};
use crate::table::{Table, pivots_along};

/// The axis of the tables of a claim that there is no more.
const USUAL_AXES: &[&str] = &["sparsity"];

const STYLE: &str = include_str!("page.css");

pub(super) fn render(sections: &[Section]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "secateurs: reproduced claims" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Reproduced claims" }
                p.lead { "Each claim beside the paper's numbers and its trivial controls, as measured by secateurs." }
                @if sections.is_empty() { p { "No claim has been run yet." } }
                nav { @for section in sections { a href={ "#" (anchor(section)) } { (name(section)) } } }
                @for section in sections { (draw_section(section)) }
            }
        }
    }
    .into_string()
}

fn draw_section(section: &Section) -> Markup {
    html! {
        section id=(anchor(section)) {
            @match &section.outcome {
                Ok(outcome) => (draw_outcome(outcome, &section.plots)),
                Err(error) => { h2 { (name(section)) } p.problem { (causes(error)) } },
            }
        }
    }
}

fn draw_outcome(outcome: &Outcome, plots: &[String]) -> Markup {
    let axes = find(&outcome.claim).map_or(USUAL_AXES, |claim| claim.axes);
    let has_axis = |row: &Row| axes.iter().any(|axis| row.text(axis).is_some());
    html! {
        h2 { (outcome.claim) " " span.tier { (outcome.tier) } }
        @if !outcome.title.is_empty() { p { (outcome.title) } }
        @if !outcome.reference.is_empty() { p.reference { (outcome.reference) } }
        (draw_facts(outcome))
        @if !outcome.notes.is_empty() { ul { @for note in &outcome.notes { li { (note) } } } }
        @for plot in plots { figure { (PreEscaped(plot)) } }
        @if outcome.rows.iter().any(has_axis) {
            @for table in pivots_along(outcome, axes) { h3 { (table.title) } (draw_table(&table)) }
        }
        details open[outcome.rows.len() <= 12] {
            summary { "Every number: paper, ours, controls" }
            (draw_table(&Table::comparison(outcome)))
        }
    }
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
        div.wide { table {
            thead { tr { @for (index, cell) in table.header.iter().enumerate() { th.text[is_text(index)] { (cell) } } } }
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

fn causes(error: &OutcomeError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// `claim tier`, from the folder, because a damaged outcome has no other name.
fn name(section: &Section) -> String {
    let parts: Vec<_> = section
        .folder
        .iter()
        .rev()
        .take(2)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(" ")
}

fn anchor(section: &Section) -> String {
    name(section).replace(' ', "-")
}
