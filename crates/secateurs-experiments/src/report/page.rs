//! One self-contained page over all claims that were run.

use std::error::Error;
use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::section::{Section, read_sections};
use super::table::{Table, pivots_along};
use crate::outcome::{Outcome, OutcomeError, Row};

const STYLE: &str = include_str!("page.css");

/// Keys along which the tables of a claim are laid out, by its name.
pub type AxesOf = fn(&str) -> &'static [&'static str];

/// Writes `report.html` over every `<claim>/<tier>/outcome.json` below `root` and returns its path.
///
/// An outcome that cannot be read is shown as such; it does not hide the others.
///
/// # Errors
///
/// `root` cannot be listed or the page cannot be written.
pub fn write_report(root: &Path, axes_of: AxesOf) -> Result<PathBuf, OutcomeError> {
    let page = render(&read_sections(root)?, axes_of);
    let path = root.join("report.html");
    secateurs_data::write_atomic(&path, page.as_bytes())?;
    Ok(path)
}

fn render(sections: &[Section], axes_of: AxesOf) -> String {
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
                p.lead {
                    "Each claim beside the paper's numbers and its trivial controls, as measured by secateurs. Spreads: "
                    b { "sd" } " is a standard deviation, " b { "se" } " the standard error of a mean."
                }
                @if sections.is_empty() { p { "No claim has been run yet." } }
                nav { @for section in sections { a href={ "#" (anchor(section)) } { (name(section)) } } }
                @for section in sections { (draw_section(section, axes_of)) }
            }
        }
    }
    .into_string()
}

fn draw_section(section: &Section, axes_of: AxesOf) -> Markup {
    html! {
        section id=(anchor(section)) {
            @match &section.outcome {
                Ok(outcome) => (draw_outcome(outcome, &section.plots, axes_of(&outcome.claim))),
                Err(error) => { h2 { (name(section)) } p.problem { (causes(error)) } },
            }
        }
    }
}

fn draw_outcome(outcome: &Outcome, plots: &[String], axes: &[&str]) -> Markup {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use secateurs_chart::Scale;

    use super::*;
    use crate::outcome::Tier;
    use crate::report::charts_along;

    fn write_claim(root: &Path, claim: &str, note: &str) {
        let mut outcome = Outcome::new(claim, Tier::Quick, "flex");
        let row = |sparsity: f64| Row::new("wanda", "perplexity", 1.0 + sparsity).case("sparsity", sparsity);
        outcome.rows = vec![row(0.5), row(0.7)];
        outcome.notes.push(note.to_owned());
        outcome.write(root).unwrap();
        for chart in charts_along(&outcome, "sparsity", Scale::Linear) {
            outcome.write_plot(root, &chart.entry.name, &chart.svg).unwrap();
        }
    }

    fn report(root: &Path) -> String {
        fs::read_to_string(write_report(root, |_| &["sparsity"]).unwrap()).unwrap()
    }

    #[test]
    fn notes_are_escaped() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "a < b & <script>alert(1)</script>");
        let page = report(root.path());
        assert!(page.contains("a &lt; b &amp; &lt;script&gt;alert(1)"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_page_holds_every_claim_with_its_plot_and_refers_to_nothing_outside() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "n");
        write_claim(root.path(), "sparse", "n");
        let page = report(root.path());
        assert_eq!(page.matches("role=\"img\"").count(), 2);
        assert!(page.contains("id=\"layerwise-quick\"") && page.contains("id=\"sparse-quick\""));
        for outside in ["src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_damaged_outcome_is_shown_beside_the_others() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "n");
        fs::create_dir_all(root.path().join("broken/quick")).unwrap();
        fs::write(root.path().join("broken/quick/outcome.json"), "{}").unwrap();
        let page = report(root.path());
        assert!(page.contains("is not an outcome") && page.contains("id=\"layerwise-quick\""));
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(write_report(Path::new("no-such-folder"), |_| &[]).is_err());
    }
}
