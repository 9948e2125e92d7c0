//! A walk's data: the task, the inputs, and the outputs and losses of a network there.

use burn::tensor::Tensor;

use super::change::greatest_change;
use super::losses::Losses;
use super::{Attempt, FormulaSearch, Task};
use crate::layers::network::Kan;
use crate::scaling::precision::epsilon;
use crate::{KanError, Result};

/// A walk from a network to formulas; each of its stages has its own file.
pub(super) struct Run<'a> {
    pub(super) task: &'a dyn Task,
    pub(super) search: &'a FormulaSearch,
    /// The training inputs.
    pub(super) x: Tensor<2>,
    /// The training inputs, followed by the validation inputs.
    pub(super) all: Tensor<2>,
    /// The numbers of `all`.
    pub(super) all_inputs: Vec<f64>,
    /// Relative precision of the network.
    pub(super) epsilon: f64,
}

/// Result of a stage, with its attempts.
pub(super) struct Walked<T> {
    pub(super) taken: T,
    pub(super) attempts: Vec<Attempt>,
}

/// A network made by a stage, with its validation losses and its change of the outputs.
pub(super) struct Judged {
    pub(super) kan: Kan,
    pub(super) losses: Losses,
    pub(super) change: f64,
}

impl<'a> Run<'a> {
    pub(super) fn new(kan: &Kan, task: &'a dyn Task, search: &'a FormulaSearch) -> Result<Self> {
        let x = kan.tensor(task.train_inputs(), kan.d_input())?;
        let validation = kan.tensor(task.validation_inputs(), kan.d_input())?;
        Ok(Self {
            task,
            search,
            all: Tensor::cat(vec![x.clone(), validation], 0),
            all_inputs: [task.train_inputs(), task.validation_inputs()].concat(),
            x,
            epsilon: epsilon(kan.place().1),
        })
    }

    /// The outputs at all inputs, one list for each.
    pub(super) fn outputs(&self, kan: &Kan) -> Vec<Vec<f64>> {
        let outputs = kan.forward(self.all.clone());
        let columns = outputs.iter_dim(1);
        columns.map(|column| column.into_data().iter().collect()).collect()
    }

    pub(super) fn judge(&self, kan: Kan, before: &[Vec<f64>]) -> Judged {
        let outputs = self.outputs(&kan);
        Judged {
            losses: self.losses_or_infinite(&outputs),
            change: greatest_change(before, &outputs, self.epsilon),
            kan,
        }
    }

    pub(super) fn losses(&self, kan: &Kan) -> Result<Losses> {
        self.losses_of(&self.outputs(kan))
    }

    /// The losses of outputs at all inputs, one list for each output: losses of the validation rows.
    fn losses_of(&self, outputs: &[Vec<f64>]) -> Result<Losses> {
        let rows = self.x.dims()[0]..self.all.dims()[0];
        let of_row = |row: usize| outputs.iter().map(move |column| column[row]);
        let losses = self
            .task
            .losses(&rows.flat_map(of_row).collect::<Vec<f64>>(), outputs.len());
        match losses.iter().find(|loss| loss.is_nan()) {
            Some(&loss) => Err(KanError::LossNotFinite { step: 0, loss }),
            None => Ok(Losses(losses)),
        }
    }

    /// The losses of outputs, or infinity where an output is not a finite number.
    pub(super) fn losses_or_infinite(&self, outputs: &[Vec<f64>]) -> Losses {
        self.losses_of(outputs).unwrap_or_else(|_| Losses::infinite())
    }
}
