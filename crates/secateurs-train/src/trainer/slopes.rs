//! Sums of gradients.

use burn::tensor::Tensor;

use super::config::Residence;
use super::parameters;
use crate::states::squares;

/// Sums of gradients over micro-batches, parameter by parameter.
pub(crate) enum Slopes {
    None,
    Host(Vec<Vec<f32>>),
    Device(Vec<Tensor<1>>),
}

impl Slopes {
    pub(crate) fn add(&mut self, gradients: Vec<Tensor<1>>, residence: Residence) {
        match (&mut *self, residence) {
            (Self::None, Residence::Host) => *self = Self::Host(parameters::read_all(gradients)),
            (Self::None, Residence::Device) => *self = Self::Device(gradients),
            (Self::Host(sums), _) => {
                for (sum, gradient) in sums.iter_mut().zip(parameters::read_all(gradients)) {
                    sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
                }
            }
            (Self::Device(sums), _) => {
                for (sum, gradient) in sums.iter_mut().zip(gradients) {
                    *sum = sum.clone() + gradient;
                }
            }
        }
    }

    /// The sum of squares of each gradient.
    pub(crate) fn squares(&self) -> Vec<f64> {
        match self {
            Self::None => Vec::new(),
            Self::Host(gradients) => gradients.iter().map(|gradient| squares(gradient)).collect(),
            Self::Device(gradients) => {
                let sums = gradients.iter().map(|gradient| gradient.clone().square().sum());
                let sums = parameters::read_all(sums.collect());
                sums.iter().map(|sum| f64::from(sum[0])).collect()
            }
        }
    }
}
