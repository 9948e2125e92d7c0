//! What was measured, and its rows.

use secateurs::Method;
use serde::{Deserialize, Serialize};

use super::Arm;
use crate::outcome::Row;

/// What was measured on one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) kl_prompt: Option<f64>,
    pub(super) kl_decode: Option<f64>,
    pub(super) nll_decode: Option<f64>,
    pub(super) hidden_error_prompt: Option<f64>,
    pub(super) hidden_error_decode: Option<f64>,
    /// `e_t` on tokens of prompts and of continuations.
    pub(super) distances: Option<[f64; 2]>,
    pub(super) new_tokens: f64,
    pub(super) limited_share: f64,
    pub(super) generation_seconds: f64,
    pub(super) accuracy: Option<f64>,
}

/// One number of a cell; `None` for a model broken to overflow.
type Measure = fn(&Cell) -> Option<f64>;

/// What identifies the rows of some cells, but for the method.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The data set.
    pub(super) dataset: &'static str,
    /// Absent for the dense model.
    pub(super) sparsity: Option<f64>,
}

impl Place {
    /// Every measure of the cells of one method, one for each seed.
    pub(super) fn rows(self, name: &str, cells: &[Cell]) -> Vec<Row> {
        let metrics: [(&str, Measure); 8] = [
            ("kl_decode", |cell| cell.kl_decode),
            ("kl_prompt", |cell| cell.kl_prompt),
            ("nll_decode", |cell| cell.nll_decode),
            ("hidden_error_decode", |cell| cell.hidden_error_decode),
            ("hidden_error_prompt", |cell| cell.hidden_error_prompt),
            ("new_tokens", |cell| Some(cell.new_tokens)),
            ("limited_share", |cell| Some(cell.limited_share)),
            ("generation_seconds", |cell| Some(cell.generation_seconds)),
        ];
        let samples =
            |of: Measure| -> Vec<f64> { cells.iter().map(|cell| of(cell).unwrap_or(f64::INFINITY)).collect() };
        let rows = metrics
            .into_iter()
            .map(|(metric, of)| self.row((name, metric), &samples(of)));
        let accuracy: Vec<f64> = cells.iter().filter_map(|cell| cell.accuracy).collect();
        let accuracy = (!accuracy.is_empty()).then(|| self.row((name, "accuracy"), &accuracy));
        rows.chain(accuracy).collect()
    }

    /// `e_t` of the arms over that of `rac`, seed by seed.
    pub(super) fn ratios(self, method: Method, cells: &[(Arm, Vec<Cell>)]) -> Vec<Row> {
        let Some((_, rac)) = cells.iter().find(|(arm, _)| *arm == Arm::Rac) else {
            return Vec::new();
        };
        let others = cells.iter().filter(|(arm, _)| *arm != Arm::Rac);
        let rows = others.flat_map(|(arm, cells)| {
            [("e_ratio_prompt", 0), ("e_ratio_decode", 1)].map(|(metric, part)| {
                let pairs = cells.iter().zip(rac);
                let ratio = |(arm, rac): (&Cell, &Cell)| match (arm.distances, rac.distances) {
                    (Some(arm), Some(rac)) => arm[part] / rac[part],
                    _ => f64::INFINITY,
                };
                let samples: Vec<f64> = pairs.map(ratio).collect();
                self.row((&line_name(method, *arm), metric), &samples)
            })
        });
        rows.collect()
    }

    fn row(self, (method, metric): (&str, &str), samples: &[f64]) -> Row {
        let row = Row::mean_with_deviation(method, metric, samples).case("dataset", self.dataset);
        match self.sparsity {
            Some(sparsity) => row.case("sparsity", sparsity),
            None => row,
        }
    }
}

/// The name of a method with an arm.
pub(super) fn line_name(method: Method, arm: Arm) -> String {
    format!("{method}, {}", arm.name())
}
