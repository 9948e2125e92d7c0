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
/// `names` are the claims in the order in which they are shown. A run that failed and an outcome that cannot be read are shown as such; they do not hide the others.
///
/// # Errors
///
/// `root` cannot be listed or the page cannot be written.
pub fn write_report(root: &Path, names: &[&str], axes_of: AxesOf) -> Result<PathBuf, OutcomeError> {
    let mut sections = read_sections(root)?;
    let place = |section: &Section| {
        let claim = section.claim();
        names.iter().position(|name| *name == claim).unwrap_or(names.len())
    };
    // Stable, so that claims that are no longer known stay in the order of their names.
    sections.sort_by_key(|section| (place(section), section.tier_rank()));
    let page = render(&sections, axes_of);
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

/// The number of claims with each conclusion in each tier; a claim's conclusion is the one on its first question.
fn summarise(sections: &[Section]) -> String {
    if sections.is_empty() {
        return "No claim has been run yet.".to_owned();
    }
    let mut tiers: Vec<String> = Vec::new();
    for tier in sections.iter().map(Section::tier) {
        if !tiers.contains(&tier) {
            tiers.push(tier);
        }
    }
    let counts = tiers.iter().map(|tier| {
        let of_tier: Vec<&Section> = sections.iter().filter(|section| section.tier() == *tier).collect();
        format!("{tier} tier: {}", count_conclusions(&of_tier))
    });
    let counts: Vec<String> = counts.collect();
    format!(
        "Claims of papers, each beside the paper's number and the best control, as measured here. By their first questions, {}.",
        counts.join("; ")
    )
}

fn count_conclusions(sections: &[&Section]) -> String {
    let count = |chosen: &[Option<Conclusion>]| {
        let conclusions = sections.iter().map(|section| section.outcome()?.conclusion());
        conclusions.filter(|conclusion| chosen.contains(conclusion)).count()
    };
    let counts = [
        (count(&[Some(Conclusion::Holds), Some(Conclusion::HoldsOnce)]), "hold"),
        (count(&[Some(Conclusion::Undecided)]), "undecided"),
        (count(&[Some(Conclusion::Fails)]), "fail"),
        (count(&[Some(Conclusion::NotMeasured)]), "not measured"),
        (count(&[None]), "without a verdict"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, words)| format!("{count} {words}")).collect();
    told.join(", ")
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
    use crate::outcome::{Better, Failure, FailureKind, Outcome, Question, Row, Tier};
    use crate::report::charts_along;

    fn outcome(claim: &str) -> Outcome {
        let mut outcome = Outcome::new(claim, Tier::Quick, "flex");
        let row =
            |method: &str, sparsity: f64, value: f64| Row::new(method, "perplexity", value).case("sparsity", sparsity);
        outcome.rows = vec![
            row("wanda", 0.5, 21.0),
            row("wanda", 0.7, 45.0),
            row("random", 0.5, 900.0).control(),
            row("random", 0.7, 4000.0).control(),
        ];
        let question = Question::new("Does Wanda beat chance?", "wanda", "perplexity", Better::Lower);
        let question = question
            .at("sparsity", 0.7)
            .beside(["random"])
            .paper("7.3 (Llama-2-7B)");
        outcome.answers.extend(question.answer(&outcome));
        outcome
    }

    fn write(root: &Path, outcome: &mut Outcome) {
        for chart in charts_along(outcome, "sparsity", Scale::Linear) {
            outcome.write_plot(root, &chart.entry.name, &chart.svg).unwrap();
            outcome.charts.push(chart.entry);
        }
        outcome.write(root).unwrap();
    }

    fn report(root: &Path) -> String {
        fs::read_to_string(write_report(root, &[], |_| &["sparsity"]).unwrap()).unwrap()
    }

    #[test]
    fn the_page_starts_with_the_verdicts() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &mut outcome("layerwise"));
        let page = report(root.path());
        let table = page.find("class=\"verdicts\"").expect("there is a table");
        assert!(table < page.find("<figure").unwrap() && table < page.find("<section").unwrap());
        for cell in [
            "Does Wanda beat chance?",
            "7.3 (Llama-2-7B)",
            "<b>45</b>",
            "<b>4000</b>",
            ">holds (once)<",
        ] {
            assert!(page[table..page.find("</table>").unwrap()].contains(cell), "{cell}");
        }
        assert!(page.contains("By their first questions, quick tier: 1 hold."));
    }

    #[test]
    fn all_but_the_verdict_and_one_chart_is_folded() {
        let root = tempfile::tempdir().unwrap();
        let mut outcome = outcome("layerwise");
        outcome.notes = vec![
            "the note that matters".into(),
            "a < b & <script>alert(1)</script>".into(),
        ];
        write(root.path(), &mut outcome);
        let page = report(root.path());
        let section = &page[page.find("<section").unwrap()..];
        let open = &section[..section.find("<details").unwrap()];
        assert_eq!(open.matches("<figure").count(), 1);
        assert!(open.contains("the note that matters") && open.contains("45") && !open.contains("<table"));
        // The chart that the claim drew itself is folded beside the one that answers the question.
        assert_eq!(page.matches("role=\"img\"").count(), 2);
        assert!(page.contains("a &lt; b &amp; &lt;script&gt;alert(1)") && !page.contains("<script"));
    }

    #[test]
    fn the_page_refers_to_nothing_outside() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &mut outcome("layerwise"));
        write(root.path(), &mut outcome("sparse"));
        let page = report(root.path());
        assert!(page.contains("id=\"layerwise-quick\"") && page.contains("id=\"sparse-quick\""));
        for outside in ["src=", "@import", "url(", "<link", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_run_that_failed_has_its_place_with_the_reason() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &mut outcome("layerwise"));
        let failure = Failure {
            claim: "elsa".into(),
            tier: Tier::Quick,
            device: "flex".into(),
            commit: "0123abc".into(),
            date: "2026-11-29T23:15:54Z".into(),
            kind: FailureKind::Interrupted,
            reason: String::new(),
            n_done: 3,
            n_cells: Some(12),
            remedy: "cargo xtask reproduce elsa --resume goes on".into(),
        };
        failure.write(root.path()).unwrap();
        let page = report(root.path());
        for part in [
            "interrupted after 3 of 12 cells",
            "--resume goes on",
            "id=\"elsa-quick\"",
            "id=\"layerwise-quick\"",
        ] {
            assert!(page.contains(part), "{part}");
        }
        // A failure does not hide the numbers of the run before it.
        Failure {
            claim: "layerwise".into(),
            ..failure
        }
        .write(root.path())
        .unwrap();
        let page = report(root.path());
        assert!(page.contains("<b>45</b>") && page.matches("interrupted after 3 of 12 cells").count() == 4);
    }

    #[test]
    fn outcomes_of_older_versions_are_shown_as_far_as_they_can_be() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &mut outcome("layerwise"));
        let folder = root.path().join("sparse/quick");
        fs::create_dir_all(&folder).unwrap();
        let row = r#"{"method":"packed","metric":"file_mib","value":2.5,"spread":0.5,"control":false,"sparsity":0.9}"#;
        let old = format!(r#"{{"claim":"sparse","tier":"quick","rows":[{row}]}}"#);
        fs::write(folder.join("outcome.json"), old).unwrap();
        fs::write(folder.join("old.svg"), "<svg><text>an old chart</text></svg>").unwrap();
        let page = report(root.path());
        for part in [
            "No answer: made by an older version",
            "an old chart",
            "packed",
            "id=\"layerwise-quick\"",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_damaged_outcome_is_shown_beside_the_others() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &mut outcome("layerwise"));
        fs::create_dir_all(root.path().join("broken/quick")).unwrap();
        fs::write(root.path().join("broken/quick/outcome.json"), "{}").unwrap();
        let page = report(root.path());
        assert!(page.contains("id=\"broken-quick\"") && page.contains("id=\"layerwise-quick\""));
        assert!(page.contains("outcome.json") && page.contains("no result"));
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(write_report(Path::new("no-such-folder"), &[], |_| &[]).is_err());
    }
}
