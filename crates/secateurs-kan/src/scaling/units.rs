//! In which units a network takes its inputs and gives its outputs.

use burn::tensor::{DType, Tensor, TensorData};

use crate::layers::layer::Covariance;
use crate::layers::network::Kan;
use crate::scaling::unit::Unit;
use crate::{KanError, Result};

/// Units of the inputs and of the outputs of a network; those that are not known yet are taken from the first data that it
/// is [fitted](crate::fit) to, and leave numbers as they are until then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Units {
    /// One for each input.
    pub inputs: Option<Vec<Unit>>,
    /// One for each output.
    pub outputs: Option<Vec<Unit>>,
}

impl Units {
    /// Numbers as they are, which no data change.
    pub fn identity(d_input: usize, d_output: usize) -> Self {
        Self {
            inputs: Some(vec![Unit::default(); d_input]),
            outputs: Some(vec![Unit::default(); d_output]),
        }
    }

    /// The unit of an input.
    pub fn input(&self, index: usize) -> Unit {
        of(&self.inputs, index)
    }

    /// The unit of an output.
    pub fn output(&self, index: usize) -> Unit {
        of(&self.outputs, index)
    }

    /// The units of some of the inputs.
    pub(crate) fn select(&self, inputs: &[usize]) -> Self {
        let select = |units: &Vec<Unit>| inputs.iter().map(|input| units[*input]).collect();
        Self {
            inputs: self.inputs.as_ref().map(select),
            outputs: self.outputs.clone(),
        }
    }
}

fn of(units: &Option<Vec<Unit>>, index: usize) -> Unit {
    let unit = units.as_ref().and_then(|units| units.get(index));
    unit.copied().unwrap_or_default()
}

impl Kan {
    /// The units of inputs and outputs.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// The same layers with other units.
    ///
    /// # Errors
    ///
    /// If there are not as many units as inputs or outputs.
    pub fn with_units(self, units: Units) -> Result<Self> {
        let sides = [
            ("units of inputs", &units.inputs, self.d_input()),
            ("units of outputs", &units.outputs, self.d_output()),
        ];
        for (what, units, expected) in sides {
            let got = units.as_ref().map_or(expected, Vec::len);
            if got != expected {
                return Err(KanError::Length { what, expected, got });
            }
        }
        Ok(Self { units, ..self })
    }

    /// The layers as a network of their own, which takes and gives scaled numbers as they are, and the units.
    pub fn without_units(self) -> (Self, Units) {
        let identity = Units::identity(self.d_input(), self.d_output());
        let units = self.units;
        let layers = Self {
            layers: self.layers,
            units: identity,
        };
        (layers, units)
    }

    /// The network with the units of these inputs and outcomes, row-major, unless it has units already.
    ///
    /// # Errors
    ///
    /// If a number is NaN or infinite, or the numbers are not whole rows.
    pub fn in_units_of(self, x: &[f64], y: &[f64]) -> Result<Self> {
        check(x, self.d_input())?;
        check(y, self.d_output())?;
        let units = Units {
            inputs: Some(match &self.units.inputs {
                Some(units) => units.clone(),
                None => columns(x, self.d_input())
                    .map(|column| Unit::of_column(&column))
                    .collect(),
            }),
            outputs: Some(match &self.units.outputs {
                Some(units) => units.clone(),
                None => columns(y, self.d_output())
                    .map(|column| Unit::of_outcome(&column))
                    .collect(),
            }),
        };
        Ok(Self { units, ..self })
    }

    /// The network with the units of these inputs, `[rows, d_input]`, unless it has some.
    pub(crate) fn in_units_of_inputs(mut self, x: &Tensor<2>) -> Self {
        if self.units.inputs.is_none() {
            let values: Vec<f64> = x.to_data().iter().collect();
            let units = columns(&values, self.d_input()).map(|column| Unit::of_column(&column));
            self.units.inputs = Some(units.collect());
        }
        self
    }

    /// The same network with outputs `scale_k y_k + shift_k` in place of `y_k`; edges and their curves stay as they are.
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
        let unit = |output: usize| self.units.output(output).mapped(scale[output], shift[output]);
        let outputs = Some((0..d_output).map(unit).collect::<Result<_>>()?);
        let inputs = self.units.inputs.clone();
        self.with_units(Units { inputs, outputs })
    }

    /// Inputs as the first layer takes them: `(x - centre) / size` in the precision of `x`, then in that of the network.
    ///
    /// # Shapes
    ///
    /// `x` and the result: `[batch, d_input]`.
    pub fn scaled(&self, x: Tensor<2>) -> Tensor<2> {
        let x = match known(&self.units.inputs) {
            None => x,
            Some(units) => {
                let [centre, size] = rows(units, &x);
                (x - centre) / size
            }
        };
        in_precision(x, self.place().1)
    }

    /// Outputs as the last layer gives them in the units of the user, in another precision: `centre + size y`.
    pub(crate) fn unscaled(&self, y: Tensor<2>, dtype: DType) -> Tensor<2> {
        let y = in_precision(y, dtype);
        match known(&self.units.outputs) {
            None => y,
            Some(units) => {
                let [centre, size] = rows(units, &y);
                y * size + centre
            }
        }
    }

    /// How the basis functions of the first layer vary together over inputs, `[batch, d_input]`.
    pub fn covariance(&self, x: Tensor<2>) -> Covariance {
        self.layers[0].covariance(self.scaled(x))
    }

    /// From the nodes of one layer on without units: `[batch, n_nodes]` to scaled outputs.
    pub(crate) fn forward_scaled(&self, layer: usize, nodes: Tensor<2>) -> Tensor<2> {
        self.layers[layer..].iter().fold(nodes, |x, layer| layer.forward(x))
    }

    /// Numbers of the user as scaled ones of the inputs, row-major.
    pub(crate) fn scaled_inputs(&self, x: &[f64]) -> Vec<f64> {
        scaled(&self.units.inputs, x)
    }

    /// Numbers of the user as scaled ones of the outputs, row-major.
    pub(crate) fn scaled_outputs(&self, y: &[f64]) -> Vec<f64> {
        scaled(&self.units.outputs, y)
    }
}

/// Units that change a number.
fn known(units: &Option<Vec<Unit>>) -> Option<&[Unit]> {
    let units = units.as_deref()?;
    units.iter().any(|unit| *unit != Unit::default()).then_some(units)
}

/// Centres and sizes beside a tensor: `[1, columns]` each.
fn rows(units: &[Unit], beside: &Tensor<2>) -> [Tensor<2>; 2] {
    let row = |number: fn(Unit) -> f64| {
        let numbers: Vec<f64> = units.iter().map(|unit| number(*unit)).collect();
        let data = TensorData::new(numbers, [1, units.len()]);
        Tensor::from_data(data, (&beside.device(), beside.dtype()))
    };
    [row(Unit::centre), row(Unit::size)]
}

fn in_precision(x: Tensor<2>, dtype: DType) -> Tensor<2> {
    if x.dtype() == dtype { x } else { x.cast(dtype) }
}

fn scaled(units: &Option<Vec<Unit>>, values: &[f64]) -> Vec<f64> {
    match known(units) {
        None => values.to_vec(),
        Some(units) => {
            let units = units.iter().cycle();
            values
                .iter()
                .zip(units)
                .map(|(value, unit)| unit.scaled(*value))
                .collect()
        }
    }
}

fn columns(values: &[f64], count: usize) -> impl Iterator<Item = Vec<f64>> {
    (0..count).map(move |column| values.iter().skip(column).step_by(count).copied().collect())
}

/// Finite numbers in whole rows.
pub(crate) fn check(values: &[f64], columns: usize) -> Result<()> {
    let rows = values.len() / columns.max(1);
    if rows * columns != values.len() {
        return Err(KanError::Length {
            what: "rows",
            expected: (rows + 1) * columns,
            got: values.len(),
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(KanError::NotFinite {
            what: "data",
            row: at / columns,
            column: at % columns,
            value: values[at],
        }),
    }
}
