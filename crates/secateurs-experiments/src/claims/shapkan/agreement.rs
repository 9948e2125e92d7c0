//! Rows about the agreement of ranks.

use super::case::ShapkanCase;
use super::cell::{Agreement, NetworkCell, Ranked, Variant};
use super::score::{REFERENCE, SCORES, Score};
use super::target::Target;
use crate::outcome::Row;

/// A score, the nodes that it ranks, and the effect of a shift.
#[derive(Clone, Copy)]
struct Comparison {
    variant: Variant,
    ranked: Ranked,
    score: Score,
}

impl Comparison {
    fn holds(self, agreement: &Agreement) -> bool {
        (agreement.variant, agreement.ranked, agreement.method.as_str())
            == (self.variant, self.ranked, self.score.name())
    }

    fn finish(self, row: Row) -> Row {
        let row = row
            .case("ranks", self.ranked.name())
            .case("variant", self.variant.name());
        self.score.mark(row)
    }
}

/// Ranks on shifted domains beside ranks on the unshifted one.
pub fn agreement_rows(case: &ShapkanCase, cells: &[&NetworkCell]) -> Vec<Row> {
    let mut rows = Vec::new();
    for variant in [Variant::Refit, Variant::Fixed] {
        for ranked in [Ranked::Inputs, Ranked::Hidden] {
            for score in SCORES {
                let comparison = Comparison { variant, ranked, score };
                rows.extend(shift_rows(case, cells, comparison));
                if variant == Variant::Refit {
                    rows.extend(function_rows(case, cells, comparison));
                }
                rows.extend(gain_row(case, cells, comparison));
            }
        }
    }
    for &shift in case.shifts {
        let refits = cells.iter().flat_map(|cell| &cell.refits);
        let refits = refits.filter(|refit| refit.shift == shift);
        let (correlations, errors): (Vec<f64>, Vec<f64>) = refits.map(|refit| (refit.correlation, refit.rmse)).unzip();
        rows.push(Row::mean_with_error("refit", "matched_correlation", &correlations).case("shift", shift));
        rows.push(Row::geometric_mean_with_error("refit", "rmse", &errors).case("shift", shift));
    }
    rows
}

/// Means over networks at each shift.
fn shift_rows(case: &ShapkanCase, cells: &[&NetworkCell], comparison: Comparison) -> Vec<Row> {
    let mut rows = Vec::new();
    for &shift in case.shifts {
        let here = |agreement: &&Agreement| comparison.holds(agreement) && agreement.shift == shift;
        let chosen = cells.iter().filter(|cell| has_ranks(case, cell, comparison.ranked));
        let chosen = chosen.flat_map(|cell| cell.agreements.iter().filter(here));
        let taus: Vec<f64> = chosen.clone().filter_map(|agreement| agreement.tau).collect();
        let overlaps: Vec<f64> = chosen.map(|agreement| agreement.overlap).collect();
        for (metric, samples) in [("tau", taus), ("top_overlap", overlaps)] {
            let row = Row::mean_with_error(comparison.score.name(), metric, &samples);
            rows.push(comparison.finish(row).case("shift", shift));
        }
    }
    rows
}

/// Means over seeds and shifts for each function.
fn function_rows(case: &ShapkanCase, cells: &[&NetworkCell], comparison: Comparison) -> Vec<Row> {
    let row = |target: &Target| {
        let of_target = cells.iter().filter(|cell| cell.function == target.name);
        let agreements = of_target.flat_map(|cell| &cell.agreements);
        let taus: Vec<f64> = agreements
            .filter(|agreement| comparison.holds(agreement))
            .filter_map(|agreement| agreement.tau)
            .collect();
        let row = Row::mean_with_error(comparison.score.name(), "tau", &taus);
        comparison.finish(row).case("function", target.name)
    };
    case.targets.iter().map(row).collect()
}

/// Gain of tau over pykan's, over all shifts; each network is one sample.
fn gain_row(case: &ShapkanCase, cells: &[&NetworkCell], comparison: Comparison) -> Option<Row> {
    if comparison.score == REFERENCE {
        return None;
    }
    let chosen = cells.iter().filter(|cell| has_ranks(case, cell, comparison.ranked));
    let gains: Vec<f64> = chosen.filter_map(|cell| gain(cell, comparison)).collect();
    let row = Row::mean_with_error(comparison.score.name(), "tau_minus_pykan", &gains);
    let row = row.case(
        "comparison",
        format!("{}, {}", comparison.variant.name(), comparison.ranked.name()),
    );
    Some(comparison.score.mark(row))
}

/// Whether ranks of these nodes mean something: inputs of equal importance have no order.
fn has_ranks(case: &ShapkanCase, cell: &NetworkCell, ranked: Ranked) -> bool {
    let of_cell = |target: &&Target| target.name == cell.function;
    ranked == Ranked::Hidden
        || case
            .targets
            .iter()
            .find(of_cell)
            .is_some_and(|target| target.inputs_differ)
}

fn gain(cell: &NetworkCell, comparison: Comparison) -> Option<f64> {
    let taus = |comparison: Comparison| {
        let chosen = cell
            .agreements
            .iter()
            .filter(move |agreement| comparison.holds(agreement));
        chosen.map(|agreement| agreement.tau)
    };
    let reference = Comparison {
        score: REFERENCE,
        ..comparison
    };
    let differences: Vec<f64> = taus(comparison)
        .zip(taus(reference))
        .filter_map(|(tau, reference)| Some(tau? - reference?))
        .collect();
    (!differences.is_empty()).then(|| differences.iter().sum::<f64>() / differences.len() as f64)
}
