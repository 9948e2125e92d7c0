//! The function that a pruned student should reproduce.

use crate::block::Block;
use crate::draws::frame::{Draws, Frame};
use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, at_least_one, same_size};
use crate::matrix::{product, rows};
use crate::mixture::Mixture;

/// The function that a pruned student should reproduce.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// A mixture, such as the teacher.
    Mixture(&'a Mixture),
    /// Any function of a row, `[d_input]`.
    Function(&'a (dyn Fn(&[f64]) -> f64 + Sync)),
    /// The function of the student itself, where no better target is known.
    OwnOutput,
}

/// Rows that are drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FreshRows {
    pub(crate) count: usize,
    /// Seed of the rows: equal seeds give equal rows.
    pub(crate) seed: u64,
}

/// The loss `1/2 mean (f(x) - y(x))^2` over fresh rows `x ~ N(0, I)`.
///
/// Of [`Target::OwnOutput`] this is zero.
///
/// # Errors
///
/// If there are no rows, or a target mixture has another number of dimensions.
pub fn loss(mixture: &Mixture, target: Target<'_>, n_rows: usize, seed: u64) -> Result<f64> {
    at_least_one("the number of rows", n_rows)?;
    target.check(mixture)?;
    let stream = Stream {
        seed,
        purpose: Purpose::TestRows,
    };
    let of_mixture = Outputs::new(mixture);
    let target = target.outputs(mixture);
    let squares = |drawn: &[f64]| -> f64 {
        let (outputs, targets) = (of_mixture.of(drawn), target(drawn));
        let differences = outputs.iter().zip(&targets).map(|(output, target)| output - target);
        differences.map(|difference| difference * difference).sum()
    };
    let sums = stream.blocks(0, [n_rows, mixture.d_input()], squares);
    Ok(0.5 * sums.iter().sum::<f64>() / n_rows as f64)
}

impl<'a> Target<'a> {
    /// Refuses a mixture of other dimensions.
    pub(crate) fn check(self, student: &Mixture) -> Result<()> {
        match self {
            Self::Mixture(mixture) => same_size(
                "dimensions of the target, as of the student",
                student.d_input(),
                mixture.d_input(),
            ),
            Self::Function(_) | Self::OwnOutput => Ok(()),
        }
    }

    /// The way in which targets are computed.
    pub(crate) fn outputs(self, student: &'a Mixture) -> OfRows<'a> {
        match self {
            Self::Mixture(mixture) => {
                let outputs = Outputs::new(mixture);
                Box::new(move |drawn| outputs.of(drawn))
            }
            Self::OwnOutput => Self::Mixture(student).outputs(student),
            Self::Function(function) => {
                let d_input = student.d_input();
                Box::new(move |drawn| drawn.chunks_exact(d_input).map(function).collect())
            }
        }
    }
}

/// Targets of rows, `[n_rows, d_input]` in memory.
pub(crate) type OfRows<'a> = Box<dyn Fn(&[f64]) -> Vec<f64> + Sync + 'a>;

/// A mixture prepared for evaluation on many rows.
pub(crate) struct Outputs<'a> {
    mixture: &'a Mixture,
    frame: Frame,
}

impl<'a> Outputs<'a> {
    pub(crate) fn new(mixture: &'a Mixture) -> Self {
        Self {
            mixture,
            frame: Frame::new(&[mixture], Draws::Rows),
        }
    }

    /// Gates and activations on rows, `[n_rows, d_input]` in memory.
    pub(crate) fn block(&self, drawn: &[f64]) -> Block {
        let inputs = rows(drawn, self.mixture.d_input());
        Block::new(product(inputs, self.frame.coordinates.as_ref()).as_ref())
    }

    /// The mixture `f` on rows.
    fn of(&self, drawn: &[f64]) -> Vec<f64> {
        self.block(drawn).outputs(&self.mixture.weights)
    }
}
