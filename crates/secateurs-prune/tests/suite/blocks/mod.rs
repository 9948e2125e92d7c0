//! The driver on blocks of many kinds.

mod convolutions;
mod flows;
mod gradients;
mod perceptrons;

use std::convert::Infallible;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_prune::{BlockStore, Flow};
use secateurs_tensor::{Observer, WeightMatrix};

use crate::layers::{pattern, widen};

/// A block as the tests write it.
trait Block: Module {
    type Flow: Flow;

    fn run(&self, input: Self::Flow, observer: &mut dyn Observer) -> Self::Flow;
}

/// Blocks in memory.
struct Blocks<B>(Vec<B>);

impl<B: Block> BlockStore for Blocks<B> {
    type Block = B;
    type Flow = B::Flow;
    type Error = Infallible;

    fn n_blocks(&self) -> usize {
        self.0.len()
    }

    fn path(&self, index: usize) -> String {
        format!("blocks.{index}")
    }

    fn load(&self, index: usize) -> Result<B, Infallible> {
        Ok(self.0[index].clone())
    }

    fn forward(&self, block: &B, input: B::Flow, observer: &mut dyn Observer) -> B::Flow {
        block.run(input, observer)
    }

    fn store(&mut self, index: usize, block: B) -> Result<B, Infallible> {
        self.0[index] = block.clone();
        Ok(block)
    }
}

/// Numbers in [-1, 1) that depend on the seed alone (splitmix64).
fn uniforms(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..n)
        .map(|_| (next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0)
        .collect()
}

fn tensor<const D: usize>(seed: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    let values = uniforms(seed, shape.iter().product());
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn matrix(seed: u64, dims: [usize; 2]) -> WeightMatrix {
    WeightMatrix::new(uniforms(seed, dims[0] * dims[1]), dims).expect("the length fits")
}
