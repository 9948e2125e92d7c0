//! A Llama on disk, block by block.

use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_prune::BlockStore;
use secateurs_tensor::Observer;

use super::block::LlamaBlock;
use super::load::{Place, fill, write_module};
use super::rope::Rope;
use crate::ModelError;

/// Reads dense blocks from one checkpoint and writes pruned ones to another; holds no block itself.
pub struct LlamaStore {
    source: Checkpoint,
    writer: CheckpointWriter,
    config: LlamaConfig,
    positions: Rope,
    n_stored: usize,
    device: Device,
}

impl LlamaStore {
    /// A store for sequences of up to `n_tokens`, of which the first `n_stored` blocks are in `writer` already.
    ///
    /// # Errors
    ///
    /// If the source is not a Llama, or not whole; see [`LlamaConfig::open`].
    pub fn new(
        source: Checkpoint,
        writer: CheckpointWriter,
        n_tokens: usize,
        device: Device,
    ) -> Result<Self, ModelError> {
        let config = LlamaConfig::open(&source)?;
        let positions = Rope::new(&config, n_tokens, &device);
        Ok(Self {
            source,
            writer,
            config,
            positions,
            n_stored: 0,
            device,
        })
    }

    /// The same store where the first `n_stored` blocks were written by an earlier run.
    pub fn resumed_after(self, n_stored: usize) -> Self {
        Self { n_stored, ..self }
    }

    /// The shape of the model.
    pub fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// Embeds token windows: the input of block 0, one tensor `[1, n_tokens, d_model]` a window.
    ///
    /// Only the rows of the embedding that occur are read.
    ///
    /// # Errors
    ///
    /// If a token is outside the vocabulary or the embedding cannot be read.
    pub fn embed(&self, windows: &[Vec<u32>]) -> Result<Vec<Tensor<3>>, ModelError> {
        let d_model = self.config.d_model;
        let embed_one = |tokens: &Vec<u32>| {
            let values = self.source.read_rows_f32("model.embed_tokens.weight", tokens)?;
            let data = TensorData::new(values, [1, tokens.len(), d_model]);
            Ok(Tensor::from_data(data, &self.device))
        };
        windows.iter().map(embed_one).collect()
    }

    /// Copies everything outside the blocks from the source to the writer.
    ///
    /// # Errors
    ///
    /// If reading or writing fails.
    pub fn copy_rest(&self) -> Result<(), ModelError> {
        let mut names = vec!["model.embed_tokens.weight", "model.norm.weight"];
        if !self.config.tied_head {
            names.push("lm_head.weight");
        }
        for name in names {
            self.writer.write(name, &self.source.read_f32(name)?)?;
        }
        Ok(())
    }

    fn place(&self, index: usize) -> Place {
        Place::new(&self.path(index), self.config.layout())
    }

    /// Gives back the source and the writer.
    pub fn into_parts(self) -> (Checkpoint, CheckpointWriter) {
        (self.source, self.writer)
    }
}

impl BlockStore for LlamaStore {
    type Block = LlamaBlock;
    type Flow = Tensor<3>;
    type Error = ModelError;

    fn n_blocks(&self) -> usize {
        self.config.n_blocks
    }

    fn path(&self, index: usize) -> String {
        format!("model.layers.{index}")
    }

    fn load(&self, index: usize) -> Result<LlamaBlock, ModelError> {
        if index >= self.config.n_blocks {
            return Err(ModelError::BlockOutOfRange {
                index,
                n_blocks: self.config.n_blocks,
            });
        }
        let empty = LlamaBlock::new(&self.config, &self.device);
        if index < self.n_stored {
            fill(empty, self.place(index), &|name| Ok(self.writer.read_f32(name)?))
        } else {
            fill(empty, self.place(index), &|name| Ok(self.source.read_f32(name)?))
        }
    }

    fn forward(&self, block: &LlamaBlock, hidden: Tensor<3>, observer: &mut dyn Observer) -> Tensor<3> {
        if hidden.is_autodiff() {
            return block.forward(hidden, &self.positions.tracked(), observer);
        }
        block.forward(hidden, &self.positions, observer)
    }

    fn observe(&self, block: &LlamaBlock, hidden: Tensor<3>, observer: &mut dyn Observer) {
        block.observe(hidden, &self.positions, observer);
    }

    fn store(&mut self, index: usize, block: LlamaBlock) -> Result<LlamaBlock, ModelError> {
        block.check_savable(index)?;
        write_module(&block, self.place(index), &self.writer)?;
        self.writer.sync()?;
        self.n_stored = self.n_stored.max(index + 1);
        self.load(index)
    }
}
