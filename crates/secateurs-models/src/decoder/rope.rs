//! Rotary positions.

use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::llama::LlamaConfig;

/// The cosines and sines of rotary positions `0..n_tokens`.
///
/// Pair `i` of a head (elements `i` and `i + d_head / 2`) at position `p` turns by `p * f_i`, with
/// `f_i = rope_theta^(-2 i / d_head)`, stretched as the configuration says. The angles are computed in f64.
#[derive(Debug, Clone)]
pub struct Rope {
    /// Cosines, `[n_tokens, d_head / 2]`.
    pub cos: Tensor<2>,
    /// Sines, `[n_tokens, d_head / 2]`.
    pub sin: Tensor<2>,
}

impl Rope {
    /// The table of the first `n_tokens` positions.
    pub fn new(config: &LlamaConfig, n_tokens: usize, device: &Device) -> Self {
        let frequencies = config.rope_frequencies();
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

    /// The table on the device without autodiff.
    pub(crate) fn valid(&self) -> Self {
        Self {
            cos: self.cos.clone().without_autodiff(),
            sin: self.sin.clone().without_autodiff(),
        }
    }

    /// The table on the device with autodiff.
    pub(crate) fn tracked(&self) -> Self {
        Self {
            cos: Tensor::from_inner(self.cos.clone()),
            sin: Tensor::from_inner(self.sin.clone()),
        }
    }

    /// Number of positions in the table.
    pub fn n_tokens(&self) -> usize {
        self.cos.dims()[0]
    }
}
