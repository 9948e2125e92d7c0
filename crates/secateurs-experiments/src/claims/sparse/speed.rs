//! Speeds of models that run in turns.

use secateurs::runtime::{Engine, MeasureConfig, Speed, measure, read_bandwidth};
use serde::{Deserialize, Serialize};

use super::packing::StoredModel;
use crate::ExperimentError;
use crate::outcome::Tier;

/// Tokens per second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TokenRates {
    pub decode: f64,
    pub prefill: f64,
}

/// Speed of one model, and of the dense one in the same turns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpeedBesideDense {
    pub rates: TokenRates,
    pub dense: TokenRates,
    /// Share of the bandwidth of memory that decoding takes.
    pub bandwidth_share: f64,
}

/// Measures models and the dense one in turns; a result for each model.
pub fn measure_beside(
    dense: &StoredModel,
    models: &[StoredModel],
    tier: Tier,
) -> Result<Vec<SpeedBesideDense>, ExperimentError> {
    let engines: Vec<&Engine> = [dense].into_iter().chain(models).map(|model| &model.engine).collect();
    let speeds = measure(&engines, &lengths(dense, tier), &mut |_, _| {}).map_err(secateurs::Error::from)?;
    let bandwidth = read_bandwidth(&dense.engine);
    let (of_dense, speeds) = speeds.split_first().expect("one for each engine");
    let rates = |speed: &Speed| TokenRates {
        decode: speed.decode_tokens_per_second,
        prefill: speed.prefill_tokens_per_second,
    };
    let beside = speeds.iter().map(|speed| SpeedBesideDense {
        rates: rates(speed),
        dense: rates(of_dense),
        bandwidth_share: speed.bytes_per_second() / bandwidth,
    });
    Ok(beside.collect())
}

fn lengths(dense: &StoredModel, tier: Tier) -> MeasureConfig {
    let max_positions = dense.engine.weights().config.max_positions;
    match tier {
        Tier::Quick | Tier::Standard => MeasureConfig {
            prompt_tokens: (max_positions / 2).min(256),
            new_tokens: (max_positions / 4).min(128),
            ..MeasureConfig::default()
        },
        Tier::Full => MeasureConfig::default(),
    }
}

/// The upper median of each rate over several turns; `None` if there was none.
pub fn take_medians(turns: &[TokenRates]) -> Option<TokenRates> {
    let median = |of: fn(&TokenRates) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some(TokenRates {
        decode: median(|rates| rates.decode)?,
        prefill: median(|rates| rates.prefill)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_each_rate_on_its_own() {
        let turn = |decode: f64, prefill: f64| TokenRates { decode, prefill };
        let turns = [turn(3.0, 10.0), turn(1.0, 30.0), turn(2.0, 20.0)];
        assert_eq!(take_medians(&turns), Some(turn(2.0, 20.0)));
        assert_eq!(take_medians(&[]), None);
    }
}
