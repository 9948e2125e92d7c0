//! Checks the tensors of a checkpoint against the ones that its configuration implies.

use std::collections::{HashMap, HashSet};

use super::Checkpoint;
use crate::{DataError, Result, TensorInfo, TensorKind, TensorPlan};

/// The end of the name of tensors that older programs stored and that follow from the configuration.
const FREQUENCIES: &str = "rotary_emb.inv_freq";

/// Parts of a packed matrix, stored as `layer.part` in the place of `layer.weight`.
const PARTS: [&str; 7] = [
    "shape",
    "compressed",
    "bitmask",
    "row_offsets",
    "indices",
    "pattern",
    "scales",
];

impl Checkpoint {
    /// Refuses a model whose tensors are not the planned ones: all of them, with their shapes, as floats or packed, and
    /// no other. No weight is read. The plan is asked for its next tensor only where the one before was found.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`], [`DataError::TensorShape`], [`DataError::UnusedTensor`], or [`DataError::Unsupported`] for
    /// a tensor that holds no floats.
    pub fn check_tensors(&self, planned: impl IntoIterator<Item = TensorPlan>) -> Result<()> {
        let mut used = Used::new(self);
        planned.into_iter().try_for_each(|tensor| used.take(&tensor))?;
        used.check_rest()
    }
}

/// The tensors of a checkpoint, with marks on the ones that the model uses.
struct Used<'a> {
    checkpoint: &'a Checkpoint,
    tensors: HashMap<&'a str, &'a TensorInfo>,
    used: HashSet<&'a str>,
}

impl<'a> Used<'a> {
    fn new(checkpoint: &'a Checkpoint) -> Self {
        let tensors = checkpoint.tensors().map(|info| (info.name.as_str(), info));
        Self {
            checkpoint,
            tensors: tensors.collect(),
            used: HashSet::new(),
        }
    }

    /// Marks a tensor as used, after a check of its shape and encoding.
    fn take(&mut self, planned: &TensorPlan) -> Result<()> {
        let layer = planned.layer();
        if planned.kind != TensorKind::Vector && self.tensors.contains_key(format!("{layer}.shape").as_str()) {
            self.take_parts(layer);
            return Ok(());
        }
        let Some((name, info)) = self.tensors.get_key_value(planned.name.as_str()) else {
            return Err(DataError::UnknownTensor {
                path: self.checkpoint.path().to_owned(),
                name: planned.name.clone(),
            });
        };
        if info.shape != planned.shape {
            return Err(DataError::TensorShape {
                path: self.checkpoint.path().to_owned(),
                name: self.checkpoint.name_in_file(name),
                expected: planned.shape.clone(),
                got: info.shape.clone(),
            });
        }
        self.checkpoint.check_readable(name)?;
        self.used.insert(name);
        Ok(())
    }

    /// Marks the parts of a packed matrix as used; the code that unpacks it checks them.
    fn take_parts(&mut self, layer: &str) {
        for part in PARTS {
            if let Some((name, _)) = self.tensors.get_key_value(format!("{layer}.{part}").as_str()) {
                self.used.insert(name);
            }
        }
    }

    /// Refuses tensors that no model of this configuration has.
    fn check_rest(&self) -> Result<()> {
        let is_unused = |name: &&str| !self.used.contains(name) && !name.ends_with(FREQUENCIES);
        match self.checkpoint.tensors().map(|info| info.name.as_str()).find(is_unused) {
            None => Ok(()),
            Some(name) => Err(DataError::UnusedTensor {
                path: self.checkpoint.path().to_owned(),
                name: self.checkpoint.name_in_file(name),
            }),
        }
    }
}
