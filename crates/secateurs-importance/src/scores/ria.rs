//! RIA: relative importance and activations.

use rayon::prelude::*;
use secateurs_tensor::{Needs, NonNegative, Scores, WeightMatrix};

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// `(|W_ij| / sum_i |W_ij| + |W_ij| / sum_j |W_ij|) * ||X_j||^a`: the share that a weight has of its input and of its
/// output, so that no channel is lost as a whole. A share of a sum that is zero is zero.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Importance, LayerView, Ria};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![1.0, -3.0, 1.0, 3.0], [2, 2])?;
/// let layer = LayerView::of_weight("layer", &weight).with_input_norms(&[4.0, 1.0]);
/// // Input 0: a half of the input, a quarter of the output, times the root of 4.
/// assert_eq!(Ria::default().score(&layer)?.values(), [1.5, 1.25, 1.5, 1.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Zhang et al., Plug-and-Play: An Efficient Post-training Pruning Method for Large Language Models, ICLR 2024,
/// equation 4. **Deviates:** without the channel permutation for N:M patterns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ria {
    /// The power `a` of the input norm; 0 ignores activations but still asks for them.
    pub activation_power: NonNegative,
}

impl Default for Ria {
    fn default() -> Self {
        Self {
            activation_power: NonNegative::new(0.5).expect("a half is in range"),
        }
    }
}

impl Importance for Ria {
    fn name(&self) -> &str {
        "ria"
    }

    fn needs(&self) -> Needs {
        Needs::INPUT_NORMS
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let power = self.activation_power.get() as f32;
        let norms: Vec<f32> = layer.norms(self.name())?.iter().map(|norm| norm.powf(power)).collect();
        let [of_output, of_input] = absolute_sums(layer.weight);
        layer.scores(per_weight(layer.weight, |output, input, value| {
            let value = value.abs();
            (share(value, of_input[input]) + share(value, of_output[output])) * norms[input]
        }))
    }
}

/// `sum_j |W_ij|` per output and `sum_i |W_ij|` per input.
fn absolute_sums(weight: &WeightMatrix) -> [Vec<f32>; 2] {
    let sum = |values: &[f32]| values.iter().map(|value| f64::from(value.abs())).sum::<f64>() as f32;
    let of_output = (0..weight.d_output())
        .into_par_iter()
        .map(|output| sum(weight.output(output)))
        .collect();
    let mut of_input = vec![0.0_f64; weight.d_input()];
    for output in 0..weight.d_output() {
        for (sum, value) in of_input.iter_mut().zip(weight.output(output)) {
            *sum += f64::from(value.abs());
        }
    }
    [of_output, of_input.into_iter().map(|sum| sum as f32).collect()]
}

fn share(part: f32, whole: f32) -> f32 {
    if whole == 0.0 { 0.0 } else { part / whole }
}
