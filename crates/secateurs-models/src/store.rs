//! A model on disk, block by block.

use burn::tensor::{Device, Tensor};
use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_prune::BlockStore;
use secateurs_tensor::Observer;

use crate::{Family, ModelError, TensorMap};

/// Reads dense blocks from one checkpoint and writes pruned ones to another; holds no block itself.
pub struct CheckpointStore<F: Family> {
    source: Checkpoint,
    writer: CheckpointWriter,
    family: F,
    tensors: TensorMap,
    positions: F::Positions,
    n_blocks: usize,
    n_stored: usize,
    device: Device,
}

impl<F: Family> CheckpointStore<F> {
    /// A store for sequences of up to `n_tokens`, with no block in `writer` yet.
    ///
    /// # Errors
    ///
    /// If the source is not of the family, or not whole; see [`Family::open`].
    pub fn new(
        source: Checkpoint,
        writer: CheckpointWriter,
        n_tokens: usize,
        device: Device,
    ) -> Result<Self, ModelError> {
        let family = F::open(&source)?;
        Ok(Self {
            source,
            writer,
            tensors: TensorMap::new(family.planned()),
            positions: family.positions(n_tokens, &device),
            n_blocks: family.n_blocks(),
            family,
            n_stored: 0,
            device,
        })
    }

    /// Marks the first `n_stored` blocks as written by an earlier run.
    pub fn resumed_after(self, n_stored: usize) -> Self {
        Self { n_stored, ..self }
    }

    /// The shape of the model.
    pub fn family(&self) -> &F {
        &self.family
    }

    /// Embeds token sequences, the input of block 0: one tensor `[1, n_tokens, d_model]` per sequence.
    ///
    /// # Errors
    ///
    /// As for [`Family::embed`].
    pub fn embed(&self, sequences: &[Vec<u32>]) -> Result<Vec<Tensor<3>>, ModelError> {
        let embed_one = |tokens: &Vec<u32>| self.family.embed(&self.source, tokens, &self.device);
        sequences.iter().map(embed_one).collect()
    }

    /// Copies every tensor outside the blocks from the source to the writer.
    ///
    /// # Errors
    ///
    /// If reading or writing fails.
    pub fn copy_rest(&self) -> Result<(), ModelError> {
        let planned = self.family.planned();
        for tensor in planned.iter().filter(|tensor| tensor.block.is_none()) {
            self.writer.write(&tensor.name, &self.source.read_f32(&tensor.name)?)?;
        }
        Ok(())
    }

    /// Gives back the source and the writer.
    pub fn into_parts(self) -> (Checkpoint, CheckpointWriter) {
        (self.source, self.writer)
    }
}

impl<F: Family> BlockStore for CheckpointStore<F> {
    type Block = F::Block;
    type Flow = Tensor<3>;
    type Error = ModelError;

    fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    fn path(&self, index: usize) -> String {
        self.family.block_path(index)
    }

    fn load(&self, index: usize) -> Result<F::Block, ModelError> {
        if index >= self.n_blocks {
            return Err(ModelError::BlockOutOfRange {
                index,
                n_blocks: self.n_blocks,
            });
        }
        let (empty, path) = (self.family.new_block(&self.device), self.path(index));
        if index < self.n_stored {
            self.tensors.fill(empty, &path, &|name| Ok(self.writer.read_f32(name)?))
        } else {
            self.tensors.fill(empty, &path, &|name| Ok(self.source.read_f32(name)?))
        }
    }

    fn forward(&self, block: &F::Block, hidden: Tensor<3>, observer: &mut dyn Observer) -> Tensor<3> {
        self.family.forward(block, hidden, &self.positions, observer)
    }

    fn observe(&self, block: &F::Block, hidden: Tensor<3>, observer: &mut dyn Observer) {
        self.family.observe(block, hidden, &self.positions, observer);
    }

    fn store(&mut self, index: usize, block: F::Block) -> Result<F::Block, ModelError> {
        self.family.check_savable(index, &block)?;
        self.tensors.write(&block, &self.path(index), &self.writer)?;
        self.writer.sync()?;
        self.n_stored = self.n_stored.max(index + 1);
        self.load(index)
    }
}
