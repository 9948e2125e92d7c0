//! Saves and restores a trainer's state.

use burn::module::Module;

use super::parameters;
use super::step::Trainer;
use crate::constraints::{Constraint, Restraint, TrainedParameter};
use crate::states::{StateSlice, StateSliceMut};

impl<M: Module> Trainer<M> {
    /// Shows every piece of state that [`restored`](Self::restored) needs, under its name.
    pub fn visit_state(&self, visit: &mut dyn FnMut(&str, StateSlice<'_>)) {
        parameters::read(self.module(), &mut |index, values| {
            let path = &self.parameters[index].parameter.path;
            visit(&format!("{path}.weights"), StateSlice::F32(&values));
        });
        for TrainedParameter {
            parameter,
            moments,
            restraint,
            ..
        } in &self.parameters
        {
            moments.visit(&parameter.path, visit);
            if let Restraint::Split(copy) = restraint {
                copy.values.visit(&format!("{}.sparse_copy", parameter.path), visit);
                copy.dual.visit(&format!("{}.dual", parameter.path), visit);
            }
        }
    }

    /// Restores the trainer to its state after `steps_done` steps, from the pieces that
    /// [`visit_state`](Self::visit_state) showed then.
    ///
    /// The trainer must have been made of the same module with the same settings.
    ///
    /// # Errors
    ///
    /// The first error of `read`.
    pub fn restored<E>(
        mut self,
        steps_done: usize,
        read: &mut dyn FnMut(&str, StateSliceMut<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut failure = None;
        let mut fill = |name: &str, slice: StateSliceMut<'_>| {
            if failure.is_none() {
                failure = read(name, slice).err();
            }
        };
        let module = self.module.take().expect("a step puts the module back");
        let paths: Vec<&str> = self.parameters.iter().map(|t| t.parameter.path.as_str()).collect();
        let module = parameters::map(module, &mut |index, mut values| {
            fill(&format!("{}.weights", paths[index]), StateSliceMut::F32(&mut values));
            values
        });
        for TrainedParameter {
            parameter,
            moments,
            restraint,
            ..
        } in &mut self.parameters
        {
            moments.visit_mut(&parameter.path, &mut fill);
            if let Restraint::Split(copy) = restraint {
                let name = |part: &str| format!("{}.{part}", parameter.path);
                copy.values.visit_mut(&name("sparse_copy"), &mut fill);
                copy.dual.visit_mut(&name("dual"), &mut fill);
            }
        }
        self.module = Some(module);
        self.step = steps_done;
        if let (Constraint::Admm(settings), Some(last)) = (&self.config.constraint, steps_done.checked_sub(1)) {
            let last_update = last - last % settings.interval;
            self.lambda = settings.penalty.at(last_update, self.config.steps);
        }
        self.cast_anchors();
        failure.map_or(Ok(self), Err)
    }
}
