//! A study as tensors, and the loss of networks on it.

use burn::tensor::{DType, Device, Tensor, TensorData, activation};

use crate::base::Network;
use crate::error::Arm;
use crate::learner::Learner;
use crate::study::Study;

/// All rows of a study, as a learner needs them.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// `[n, d_network]`
    pub(crate) inputs: Tensor<2>,
    /// `[n, 1]`
    outcome: Tensor<2>,
    /// `[n, 1]`
    treatment: Tensor<2>,
    /// What each squared error counts; `[n, 1]` for S, `[n, 2]` for the others.
    weights: Tensor<2>,
}

impl Batch {
    /// The rows, their outcomes as `(y - shift) / scale`.
    pub(crate) fn new(study: &Study, learner: Learner, (scale, shift): (f64, f64), at: &(Device, DType)) -> Self {
        let tensor = |values: Vec<f64>, columns: usize| {
            let shape = [values.len() / columns, columns];
            Tensor::from_data(TensorData::new(values, shape), (&at.0, at.1))
        };
        let treatment = study.treatment();
        let outcome = study.outcome().iter().map(|y| (y - shift) / scale).collect();
        let d_network = learner.d_network(study.d_input());
        Self {
            inputs: tensor(
                inputs(study.x(), study.d_input(), learner, |row| treatment[row]),
                d_network,
            ),
            outcome: tensor(outcome, 1),
            weights: match learner {
                Learner::S => tensor(vec![1.0 / study.rows() as f64; study.rows()], 1),
                _ => tensor(weights(study), 2),
            },
            treatment: tensor(treatment, 1),
        }
    }

    /// The same where a tensor of the networks is.
    pub(crate) fn on(&self, device: &Device) -> Self {
        let moved = |tensor: &Tensor<2>| tensor.clone().to_device(device);
        Self {
            inputs: moved(&self.inputs),
            outcome: moved(&self.outcome),
            treatment: moved(&self.treatment),
            weights: moved(&self.weights),
        }
    }

    /// `sum_i sum_a weight_{i,a} (mu_a(x_i) - y_i)^2`, and for Dragon the mean cross-entropy of the propensity, times its weight.
    pub(crate) fn loss<N: Network>(&self, learner: Learner, networks: &[N], propensity_weight: f64) -> Tensor<1> {
        let outputs = learner.forward(networks, &self.inputs);
        let n_outcomes = self.weights.dims()[1];
        let error = outputs.clone().narrow(1, 0, n_outcomes) - self.outcome.clone();
        let loss = (error.powi_scalar(2) * self.weights.clone()).sum();
        match learner.propensity_head() {
            None => loss,
            Some(head) => {
                let logit = outputs.narrow(1, head.output, 1);
                loss + cross_entropy(logit, self.treatment.clone()) * propensity_weight
            }
        }
    }
}

/// Inputs of the networks, row-major: covariates, and for S the treatment.
pub(crate) fn inputs(x: &[f64], d_input: usize, learner: Learner, treatment: impl Fn(usize) -> f64) -> Vec<f64> {
    if learner != Learner::S {
        return x.to_vec();
    }
    let rows = x.chunks_exact(d_input).enumerate();
    rows.flat_map(|(row, x)| x.iter().copied().chain([treatment(row)]))
        .collect()
}

/// One over the size of its own arm for each row, 0 for the other arm: `[n, 2]`.
fn weights(study: &Study) -> Vec<f64> {
    let [control, treated] = [Arm::Control, Arm::Treated].map(|arm| 1.0 / study.n_of(arm) as f64);
    let of_row = |treated_row: &bool| if *treated_row { [0.0, treated] } else { [control, 0.0] };
    study.treated().iter().flat_map(of_row).collect()
}

/// `-mean (t log e + (1 - t) log (1 - e))` with `e = 1 / (1 + exp(-logit))`.
fn cross_entropy(logit: Tensor<2>, treatment: Tensor<2>) -> Tensor<1> {
    let treated = activation::log_sigmoid(logit.clone()) * treatment.clone();
    let control = activation::log_sigmoid(-logit) * (-treatment + 1.0);
    -(treated + control).mean()
}
