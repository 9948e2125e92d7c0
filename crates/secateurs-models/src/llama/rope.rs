//! Rotary positions.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};

use super::config::{LlamaConfig, RopeScaling};

/// The cosines and sines of rotary positions `0..n_tokens`.
///
/// Pair `i` of a head (elements `i` and `i + d_head / 2`) at position `p` turns by `p * f_i`, with
/// `f_i = rope_theta^(-2 i / d_head)`, stretched as the configuration says. The angles are computed in f64.
#[derive(Debug, Clone)]
pub struct Rope {
    /// `[n_tokens, d_head / 2]`
    pub cos: Tensor<2>,
    /// `[n_tokens, d_head / 2]`
    pub sin: Tensor<2>,
}

impl Rope {
    /// The table of the first `n_tokens` positions.
    pub fn new(config: &LlamaConfig, n_tokens: usize, device: &Device) -> Self {
        let frequencies = frequencies(config);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..n_tokens)
                .flat_map(|p| frequencies.iter().map(move |w| f(p as f64 * w) as f32))
                .collect();
            Tensor::<2>::from_data(TensorData::new(values, [n_tokens, frequencies.len()]), device)
        };
        Self {
            cos: table(f64::cos),
            sin: table(f64::sin),
        }
    }

    /// Number of positions in the table.
    pub fn n_tokens(&self) -> usize {
        self.cos.dims()[0]
    }
}

/// The angular frequency of each pair of a head.
fn frequencies(config: &LlamaConfig) -> Vec<f64> {
    let d_head = config.d_head as f64;
    (0..config.d_head / 2)
        .map(|i| config.rope_theta.powf(-2.0 * i as f64 / d_head))
        .map(|f| config.rope_scaling.map_or(f, |scaling| stretch(f, scaling)))
        .collect()
}

fn stretch(frequency: f64, scaling: RopeScaling) -> f64 {
    match scaling {
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_positions,
        } => {
            let turns = original_positions * frequency / TAU;
            let kept = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor);
            let kept = kept.clamp(0.0, 1.0);
            kept * frequency + (1.0 - kept) * frequency / factor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llama3_keeps_high_and_divides_low_frequencies() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_positions: 8192.0,
        };
        assert_eq!(stretch(1.0, scaling), 1.0);
        assert_eq!(stretch(1e-5, scaling), 1e-5 / 8.0);
        // 2.5 turns in the original context: exactly between 1 and 4.
        let middle = 2.5 * TAU / 8192.0;
        let expected = 0.5 * middle + 0.5 * middle / 8.0;
        assert!((stretch(middle, scaling) - expected).abs() < 1e-15);
    }
}
