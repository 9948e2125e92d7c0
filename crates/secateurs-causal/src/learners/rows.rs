//! A study as tensors, and the loss of networks on it.

use burn::tensor::{Device, Tensor, activation};
use secateurs_kan::Scale;

use crate::data::study::Study;
use crate::error::Arm;
use crate::learners::base::Network;
use crate::learners::learner::Learner;
use crate::learners::place::Place;

/// Rows of a study as tensors for a learner.
#[derive(Debug, Clone)]
pub(crate) struct LearnerRows {
    /// Inputs of all rows, for grids and penalties: `[n, d_network]`.
    pub(crate) inputs: Tensor<2>,
    parts: Vec<Part>,
}

/// Rows that one network predicts.
#[derive(Debug, Clone)]
struct Part {
    network: usize,
    /// Inputs, `[m, d_network]`.
    inputs: Tensor<2>,
    /// Outcomes, `[m, 1]`.
    outcome: Tensor<2>,
    /// Treatments, `[m, 1]`.
    treatment: Tensor<2>,
    /// Weight of each squared error: `[m, 1]`, or `[m, 2]` for an output for each arm.
    weights: Tensor<2>,
}

impl LearnerRows {
    /// Converts rows; their outcomes are put on a scale. A network of a T-learner predicts the rows of its arm.
    pub(crate) fn new(study: &Study, learner: Learner, scale: Scale, place: &Place) -> Self {
        let treatment = study.treatment();
        let all = inputs(study.x(), study.d_input(), learner, |row| treatment[row]);
        let parts = match learner {
            Learner::T => Arm::BOTH
                .map(|arm| (learner.head(arm).network, study.rows_of(arm)))
                .to_vec(),
            _ => vec![(0, (0..study.rows()).collect())],
        };
        let d_network = learner.d_network(study.d_input());
        let conversion = Conversion {
            study,
            learner,
            inputs: &all,
            scale,
            place,
        };
        let parts = parts.into_iter().map(|(network, rows)| conversion.part(network, &rows));
        Self {
            parts: parts.collect(),
            inputs: place.tensor(all.clone(), d_network),
        }
    }

    /// Keeps only the rows that one network predicts; that network becomes number 0. `inputs` still hold all rows.
    pub(crate) fn of_network(mut self, number: usize) -> Self {
        self.parts.retain(|part| part.network == number);
        self.parts.iter_mut().for_each(|part| part.network = 0);
        self
    }

    /// Moves the rows to a device.
    pub(crate) fn on(&self, device: &Device) -> Self {
        let moved = |tensor: &Tensor<2>| tensor.clone().to_device(device);
        let part = |part: &Part| Part {
            network: part.network,
            inputs: moved(&part.inputs),
            outcome: moved(&part.outcome),
            treatment: moved(&part.treatment),
            weights: moved(&part.weights),
        };
        Self {
            inputs: moved(&self.inputs),
            parts: self.parts.iter().map(part).collect(),
        }
    }

    /// The loss: `sum_i sum_a weight_{i,a} (mu_a(x_i) - y_i)^2`, and for Dragon the mean cross-entropy of the
    /// propensity, times its weight.
    pub(crate) fn loss<N: Network>(&self, learner: Learner, networks: &[N], propensity_weight: f64) -> Tensor<1> {
        let losses = self.parts.iter().map(|part| {
            let outputs = networks[part.network].forward(part.inputs.clone());
            part.loss(learner, outputs, propensity_weight)
        });
        losses.reduce(|sum, loss| sum + loss).expect("a study has both arms")
    }
}

/// Converts rows of a study to tensors.
struct Conversion<'a> {
    study: &'a Study,
    learner: Learner,
    /// All rows in the form of the networks' inputs.
    inputs: &'a [f64],
    /// The scale of outcomes.
    scale: Scale,
    place: &'a Place,
}

impl Conversion<'_> {
    fn part(&self, network: usize, rows: &[usize]) -> Part {
        let Self {
            study,
            learner,
            inputs,
            scale,
            place,
        } = *self;
        let d_network = learner.d_network(study.d_input());
        let of_row = |row: &usize| &inputs[row * d_network..(row + 1) * d_network];
        let shares = shares(study, learner);
        let weights = |row: &usize| {
            let own = study.arm(*row);
            match learner {
                Learner::S | Learner::T => vec![shares[own.index()]],
                Learner::Tar | Learner::Dragon => {
                    let of = |arm: Arm| if arm == own { shares[arm.index()] } else { 0.0 };
                    Arm::BOTH.map(of).to_vec()
                }
            }
        };
        let weights: Vec<f64> = rows.iter().flat_map(weights).collect();
        let n_outcomes = weights.len() / rows.len();
        let treatment = study.treatment();
        let column = |value: &dyn Fn(usize) -> f64| place.tensor(rows.iter().map(|row| value(*row)).collect(), 1);
        Part {
            network,
            inputs: place.tensor(rows.iter().flat_map(of_row).copied().collect(), d_network),
            outcome: column(&|row| scale.scaled(study.outcome()[row])),
            treatment: column(&|row| treatment[row]),
            weights: place.tensor(weights, n_outcomes),
        }
    }
}

impl Part {
    fn loss(&self, learner: Learner, outputs: Tensor<2>, propensity_weight: f64) -> Tensor<1> {
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

/// Weight of the squared error of a row of each arm: one over the number of rows of its arm, or of all rows for an
/// S-learner.
pub(crate) fn shares(study: &Study, learner: Learner) -> [f64; 2] {
    Arm::BOTH.map(|arm| match learner {
        Learner::S => 1.0 / study.rows() as f64,
        _ => 1.0 / study.n_of(arm) as f64,
    })
}

/// Inputs of the networks, row-major: covariates, and for an S-learner the treatment.
pub(crate) fn inputs(x: &[f64], d_input: usize, learner: Learner, treatment: impl Fn(usize) -> f64) -> Vec<f64> {
    if learner != Learner::S {
        return x.to_vec();
    }
    let rows = x.chunks_exact(d_input).enumerate();
    rows.flat_map(|(row, x)| x.iter().copied().chain([treatment(row)]))
        .collect()
}

/// The cross-entropy `-mean (t log e + (1 - t) log (1 - e))` with `e = 1 / (1 + exp(-logit))`.
fn cross_entropy(logit: Tensor<2>, treatment: Tensor<2>) -> Tensor<1> {
    let treated = activation::log_sigmoid(logit.clone()) * treatment.clone();
    let control = activation::log_sigmoid(-logit) * (-treatment + 1.0);
    -(treated + control).mean()
}
