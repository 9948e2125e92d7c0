//! Opens a Llama: reads its configuration and checks the tensors against it.

use super::config::LlamaConfig;
use crate::{Checkpoint, DataError, Result};

impl LlamaConfig {
    /// The configuration of the model in `checkpoint`, after a check of everything: every job that reads a model starts
    /// here.
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

    /// The configuration of the model in `checkpoint`, after a check of its tensors' names and shapes; no weight is
    /// read.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), as far as it shows without weights.
    pub fn describe(checkpoint: &Checkpoint) -> Result<Self> {
        checkpoint.check_no_adapter()?;
        let config = Self::from_json(checkpoint.config()).map_err(|source| DataError::Config {
            path: checkpoint.path().to_owned(),
            source,
        })?;
        // Block by block, so that a file of few tensors ends the work, whatever number of blocks it claims.
        let blocks = (0..config.n_blocks).flat_map(|block| config.block_tensors(block));
        let tensors = config.outer_tensors().into_iter().chain(blocks);
        checkpoint.check_tensors(tensors.map(|tensor| tensor.plan))?;
        Ok(config)
    }
}
