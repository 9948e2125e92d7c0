//! The seam between the block-sequential driver and a model.

use std::error::Error;

use burn::module::Module;
use secateurs_tensor::Observer;

use crate::blocks::flow::Flow;

/// A model whose blocks are loaded and stored one at a time, so that it never has to be in memory as a whole.
///
/// # Examples
///
/// A model in memory, here a list of linear layers, is its own store:
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::tensor::{Distribution, Tensor};
/// # use secateurs_prune::{BlockPlan, BlockStore, SparseGpt, prune_blocks};
/// # use secateurs_tensor::{Observer, PathRules};
/// struct Stack(Vec<Linear>);
///
/// impl BlockStore for Stack {
///     type Block = Linear;
///     type Flow = Tensor<2>;
///     type Error = std::convert::Infallible;
///     fn n_blocks(&self) -> usize { self.0.len() }
///     fn path(&self, index: usize) -> String { format!("layers.{index}") }
///     fn load(&self, index: usize) -> Result<Linear, Self::Error> { Ok(self.0[index].clone()) }
///     fn forward(&self, block: &Linear, input: Tensor<2>, observer: &mut dyn Observer) -> Tensor<2> {
///         observer.observe(&["weight"], &input);
///         block.forward(input)
///     }
///     fn store(&mut self, index: usize, block: Linear) -> Result<Linear, Self::Error> {
///         self.0[index] = block.clone();
///         Ok(block)
///     }
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let device = secateurs_testkit::device();
/// # let mut stack = Stack((0..3).map(|_| LinearConfig::new(8, 8).init(&device)).collect());
/// # let calibration = vec![Tensor::random([64, 8], Distribution::Default, &device)];
/// # let (method, patterns, rules) = (SparseGpt::default(), ["50%".parse()?; 3], PathRules::default());
/// # let plan = BlockPlan::new(&method, &patterns, &rules);
/// let report = prune_blocks(&mut stack, calibration, &plan, &mut |_| {})?;
/// assert_eq!(report.sparsity(), 0.5);
/// # Ok(())
/// # }
/// ```
///
/// A convolution is observed through the patches that it reads, `observer.observe(&["conv.weight"],
/// &conv_patches(&block.conv, &input))`: see [`conv_patches`](secateurs_tensor::conv_patches).
pub trait BlockStore {
    /// The type of a block.
    type Block: Module;
    /// The value that one block hands to the next: `Tensor<3>` for `[batch, n_tokens, d_model]`, `Tensor<4>` for
    /// `[batch, channels, height, width]`, or a pair of flows.
    type Flow: Flow;
    /// Error of reading or writing a block.
    type Error: Error + Send + Sync + 'static;

    /// Number of blocks.
    fn n_blocks(&self) -> usize;

    /// Path of block `index` in the whole model, for instance `model.layers.3`.
    fn path(&self, index: usize) -> String;

    /// The dense block `index`, or the pruned one once it was stored.
    ///
    /// # Errors
    ///
    /// If the block cannot be read.
    fn load(&self, index: usize) -> Result<Self::Block, Self::Error>;

    /// Applies a block and shows the input of each linear to `observer`, under the path of the linear's weight within
    /// the block (for instance `mlp.up_proj.weight`).
    fn forward(&self, block: &Self::Block, input: Self::Flow, observer: &mut dyn Observer) -> Self::Flow;

    /// Shows `observer` the same inputs as [`forward`](Self::forward), without computing the block's output.
    ///
    /// A model whose last linear is expensive saves its product here.
    fn observe(&self, block: &Self::Block, input: Self::Flow, observer: &mut dyn Observer) {
        self.forward(block, input, observer);
    }

    /// Stores the pruned block `index` and returns it as stored, with the rounding of the stored number format.
    ///
    /// # Errors
    ///
    /// If the block cannot be written.
    fn store(&mut self, index: usize, block: Self::Block) -> Result<Self::Block, Self::Error>;
}
