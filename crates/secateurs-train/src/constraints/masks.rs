//! Given masks, attached to a trainer.

use burn::module::Module;
use secateurs_tensor::{KeepMask, MaskSet, TensorError, WeightLayout};

use super::restraint::Restraint;
use crate::error::Result;
use crate::trainer::{Parameter, Trainer, parameters};

impl<M: Module> Trainer<M> {
    /// Zeros the weights that the masks prune, and keeps them zero.
    pub(crate) fn attach(&mut self, masks: &MaskSet) -> Result<()> {
        for (path, mask) in masks {
            let trained = self.parameters.iter_mut().find(|t| t.parameter.path == *path);
            let trained = trained.ok_or_else(|| TensorError::UnknownParameter { path: path.clone() })?;
            let layout = layout_for(&trained.parameter, mask)?;
            trained.restraint = Restraint::Masked(layout.to_stored(mask.as_slice()));
        }
        let restraints: Vec<&Restraint> = self.parameters.iter().map(|trained| &trained.restraint).collect();
        let module = self.module.take().expect("a step puts the module back");
        self.module = Some(parameters::map(module, &mut |index, mut values| {
            restraints[index].settle(0, &mut values);
            values
        }));
        Ok(())
    }
}

/// The layout of a parameter that a mask fits.
fn layout_for(parameter: &Parameter, mask: &KeepMask) -> Result<WeightLayout, TensorError> {
    let path = || parameter.path.clone();
    let layout = WeightLayout::of(&parameter.shape).ok_or_else(|| TensorError::UnsupportedRank {
        path: path(),
        rank: parameter.shape.len(),
    })?;
    match layout.dims() == mask.dims() {
        true => Ok(layout),
        false => Err(TensorError::ParameterMismatch {
            path: path(),
            expected: layout.dims(),
            got: mask.dims(),
        }),
    }
}
