//! Rows about errors after pruning.

use super::case::ShapkanCase;
use super::cell::{NetworkCell, Pruned};
use super::score::{REFERENCE, SCORES, Score};
use super::target::Target;
use crate::outcome::{Row, pool_deviations};

/// Nodes left, per hidden layer, at which functions are told apart.
const FEW: usize = 2;

/// An error of a pruned network, in one of two senses.
#[derive(Clone, Copy)]
struct PrunedError {
    metric: &'static str,
    of: fn(&Pruned) -> Option<f64>,
}

const ERRORS: [PrunedError; 2] = [
    PrunedError {
        metric: "rmse_pruned",
        of: |pruned| Some(pruned.rmse),
    },
    PrunedError {
        metric: "rmse_refitted",
        of: |pruned| pruned.refitted,
    },
];

/// Whether removed nodes leave their means, in rows `mean`, or nothing, `zero`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Means,
    Nothing,
}

impl Left {
    fn name(self) -> &'static str {
        match self {
            Self::Means => "mean",
            Self::Nothing => "zero",
        }
    }

    fn is_of(self, pruned: &Pruned) -> bool {
        pruned.folded == (self == Self::Means)
    }
}

impl PrunedError {
    /// The error of a network pruned by a score to so many nodes.
    fn find(self, cell: &NetworkCell, score: Score, left: Left, nodes: usize) -> Option<f64> {
        let is_wanted = |pruned: &&Pruned| pruned.method == score.name() && left.is_of(pruned) && pruned.nodes == nodes;
        cell.pruned.iter().find(is_wanted).and_then(self.of)
    }
}

/// Errors of every score, then each score beside pykan's.
pub fn pruning_rows(case: &ShapkanCase, cells: &[&NetworkCell]) -> Vec<Row> {
    let mut rows = Vec::new();
    for error in ERRORS {
        for left in [Left::Means, Left::Nothing] {
            rows.extend(error_rows(case, cells, error, left));
        }
    }
    for error in ERRORS {
        for score in SCORES {
            for nodes in case.nodes_left() {
                let place = Place { score, error, nodes };
                rows.extend(comparison_rows(case, cells, place));
            }
        }
    }
    rows
}

/// Geometric means over networks, beside networks that were not pruned.
fn error_rows(case: &ShapkanCase, cells: &[&NetworkCell], error: PrunedError, left: Left) -> Vec<Row> {
    let mut rows = Vec::new();
    for score in SCORES {
        for nodes in case.nodes_left() {
            let errors: Vec<f64> = cells
                .iter()
                .filter_map(|cell| error.find(cell, score, left, nodes))
                .collect();
            let row = Row::geometric_mean_with_error(score.name(), error.metric, &errors).case("fold", left.name());
            rows.push(score.mark(row).case("nodes", nodes));
        }
    }
    let mut pruned = cells.iter().flat_map(|cell| &cell.pruned);
    if pruned.any(|pruned| left.is_of(pruned) && (error.of)(pruned).is_some()) {
        let unpruned: Vec<f64> = cells.iter().map(|cell| cell.rmse).collect();
        let row = Row::geometric_mean_with_error("unpruned", error.metric, &unpruned);
        rows.push(row.control().case("fold", left.name()));
    }
    rows
}

/// A score, so many nodes, and the error that is looked at, after folding means.
#[derive(Clone, Copy)]
struct Place {
    score: Score,
    error: PrunedError,
    nodes: usize,
}

impl Place {
    fn find(self, cell: &NetworkCell) -> Option<f64> {
        self.error.find(cell, self.score, Left::Means, self.nodes)
    }

    /// Errors divided by the error of pykan's score on the same network.
    fn over_reference(self, cell: &NetworkCell) -> Option<f64> {
        let reference = Self {
            score: REFERENCE,
            ..self
        };
        Some(self.find(cell)? / reference.find(cell)?)
    }

    fn logarithms(self, cells: &[&NetworkCell], target: &Target) -> Vec<f64> {
        let of_target = cells.iter().filter(|cell| cell.function == target.name);
        of_target.filter_map(|cell| Some(self.find(cell)?.log10())).collect()
    }
}

/// A score beside pykan's on the same network, its deviation over seeds, and its error function by function.
fn comparison_rows(case: &ShapkanCase, cells: &[&NetworkCell], place: Place) -> Vec<Row> {
    let Place { score, error, nodes } = place;
    let metric = error.metric;
    let mut rows = Vec::new();
    if score != REFERENCE {
        let ratios: Vec<f64> = cells.iter().filter_map(|cell| place.over_reference(cell)).collect();
        let row = Row::geometric_mean_with_error(score.name(), &format!("{metric}_over_pykan"), &ratios);
        rows.push(score.mark(row).case("nodes", nodes));
    }
    let logarithms = case.targets.iter().map(|target| place.logarithms(cells, target));
    let groups: Vec<Vec<f64>> = logarithms.collect();
    if let Some(deviation) = pool_deviations(&groups) {
        let row = Row::new(score.name(), &format!("sd_log10_{metric}"), deviation);
        rows.push(score.mark(row).case("nodes", nodes));
    }
    if nodes == FEW {
        rows.extend(groups.iter().zip(case.targets).map(|(group, target)| {
            let errors: Vec<f64> = group.iter().map(|logarithm| 10f64.powf(*logarithm)).collect();
            let row = Row::geometric_mean_with_error(score.name(), &format!("{metric}_to_{FEW}"), &errors);
            score.mark(row).case("function", target.name)
        }));
    }
    rows
}
