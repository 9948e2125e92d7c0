//! Numbers of one model, and their rows.

use serde::{Deserialize, Serialize};

use super::key::{Arm, CalibratedKey};
use crate::outcome::Row;

/// All that was measured on one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RacCell {
    pub kl_prompt: Option<f64>,
    pub kl_decode: Option<f64>,
    pub nll_decode: Option<f64>,
    pub hidden_error_prompt: Option<f64>,
    pub hidden_error_decode: Option<f64>,
    /// `e_t` on tokens of prompts and of continuations.
    pub distances: Option<[f64; 2]>,
    pub new_tokens: f64,
    pub limited_share: f64,
    pub generation_seconds: f64,
    pub accuracy: Option<f64>,
}

/// One number of a cell; `None` for a model broken to overflow.
type Measure = fn(&RacCell) -> Option<f64>;

const METRICS: [(&str, Measure); 8] = [
    ("kl_decode", |cell| cell.kl_decode),
    ("kl_prompt", |cell| cell.kl_prompt),
    ("nll_decode", |cell| cell.nll_decode),
    ("hidden_error_decode", |cell| cell.hidden_error_decode),
    ("hidden_error_prompt", |cell| cell.hidden_error_prompt),
    ("new_tokens", |cell| Some(cell.new_tokens)),
    ("limited_share", |cell| Some(cell.limited_share)),
    ("generation_seconds", |cell| Some(cell.generation_seconds)),
];

/// The case of some rows.
#[derive(Clone, Copy)]
pub struct RowCase {
    pub dataset: &'static str,
    /// Absent for the dense model.
    pub sparsity: Option<f64>,
}

/// The cells of one arm of a method, one for each seed.
pub struct ArmCells<'a> {
    pub key: CalibratedKey,
    pub cells: Vec<&'a RacCell>,
}

impl ArmCells<'_> {
    /// The name of the method with the arm.
    pub fn name(&self) -> String {
        format!("{}, {}", self.key.method, self.key.arm.name())
    }
}

impl RowCase {
    /// Every measure of some cells.
    pub fn rows(self, name: &str, cells: &[&RacCell]) -> Vec<Row> {
        let samples =
            |of: Measure| -> Vec<f64> { cells.iter().map(|cell| of(cell).unwrap_or(f64::INFINITY)).collect() };
        let rows = METRICS
            .into_iter()
            .map(|(metric, of)| self.row(name, metric, &samples(of)));
        let accuracy: Vec<f64> = cells.iter().filter_map(|cell| cell.accuracy).collect();
        let accuracy = (!accuracy.is_empty()).then(|| self.row(name, "accuracy", &accuracy));
        rows.chain(accuracy).collect()
    }

    /// `e_t` of the arms over `e_t` of `rac`, seed by seed.
    pub fn ratios(self, arms: &[ArmCells<'_>]) -> Vec<Row> {
        let Some(rac) = arms.iter().find(|arm| arm.key.arm == Arm::Rac) else {
            return Vec::new();
        };
        let others = arms.iter().filter(|arm| arm.key.arm != Arm::Rac);
        let rows = others.flat_map(|other| {
            [("e_ratio_prompt", 0), ("e_ratio_decode", 1)].map(|(metric, part)| {
                let pairs = other.cells.iter().zip(&rac.cells);
                let samples: Vec<f64> = pairs.map(|(arm, rac)| distance_ratio(arm, rac, part)).collect();
                self.row(&other.name(), metric, &samples)
            })
        });
        rows.collect()
    }

    fn row(self, name: &str, metric: &str, samples: &[f64]) -> Row {
        let row = Row::mean_with_deviation(name, metric, samples).case("dataset", self.dataset);
        match self.sparsity {
            Some(sparsity) => row.case("sparsity", sparsity),
            None => row,
        }
    }
}

/// The ratio on tokens of prompts (`part` 0) or of continuations (1).
fn distance_ratio(arm: &RacCell, rac: &RacCell, part: usize) -> f64 {
    match (arm.distances, rac.distances) {
        (Some(arm), Some(rac)) => arm[part] / rac[part],
        _ => f64::INFINITY,
    }
}
