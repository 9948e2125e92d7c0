//! Rows of numbers in the user's units and in the layers'.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use crate::layers::network::Kan;
use crate::scaling::scales::check as check_numbers;
use crate::{KanError, Result};

/// Rows of inputs and targets, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Inputs, `[n_rows, d_input]`.
    pub x: &'a [f64],
    /// Targets, `[n_rows, d_output]`.
    pub y: &'a [f64],
}

impl Rows<'_> {
    /// Refuses rows that do not fit a network, or hold NaN or infinity.
    pub(super) fn check(self, kan: &Kan, what: &'static str) -> Result<()> {
        let (d_input, d_output) = (kan.d_input(), kan.d_output());
        let n_rows = self.x.len() / d_input;
        if n_rows == 0 {
            return Err(KanError::TooFewRows { what, least: 1, got: 0 });
        }
        for (got, expected) in [(self.x.len(), n_rows * d_input), (self.y.len(), n_rows * d_output)] {
            if got != expected {
                return Err(KanError::Length { what, expected, got });
            }
        }
        check_numbers(self.x, d_input)?;
        check_numbers(self.y, d_output)
    }
}

/// Rows in the units of the layers.
pub(super) struct ScaledRows {
    pub(super) x: Tensor<2>,
    y: Tensor<2>,
    /// Weight of an error of each output, `[1, d_output]`; none if all are 1.
    weights: Option<Tensor<2>>,
}

impl ScaledRows {
    /// Rows whose errors all have weight 1.
    pub(super) fn new(kan: &Kan, rows: Rows<'_>, what: &'static str) -> Result<Self> {
        rows.check(kan, what)?;
        let kan = kan.valid();
        let (device, dtype) = kan.place();
        let tensor = |values: Vec<f64>, columns: usize| {
            let n_rows = values.len() / columns;
            let data = TensorData::new(values, [n_rows, columns]);
            Tensor::<2>::from_data(data, (&device, dtype))
        };
        Ok(Self {
            x: tensor(kan.scaled_inputs(rows.x), kan.d_input()),
            y: tensor(kan.scaled_outputs(rows.y), kan.d_output()),
            weights: None,
        })
    }

    /// Rows with a weight for the errors of each output; without weights, all count alike.
    pub(super) fn weighted(self, weights: &[f64]) -> Self {
        let tensor = || {
            let data = TensorData::new(weights.to_vec(), [1, weights.len()]);
            Tensor::from_data(data, (&self.x.device(), self.x.dtype()))
        };
        Self {
            weights: (!weights.is_empty()).then(tensor),
            ..self
        }
    }

    /// Moves the tensors to the device of the network's parameters, tracked or not.
    pub(super) fn on(&self, kan: &Kan) -> Self {
        let device = kan.place().0;
        let on = |tensor: &Tensor<2>| tensor.clone().to_device(&device);
        Self {
            x: on(&self.x),
            y: on(&self.y),
            weights: self.weights.as_ref().map(on),
        }
    }

    pub(super) fn errors(&self, layers: &Kan) -> Tensor<2> {
        let errors = layers.forward(self.x.clone()) - self.y.clone();
        match &self.weights {
            None => errors,
            Some(weights) => errors * weights.clone(),
        }
    }

    pub(super) fn mean_square(&self, layers: &Kan) -> Tensor<1> {
        self.errors(layers).powi_scalar(2).mean()
    }
}
