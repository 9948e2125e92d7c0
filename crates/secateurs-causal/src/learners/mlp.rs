//! Learners made of perceptrons, for comparison.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_kan::{KanError, Scale, Scales};

use crate::data::scale::ColumnScale;
use crate::learners::base::{Base, Network, Output};
use crate::learners::kan_base::scales_of;
use crate::learners::place::Place;
use crate::{CausalError, Result};

/// Linear layers with ELU between them: a trunk that all outputs share, then separate hidden layers for each outcome. A
/// propensity is linear in the trunk's output.
///
/// Weights and biases are uniform in `±1 / sqrt(d_input)` of their layer. The first layer sees inputs with mean 0 and deviation 1
/// over the training rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlpBase {
    /// Sizes of the shared hidden layers.
    pub trunk: Vec<usize>,
    /// Sizes of the hidden layers of each outcome.
    pub heads: Vec<usize>,
    /// Precision of all tensors.
    pub dtype: FloatDType,
}

impl MlpBase {
    /// Networks in single precision.
    pub fn new(trunk: impl Into<Vec<usize>>, heads: impl Into<Vec<usize>>) -> Self {
        Self {
            trunk: trunk.into(),
            heads: heads.into(),
            dtype: FloatDType::F32,
        }
    }
}

impl Base for MlpBase {
    type Network = Mlp;
    type Prepared = ();

    fn prepared(&self, _: &Mlp, _: &Tensor<2>) {}

    fn init(&self, d_input: usize, outputs: &[Output], seed: u64, device: &Device) -> Result<Mlp> {
        if self.trunk.iter().chain(&self.heads).any(|size| *size == 0) {
            return Err(CausalError::OutOfRange {
                what: "size of a hidden layer",
                range: "at least 1",
                got: 0.0,
            });
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let place = Place {
            device: device.clone(),
            dtype: self.dtype.into(),
        };
        let mut layers = |sizes: &[usize]| -> Vec<Linear> {
            let pairs = sizes.windows(2).map(|pair| [pair[0], pair[1]]);
            pairs.map(|shape| linear(shape, &mut rng, &place)).collect()
        };
        let trunk = [&[d_input], &self.trunk[..]].concat();
        let d_trunk = trunk[trunk.len() - 1];
        let head = |output: &Output| match output {
            Output::Outcome => [&[d_trunk], &self.heads[..], &[1]].concat(),
            Output::Propensity => vec![d_trunk, 1],
        };
        Ok(Mlp {
            trunk: layers(&trunk),
            heads: outputs.iter().map(|output| layers(&head(output))).collect(),
            scales: Scales::default(),
        })
    }
}

fn linear([d_input, d_output]: [usize; 2], rng: &mut StdRng, place: &Place) -> Linear {
    let half = 1.0 / (d_input as f64).sqrt();
    let mut parameters = |n: usize| -> Tensor<1> {
        let values: Vec<f64> = (0..n).map(|_| (2.0 * rng.random::<f64>() - 1.0) * half).collect();
        place.tensor(values, 1).reshape([n])
    };
    Linear {
        weight: Param::from_tensor(parameters(d_input * d_output).reshape([d_input, d_output])),
        bias: Some(Param::from_tensor(parameters(d_output))),
    }
}

/// A trunk and a head for each output, with the scales of the user's units.
///
/// The first layer sees `(x - centre) / size` of each input, outputs are `centre + size y` of the heads' outputs `y`. A
/// record of the parameters does not hold the scales: keep [`scales`](Self::scales) beside it, and give them back by
/// [`with_scales`](Self::with_scales).
#[derive(Module, Debug)]
pub struct Mlp {
    /// Layers that all outputs share, with ELU after each.
    pub trunk: Vec<Linear>,
    /// Layers of each output, with ELU between them; the last layer has one output.
    pub heads: Vec<Vec<Linear>>,
    #[module(skip)]
    scales: Scales,
}

impl Mlp {
    /// The scales of inputs and outputs.
    pub fn scales(&self) -> &Scales {
        &self.scales
    }

    /// Replaces the scales.
    ///
    /// # Errors
    ///
    /// If there are not as many scales as inputs or outputs.
    pub fn with_scales(self, scales: Scales) -> Result<Self, KanError> {
        let [d_input, d_output] = self.shape();
        let sides = [
            ("scales of inputs", &scales.inputs, d_input),
            ("scales of outputs", &scales.outputs, d_output),
        ];
        for (what, scales, expected) in sides {
            let got = scales.as_ref().map_or(expected, Vec::len);
            if got != expected {
                return Err(KanError::Length { what, expected, got });
            }
        }
        Ok(Self { scales, ..self })
    }

    /// Inputs on the scales of the first layer.
    fn scaled(&self, x: Tensor<2>) -> Tensor<2> {
        let scaled = match &self.scales.inputs {
            None => x,
            Some(scales) => (x.clone() - row(scales, Scale::centre, &x)) / row(scales, Scale::size, &x),
        };
        scaled.cast(self.place().1)
    }
}

/// A number of each scale on the device of a tensor: `[1, scales]`.
fn row(scales: &[Scale], number: fn(Scale) -> f64, beside: &Tensor<2>) -> Tensor<2> {
    let numbers: Vec<f64> = scales.iter().map(|scale| number(*scale)).collect();
    let data = TensorData::new(numbers, [1, scales.len()]);
    Tensor::from_data(data, (&beside.device(), beside.dtype()))
}

/// Scales to mean 0 and deviation 1; a constant column gets a scale so large that all its values become 0, since
/// nothing was learnt from it.
fn scale_of(column: &[f64]) -> Scale {
    let scale = Scale::of_outcome(column);
    match ColumnScale::standard(column).unit() {
        0.0 => Scale::new(scale.centre(), f64::MAX).unwrap_or(scale),
        _ => scale,
    }
}

impl Network for Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let dtype = x.dtype();
        let shared = self.trunk.iter().fold(self.scaled(x), |x, layer| elu(layer.forward(x)));
        let of_head = |layers: &Vec<Linear>| {
            let (last, hidden) = layers.split_last().expect("a head ends with a layer");
            last.forward(hidden.iter().fold(shared.clone(), |x, layer| elu(layer.forward(x))))
        };
        let y = Tensor::cat(self.heads.iter().map(of_head).collect(), 1).cast(dtype);
        match &self.scales.outputs {
            None => y,
            Some(scales) => y.clone() * row(scales, Scale::size, &y) + row(scales, Scale::centre, &y),
        }
    }

    fn shape(&self) -> [usize; 2] {
        let first = self.trunk.first().unwrap_or(&self.heads[0][0]);
        [first.weight.dims()[0], self.heads.len()]
    }

    fn place(&self) -> (Device, DType) {
        let weight = self.heads[0][0].weight.val();
        (weight.device(), weight.dtype())
    }

    fn with_scales_of(mut self, x: &[f64]) -> Result<Self, KanError> {
        if self.scales.inputs.is_none() {
            let [d_input, _] = self.shape();
            self.scales.inputs = Some(scales_of(x, d_input, scale_of)?);
        }
        Ok(self)
    }

    fn with_outputs_mapped(mut self, scale: &[f64], shift: &[f64]) -> Result<Self, KanError> {
        let expected = self.heads.len();
        if let Some(got) = [scale.len(), shift.len()].into_iter().find(|got| *got != expected) {
            let what = "scales and shifts of outputs";
            return Err(KanError::Length { what, expected, got });
        }
        let of_output = |output: usize| self.scales.output(output).mapped(scale[output], shift[output]);
        self.scales.outputs = Some((0..expected).map(of_output).collect::<Result<_, _>>()?);
        Ok(self)
    }
}

/// The function ELU: `x` where it is positive, else `exp(x) - 1`. No large value reaches the exponential, whose
/// infinity would make gradients NaN.
fn elu(x: Tensor<2>) -> Tensor<2> {
    x.clone().clamp_min(0.0) + (x.clamp_max(0.0).exp() - 1.0)
}
