//! One self-contained page over all claims that were run.

use std::path::{Path, PathBuf};

use maud::{DOCTYPE, PreEscaped, html};

use super::claim::draw_claim;
use super::section::{Section, read_sections};
use super::verdicts::draw_verdicts;
use crate::outcome::{Conclusion, OutcomeError};

const STYLE: &str = include_str!("page.css");

/// Keys along which the tables of a claim are laid out, by its name.
pub type AxesOf = fn(&str) -> &'static [&'static str];

/// Writes `report.html` over every `<claim>/<tier>` below `root` that was run and returns its path.
///
/// A run that failed and an outcome that cannot be read are shown as such; they do not hide the others.
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
                p.lead { (summarise(sections)) }
                @if !sections.is_empty() { (draw_verdicts(sections)) }
                @if has_spread(sections) {
                    p.note {
                        "A claim holds if its number is better than that of the best control by more than two standard errors of the "
                        "difference. " b { "sd" } ": standard deviation; " b { "se" } ": standard error of a mean."
                    }
                }
                main { @for section in sections { (draw_claim(section, axes_of(&section.claim()))) } }
            }
        }
    }
    .into_string()
}

/// The number of runs, and of those whose claims hold.
fn summarise(sections: &[Section]) -> String {
    let conclusions = || sections.iter().filter_map(|section| section.outcome()?.conclusion());
    let holds = |conclusion: &Conclusion| matches!(conclusion, Conclusion::Holds | Conclusion::HoldsOnce);
    match sections.len() {
        0 => "No claim has been run yet.".to_owned(),
        runs => format!(
            "Each claim of a paper beside its number and the best trivial control, as measured here. Of {runs} runs, {} answered all \
             their questions with yes.",
            conclusions().filter(holds).count()
        ),
    }
}

fn has_spread(sections: &[Section]) -> bool {
    let mut outcomes = sections.iter().filter_map(Section::outcome);
    outcomes.any(|outcome| outcome.rows.iter().any(|row| row.spread().is_some()))
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
