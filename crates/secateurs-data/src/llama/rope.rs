//! Frequencies of the rotary positions.

use std::f64::consts::TAU;

use super::config::LlamaConfig;
use super::scaling::RopeScaling;

impl LlamaConfig {
    /// The angular frequency of each pair of a head, `[d_head / 2]`: `rope_theta^(-2 i / d_head)` for pair `i`,
    /// stretched by the configuration's rule. At position `p` the pair (elements `i` and `i + d_head / 2`) turns by `p`
    /// times as much.
    pub fn rope_frequencies(&self) -> Vec<f64> {
        let d_head = self.d_head as f64;
        (0..self.d_head / 2)
            .map(|i| self.rope_theta.powf(-2.0 * i as f64 / d_head))
            .map(|f| self.rope_scaling.map_or(f, |scaling| stretch(f, scaling)))
            .collect()
    }
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
