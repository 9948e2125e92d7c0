//! Blocks of two linears, in burn and in loops.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use secateurs_tensor::{Observer, PathRules, WeightMatrix, read_weights, replace_weights};
use secateurs_testkit::naive;

use super::{Block, matrix, widen};

/// `x + down(up(x))`, without biases.
#[derive(Module, Debug)]
pub struct Perceptron {
    pub up: Linear,
    pub down: Linear,
}

pub const WIDTH: usize = 6;
pub const HIDDEN: usize = 8;

impl Perceptron {
    pub fn new(seed: u64, device: &Device) -> Self {
        let linear = |d_input, d_output| LinearConfig::new(d_input, d_output).with_bias(false).init(device);
        let block = Self {
            up: linear(WIDTH, HIDDEN),
            down: linear(HIDDEN, WIDTH),
        };
        let weights = [
            ("up.weight".to_owned(), matrix(seed, [HIDDEN, WIDTH])),
            ("down.weight".to_owned(), matrix(seed + 1, [WIDTH, HIDDEN])),
        ];
        replace_weights(block, weights.into()).expect("the weights fit")
    }
}

impl Block for Perceptron {
    type Flow = Tensor<2>;

    fn run(&self, input: Tensor<2>, observer: &mut dyn Observer) -> Tensor<2> {
        observer.observe(&["up.weight"], &input);
        let hidden = self.up.forward(input.clone());
        observer.observe(&["down.weight"], &hidden);
        input + self.down.forward(hidden)
    }
}

/// The block in loops.
#[derive(Clone)]
pub struct Loops {
    pub up: Vec<f64>,
    pub down: Vec<f64>,
}

/// One of the two linears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Up,
    Down,
}

impl Part {
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    pub fn path(self) -> &'static str {
        match self {
            Self::Up => "up.weight",
            Self::Down => "down.weight",
        }
    }

    pub fn d_input(self) -> usize {
        match self {
            Self::Up => WIDTH,
            Self::Down => HIDDEN,
        }
    }
}

impl Loops {
    pub fn of(block: &Perceptron) -> Self {
        let weight = |linear: &Linear| widen(WeightMatrix::from_linear(&linear.weight.val()).values());
        Self {
            up: weight(&block.up),
            down: weight(&block.down),
        }
    }

    pub fn part(&self, part: Part) -> &Vec<f64> {
        match part {
            Part::Up => &self.up,
            Part::Down => &self.down,
        }
    }

    pub fn with(&self, part: Part, weights: &[f64]) -> Self {
        let mut changed = self.clone();
        match part {
            Part::Up => changed.up = weights.to_vec(),
            Part::Down => changed.down = weights.to_vec(),
        }
        changed
    }

    /// What `down` reads of one sample `[n_tokens, WIDTH]`.
    pub fn hidden(&self, sample: &[f64]) -> Vec<f64> {
        naive::multiply(sample, &transposed(&self.up, WIDTH), WIDTH)
    }

    pub fn forward(&self, sample: &[f64]) -> Vec<f64> {
        let change = naive::multiply(&self.hidden(sample), &transposed(&self.down, HIDDEN), HIDDEN);
        sample.iter().zip(change).map(|(x, change)| x + change).collect()
    }
}

fn transposed(matrix: &[f64], d_input: usize) -> Vec<f64> {
    let d_output = matrix.len() / d_input;
    (0..d_input)
        .flat_map(|input| (0..d_output).map(move |output| matrix[output * d_input + input]))
        .collect()
}

/// What survives in a block, by where it is not zero.
pub fn survivors(block: &Perceptron, part: Part) -> Vec<bool> {
    let weights = read_weights(block, &PathRules::default());
    let found = weights.iter().find(|(path, _)| path == part.path());
    let (_, weight) = found.expect("the block has both linears");
    weight.values().iter().map(|value| *value != 0.0).collect()
}
