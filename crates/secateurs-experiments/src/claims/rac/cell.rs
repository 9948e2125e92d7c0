//! Numbers of one model, and the metrics of rows.

use serde::{Deserialize, Serialize};

use crate::outcome::Metric;

/// The measurements on one model.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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

pub const QUALITY: [Metric<RacCell>; 8] = [
    Metric::new("kl_decode", |cell| or_broken(cell.kl_decode)),
    Metric::new("kl_prompt", |cell| or_broken(cell.kl_prompt)),
    Metric::new("nll_decode", |cell| or_broken(cell.nll_decode)),
    Metric::new("hidden_error_decode", |cell| or_broken(cell.hidden_error_decode)),
    Metric::new("hidden_error_prompt", |cell| or_broken(cell.hidden_error_prompt)),
    Metric::new("new_tokens", |cell| Some(cell.new_tokens)),
    Metric::new("limited_share", |cell| Some(cell.limited_share)),
    Metric::new("accuracy", |cell| cell.accuracy),
];
pub const COST: [Metric<RacCell>; 1] = [Metric::new("generation_seconds", |cell| Some(cell.generation_seconds))];
pub const RATIOS: [Metric<DistanceRatio>; 2] = [
    Metric::new("e_ratio_prompt", |ratio| Some(ratio.prompt)),
    Metric::new("e_ratio_decode", |ratio| Some(ratio.decode)),
];

/// A number of a model that was broken to overflow is infinite.
fn or_broken(value: Option<f64>) -> Option<f64> {
    Some(value.unwrap_or(f64::INFINITY))
}

/// `e_t` of an arm over `e_t` of `rac` with the same seed.
pub struct DistanceRatio {
    prompt: f64,
    decode: f64,
}

impl DistanceRatio {
    pub fn new(arm: &RacCell, rac: &RacCell) -> Self {
        let [prompt, decode] = match (arm.distances, rac.distances) {
            (Some(arm), Some(rac)) => [arm[0] / rac[0], arm[1] / rac[1]],
            _ => [f64::INFINITY; 2],
        };
        Self { prompt, decode }
    }
}
