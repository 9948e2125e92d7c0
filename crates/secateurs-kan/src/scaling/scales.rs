//! Scales of the inputs and outputs of a network.

use crate::scaling::scale::Scale;
use crate::{KanError, Result};

/// Scales of the inputs and of the outputs of a network; unknown scales are taken from the first data that it is
/// [fitted](crate::fit) to, and leave numbers unchanged until then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scales {
    /// Scales of the inputs.
    pub inputs: Option<Vec<Scale>>,
    /// Scales of the outputs.
    pub outputs: Option<Vec<Scale>>,
}

impl Scales {
    /// Identity scales, which no data change.
    pub fn identity(d_input: usize, d_output: usize) -> Self {
        Self {
            inputs: Some(vec![Scale::default(); d_input]),
            outputs: Some(vec![Scale::default(); d_output]),
        }
    }

    /// The scale of an input.
    pub fn input(&self, index: usize) -> Scale {
        of(&self.inputs, index)
    }

    /// The scale of an output.
    pub fn output(&self, index: usize) -> Scale {
        of(&self.outputs, index)
    }

    /// The scales of some of the inputs.
    pub(crate) fn select(&self, inputs: &[usize]) -> Self {
        let select = |scales: &Vec<Scale>| inputs.iter().map(|input| scales[*input]).collect();
        Self {
            inputs: self.inputs.as_ref().map(select),
            outputs: self.outputs.clone(),
        }
    }
}

fn of(scales: &Option<Vec<Scale>>, index: usize) -> Scale {
    let scale = scales.as_ref().and_then(|scales| scales.get(index));
    scale.copied().unwrap_or_default()
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
