//! The seam of a family of models: everything that jobs know of a model.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::llama::ConfigError;
use secateurs_data::{Checkpoint, DataError, TensorKind, TensorPlan};
use secateurs_tensor::Observer;
use serde_json::Value;

use crate::{MixtureShape, ModelError, TransformerShape};

/// A family of models on disk; a value of the type is the shape of one model.
///
/// A family says enough to check a file, to prune it block by block ([`CheckpointStore`](crate::CheckpointStore)), to
/// pack it and to describe it. A [`LanguageModel`](crate::LanguageModel) can be trained and measured besides.
///
/// # Examples
///
/// A family whose blocks are one linear layer each, pruned from one file to another:
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::tensor::{Device, Tensor};
/// # use secateurs_data::{TensorPlan, llama::ConfigError};
/// # use secateurs_models::{CheckpointStore, Family};
/// # use secateurs_tensor::Observer;
/// struct Stack(usize);
/// impl Family for Stack {
///     type Block = Linear;
///     type Positions = ();
///     fn from_config(config: &serde_json::Value) -> Result<Self, ConfigError> {
///         config["n_blocks"].as_u64().map(|n| Self(n as usize)).ok_or(ConfigError::Missing { field: "n_blocks".into() })
///     }
///     fn planned(&self) -> Vec<TensorPlan> {
///         let block = |i| TensorPlan::linear(format!("model.layers.{i}.weight"), [8, 8]).in_block(i);
///         (0..self.0).map(block).chain([TensorPlan::embedding("embed.weight", [5, 8])]).collect()
///     }
///     fn new_block(&self, device: &Device) -> Linear { LinearConfig::new(8, 8).with_bias(false).init(device) }
///     fn positions(&self, _: usize, _: &Device) {}
///     fn forward(&self, block: &Linear, x: Tensor<3>, _: &(), observer: &mut dyn Observer) -> Tensor<3> {
///         observer.observe(&["weight"], &x.clone().flatten(0, 1));
///         x.clone() + block.forward(x)
///     }
/// }
/// # use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
/// # use secateurs_prune::{BlockPlan, SparseGpt, prune_blocks};
/// # use secateurs_tensor::PathRules;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let begin = |name: &str| {
/// #     let plan = Stack(2).planned().into_iter().map(Into::into).collect();
/// #     CheckpointWriter::create(&folder.path().join(name), plan, FloatType::F32)
/// # };
/// # let dense = begin("dense.partial")?;
/// # for tensor in Stack(2).planned() {
/// #     let values: Vec<f32> = (0..tensor.n_values()).map(|i| (1 + i * 37 % 101) as f32 / 101.0).collect();
/// #     dense.write(&tensor.name, &values)?;
/// # }
/// # dense.write_file("config.json", br#"{ "n_blocks": 2 }"#)?;
/// # dense.finish(&folder.path().join("dense"))?;
/// # let source = Checkpoint::open(&folder.path().join("dense"))?;
/// # let writer = begin("pruned.partial")?;
/// # let (method, patterns, rules) = (SparseGpt::default(), ["50%".parse()?; 2], PathRules::default());
/// # let plan = BlockPlan::new(&method, &patterns, &rules);
/// let mut store = CheckpointStore::<Stack>::new(source, writer, 4, secateurs_testkit::device())?;
/// # let hidden = store.embed(&[vec![0, 3, 1, 4]])?;
/// let report = prune_blocks(&mut store, hidden, &plan, &mut |_| {})?;
/// # assert_eq!(report.sparsity(), 0.5);
/// # store.copy_rest()?;
/// # Ok(())
/// # }
/// ```
pub trait Family: Sized {
    /// One block of a model; its parameters have the planned paths after [`block_path`](Self::block_path).
    type Block: Module;

    /// A table that all blocks use, for instance of rotary positions; `()` if there is none.
    type Positions;

    /// Reads the shape of a model out of its `config.json`.
    ///
    /// # Errors
    ///
    /// If a field is missing or wrong, or the model is of another family.
    fn from_config(config: &Value) -> Result<Self, ConfigError>;

    /// All tensors of the model, in file order: every loader, pruner, packer and writer of models follows this list.
    fn planned(&self) -> Vec<TensorPlan>;

    /// A block whose parameters have not been read yet.
    fn new_block(&self, device: &Device) -> Self::Block;

    /// The table for sequences of up to `n_tokens`.
    fn positions(&self, n_tokens: usize, device: &Device) -> Self::Positions;

    /// Applies a block and shows the input of each linear to `observer`, under the path of its weight within the block.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch, n_tokens, d_model]`
    fn forward(
        &self,
        block: &Self::Block,
        hidden: Tensor<3>,
        positions: &Self::Positions,
        observer: &mut dyn Observer,
    ) -> Tensor<3>;

    /// Shows `observer` the same inputs as [`forward`](Self::forward), without computing the block's output.
    fn observe(
        &self,
        block: &Self::Block,
        hidden: Tensor<3>,
        positions: &Self::Positions,
        observer: &mut dyn Observer,
    ) {
        self.forward(block, hidden, positions, observer);
    }

    /// Refuses a block with more state than its parameters, which no file can hold.
    ///
    /// # Errors
    ///
    /// If it is one; by default none is.
    fn check_savable(&self, _index: usize, _block: &Self::Block) -> Result<(), ModelError> {
        Ok(())
    }

    /// Number of blocks: by default the blocks in the plan.
    fn n_blocks(&self) -> usize {
        let blocks = self.planned().into_iter().filter_map(|tensor| tensor.block);
        blocks.max().map_or(0, |last| last + 1)
    }

    /// Path of block `index` in the whole model, which all paths of its parameters begin with.
    fn block_path(&self, index: usize) -> String {
        format!("model.layers.{index}")
    }

    /// The shape of the model in `checkpoint`, after a check of its tensors' names and shapes; no weight is read.
    ///
    /// # Errors
    ///
    /// As for [`from_config`](Self::from_config) and [`Checkpoint::check_tensors`].
    fn describe(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        checkpoint.check_no_adapter()?;
        let family = Self::from_config(checkpoint.config()).map_err(|source| DataError::Config {
            path: checkpoint.path().to_owned(),
            source,
        })?;
        checkpoint.check_tensors(family.planned())?;
        Ok(family)
    }

    /// The shape of the model in `checkpoint`, after a check of everything: reads every weight once.
    ///
    /// # Errors
    ///
    /// As for [`describe`](Self::describe), and [`DataError::NotFinite`].
    fn open(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let family = Self::describe(checkpoint)?;
        checkpoint.check_finite()?;
        Ok(family)
    }

    /// Embeds one sequence, the input of block 0: by default reads the rows of the planned embedding for these tokens
    /// alone.
    ///
    /// # Shapes
    ///
    /// `tokens` -> `[1, n_tokens, d_model]`
    ///
    /// # Errors
    ///
    /// If a token is outside the vocabulary, there is no embedding or it cannot be read.
    fn embed(&self, checkpoint: &Checkpoint, tokens: &[u32], device: &Device) -> Result<Tensor<3>, ModelError> {
        let embedding = embedding(self)?;
        let values = checkpoint.read_rows_f32(&embedding.name, tokens)?;
        let data = TensorData::new(values, [1, tokens.len(), embedding.shape[1]]);
        Ok(Tensor::from_data(data, device))
    }

    /// Number of tokens that the model knows: by default the number of rows of the planned embedding.
    fn vocab_size(&self) -> usize {
        embedding(self).map_or(0, |embedding| embedding.shape[0])
    }

    /// Longest sequence that the model accepts: by default no limit.
    fn max_positions(&self) -> usize {
        usize::MAX
    }

    /// Multiply-accumulate operations of the matrices that one token passes, zeros included; by default every linear
    /// counts once.
    fn macs_per_token(&self) -> u64 {
        let linears = self
            .planned()
            .into_iter()
            .filter(|tensor| tensor.kind == TensorKind::Linear);
        linears.map(|tensor| tensor.n_values() as u64).sum()
    }

    /// Widths and heads, if the family is one of transformers.
    fn transformer(&self) -> Option<TransformerShape> {
        None
    }

    /// Experts, if the model is a mixture.
    fn mixture(&self) -> Option<MixtureShape> {
        None
    }
}

/// The planned embedding.
fn embedding<F: Family>(family: &F) -> Result<TensorPlan, ModelError> {
    let mut planned = family.planned().into_iter();
    let found = planned.find(|tensor| tensor.kind == TensorKind::Embedding);
    found.ok_or(ModelError::NoEmbedding)
}
