//! A Llama in a checkpoint: its configuration, once the tensors are known to be those that the configuration implies.

use std::collections::{HashMap, HashSet};

use super::config::LlamaConfig;
use super::tensors::{block_tensors, outer_tensors};
use crate::{Checkpoint, DataError, PlannedTensor, Result, TensorInfo};

/// The end of the name of tensors that older programs stored and that follow from the configuration.
const FREQUENCIES: &str = "rotary_emb.inv_freq";

/// Parts of a packed matrix, stored as `module.part` in the place of `module.weight`.
const PARTS: [&str; 7] = [
    "shape",
    "compressed",
    "bitmask",
    "row_offsets",
    "indices",
    "pattern",
    "scales",
];

impl LlamaConfig {
    /// The configuration of the model in `checkpoint`, which is checked as a whole: every job that reads a model starts here.
    ///
    /// Every tensor that the configuration implies is there with its shape, as floats or packed; there is no other tensor; and
    /// every weight is finite. Weights are read once for that, about as fast as memory; asking again about the same
    /// checkpoint costs nothing.
    ///
    /// # Errors
    ///
    /// [`DataError::Config`], [`DataError::UnknownTensor`], [`DataError::TensorShape`], [`DataError::UnusedTensor`],
    /// [`DataError::NotFinite`], or [`DataError::Unsupported`] for a tensor that holds no floats.
    pub fn open(checkpoint: &Checkpoint) -> Result<Self> {
        let config = Self::describe(checkpoint)?;
        checkpoint.check_finite()?;
        Ok(config)
    }

    /// The configuration of the model in `checkpoint`, once names and shapes of its tensors were checked; no weight is read.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) that show without weights.
    pub fn describe(checkpoint: &Checkpoint) -> Result<Self> {
        checkpoint.check_no_adapter()?;
        let config = Self::from_json(checkpoint.config()).map_err(|source| DataError::Config {
            path: checkpoint.path().to_owned(),
            source,
        })?;
        let mut used = Used::new(checkpoint);
        outer_tensors(&config).iter().try_for_each(|tensor| used.take(tensor))?;
        // Block by block, so that a file of few tensors ends the work, whatever number of blocks it claims.
        for block in 0..config.n_blocks {
            let planned = block_tensors(&config, block);
            planned.iter().try_for_each(|tensor| used.take(tensor))?;
        }
        used.check_rest()?;
        Ok(config)
    }
}

/// The tensors of a checkpoint, and which of them the model has.
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

    /// Notes that a tensor is used, after a look at its shape and encoding.
    fn take(&mut self, planned: &PlannedTensor) -> Result<()> {
        let module = planned.name.trim_end_matches(".weight");
        if planned.shape.len() == 2 && self.tensors.contains_key(format!("{module}.shape").as_str()) {
            self.take_parts(module);
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

    /// Notes the parts of a packed matrix; whoever unpacks it checks them.
    fn take_parts(&mut self, module: &str) {
        for part in PARTS {
            if let Some((name, _)) = self.tensors.get_key_value(format!("{module}.{part}").as_str()) {
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
