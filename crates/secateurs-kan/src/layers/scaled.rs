//! Scales between the user's units and the numbers of the layers.

use burn::tensor::{DType, Tensor, TensorData};

use crate::layers::layer::Covariance;
use crate::layers::network::Kan;
use crate::scaling::scale::Scale;
use crate::scaling::scales::{Scales, check};
use crate::{KanError, Result};

impl Kan {
    /// The scales of inputs and outputs.
    pub fn scales(&self) -> &Scales {
        &self.scales
    }

    /// Replaces the scales.
    ///
    /// # Errors
    ///
    /// If there are not as many scales as inputs or outputs.
    pub fn with_scales(self, scales: Scales) -> Result<Self> {
        let sides = [
            ("scales of inputs", &scales.inputs, self.d_input()),
            ("scales of outputs", &scales.outputs, self.d_output()),
        ];
        for (what, scales, expected) in sides {
            let got = scales.as_ref().map_or(expected, Vec::len);
            if got != expected {
                return Err(KanError::Length { what, expected, got });
            }
        }
        Ok(Self { scales, ..self })
    }

    /// The layers as a network of their own without scales, and the scales.
    pub fn without_scales(self) -> (Self, Scales) {
        let identity = Scales::identity(self.d_input(), self.d_output());
        let scales = self.scales;
        let layers = Self {
            layers: self.layers,
            scales: identity,
        };
        (layers, scales)
    }

    /// The network with the scales of these inputs and outcomes, row-major, unless it has scales already.
    ///
    /// # Errors
    ///
    /// If a number is NaN or infinite, or the numbers are not whole rows.
    pub fn with_scales_of(self, x: &[f64], y: &[f64]) -> Result<Self> {
        check(x, self.d_input())?;
        check(y, self.d_output())?;
        let scales = Scales {
            inputs: Some(match &self.scales.inputs {
                Some(scales) => scales.clone(),
                None => columns(x, self.d_input())
                    .map(|column| Scale::of_column(&column))
                    .collect(),
            }),
            outputs: Some(match &self.scales.outputs {
                Some(scales) => scales.clone(),
                None => columns(y, self.d_output())
                    .map(|column| Scale::of_outcome(&column))
                    .collect(),
            }),
        };
        Ok(Self { scales, ..self })
    }

    /// The network with the scales of these inputs, `[rows, d_input]`, unless it has some.
    pub(crate) fn with_scales_of_inputs(mut self, x: &Tensor<2>) -> Self {
        if self.scales.inputs.is_none() {
            let values: Vec<f64> = x.to_data().iter().collect();
            let scales = columns(&values, self.d_input()).map(|column| Scale::of_column(&column));
            self.scales.inputs = Some(scales.collect());
        }
        self
    }

    /// Replaces the outputs `y_k` by `scale_k y_k + shift_k`; edges and their curves stay as they are.
    ///
    /// # Errors
    ///
    /// If there are not as many numbers as outputs, one is NaN or infinite, or a scale is 0.
    pub fn with_outputs_mapped(self, scale: &[f64], shift: &[f64]) -> Result<Self> {
        let d_output = self.d_output();
        for (what, values) in [("scales of outputs", scale), ("shifts of outputs", shift)] {
            if values.len() != d_output {
                return Err(KanError::Length {
                    what,
                    expected: d_output,
                    got: values.len(),
                });
            }
        }
        let mapped = |output: usize| self.scales.output(output).mapped(scale[output], shift[output]);
        let outputs = Some((0..d_output).map(mapped).collect::<Result<_>>()?);
        let inputs = self.scales.inputs.clone();
        self.with_scales(Scales { inputs, outputs })
    }

    /// Scales inputs for the first layer: `(x - centre) / size` in the precision of `x`, then in the network's.
    ///
    /// # Shapes
    ///
    /// `x` and the result: `[batch, d_input]`.
    pub fn scaled(&self, x: Tensor<2>) -> Tensor<2> {
        let x = match known(&self.scales.inputs) {
            None => x,
            Some(scales) => {
                let [centre, size] = rows(scales, &x);
                (x - centre) / size
            }
        };
        in_precision(x, self.place().1)
    }

    /// Converts the outputs of the last layer to the units of the user, in another precision: `centre + size y`.
    pub(crate) fn unscaled(&self, y: Tensor<2>, dtype: DType) -> Tensor<2> {
        let y = in_precision(y, dtype);
        match known(&self.scales.outputs) {
            None => y,
            Some(scales) => {
                let [centre, size] = rows(scales, &y);
                y * size + centre
            }
        }
    }

    /// Covariance of the basis functions of the first layer over inputs, `[batch, d_input]`.
    pub fn covariance(&self, x: Tensor<2>) -> Covariance {
        self.layers[0].covariance(self.scaled(x))
    }

    /// Computes scaled outputs from the nodes of one layer, `[batch, n_nodes]`.
    pub(crate) fn forward_scaled(&self, layer: usize, nodes: Tensor<2>) -> Tensor<2> {
        self.layers[layer..].iter().fold(nodes, |x, layer| layer.forward(x))
    }

    /// Converts the user's numbers to scaled inputs, row-major.
    pub(crate) fn scaled_inputs(&self, x: &[f64]) -> Vec<f64> {
        scaled(&self.scales.inputs, x)
    }

    /// Converts the user's numbers to scaled outputs, row-major.
    pub(crate) fn scaled_outputs(&self, y: &[f64]) -> Vec<f64> {
        scaled(&self.scales.outputs, y)
    }
}

/// Scales that change any number; none if all are the identity.
fn known(scales: &Option<Vec<Scale>>) -> Option<&[Scale]> {
    let scales = scales.as_deref()?;
    scales.iter().any(|scale| *scale != Scale::default()).then_some(scales)
}

/// Centres and sizes beside a tensor: `[1, columns]` each.
fn rows(scales: &[Scale], beside: &Tensor<2>) -> [Tensor<2>; 2] {
    let row = |number: fn(Scale) -> f64| {
        let numbers: Vec<f64> = scales.iter().map(|scale| number(*scale)).collect();
        let data = TensorData::new(numbers, [1, scales.len()]);
        Tensor::from_data(data, (&beside.device(), beside.dtype()))
    };
    [row(Scale::centre), row(Scale::size)]
}

fn in_precision(x: Tensor<2>, dtype: DType) -> Tensor<2> {
    if x.dtype() == dtype { x } else { x.cast(dtype) }
}

fn scaled(scales: &Option<Vec<Scale>>, values: &[f64]) -> Vec<f64> {
    match known(scales) {
        None => values.to_vec(),
        Some(scales) => {
            let scales = scales.iter().cycle();
            values
                .iter()
                .zip(scales)
                .map(|(value, scale)| scale.scaled(*value))
                .collect()
        }
    }
}

fn columns(values: &[f64], count: usize) -> impl Iterator<Item = Vec<f64>> {
    (0..count).map(move |column| values.iter().skip(column).step_by(count).copied().collect())
}
