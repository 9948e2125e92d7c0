//! A trained learner.

use burn::tensor::Tensor;

use crate::data::study::{Outcomes, Study, check_covariates};
use crate::error::Arm;
use crate::learners::base::Network;
use crate::learners::learner::{Head, Learner};
use crate::learners::place::Place;
use crate::learners::rows::inputs;
use crate::measures::metrics::factual_error;
use crate::{CausalError, Result};

/// Networks that predict outcomes without and with treatment, in the units of the study that they were trained on.
///
/// The networks can be taken out and changed, to prune them or to give them formulas: [`head`](Self::head) locates the
/// output of an arm, by its network and inputs.
#[derive(Debug, Clone)]
pub struct EffectModel<N> {
    learner: Learner,
    d_input: usize,
    networks: Vec<N>,
}

impl<N: Network> EffectModel<N> {
    /// Wraps existing networks, such as ones read from a file.
    ///
    /// # Errors
    ///
    /// If the learner has another number of networks, or of inputs or outputs.
    pub fn new(learner: Learner, d_input: usize, networks: Vec<N>) -> Result<Self> {
        let wrong = |what, expected, got| Err(CausalError::Shape { what, expected, got });
        if networks.len() != learner.n_networks() {
            return wrong("networks", learner.n_networks(), networks.len());
        }
        for network in &networks {
            let [inputs, outputs] = network.shape();
            if inputs != learner.d_network(d_input) {
                return wrong("inputs of a network", learner.d_network(d_input), inputs);
            }
            if outputs != learner.outputs().len() {
                return wrong("outputs of a network", learner.outputs().len(), outputs);
            }
        }
        Ok(Self {
            learner,
            d_input,
            networks,
        })
    }

    /// The learner.
    pub fn learner(&self) -> Learner {
        self.learner
    }

    /// Number of covariates.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// The networks.
    pub fn networks(&self) -> &[N] {
        &self.networks
    }

    /// Takes the networks out of the model.
    pub fn into_networks(self) -> Vec<N> {
        self.networks
    }

    /// Location of the outcome of an arm.
    pub fn head(&self, arm: Arm) -> Head {
        self.learner.head(arm)
    }

    /// Location of the logit of the probability of treatment; only Dragon has one.
    pub fn propensity_head(&self) -> Option<Head> {
        self.learner.propensity_head()
    }

    /// Replaces the networks by others of the same shape; each is made from its predecessor and its number.
    ///
    /// # Errors
    ///
    /// The errors of the function, or if a network has other numbers of inputs or outputs.
    pub fn map_networks<E: Into<CausalError>>(self, mut map: impl FnMut(usize, N) -> Result<N, E>) -> Result<Self> {
        let networks = self.networks.into_iter().enumerate();
        let networks = networks.map(|(number, network)| map(number, network).map_err(Into::into));
        Self::new(self.learner, self.d_input, networks.collect::<Result<_>>()?)
    }

    /// Inputs of the networks for a study: covariates, and for an S-learner the actual treatment of each row;
    /// `[rows, inputs]`.
    ///
    /// # Errors
    ///
    /// If the study has other covariates.
    pub fn network_inputs(&self, study: &Study) -> Result<Tensor<2>> {
        study.check_d_input(self.d_input)?;
        let treatment = study.treatment();
        Ok(self.inputs(study.x(), |row| treatment[row]))
    }

    /// Expected outcomes without and with treatment of rows, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        check_covariates(x, self.d_input)?;
        Ok(Outcomes {
            mu0: self.values(x, self.head(Arm::Control)),
            mu1: self.values(x, self.head(Arm::Treated)),
        })
    }

    /// Effects, `mu1 - mu0`, of rows.
    ///
    /// # Errors
    ///
    /// As [`outcomes`](Self::outcomes).
    pub fn effects(&self, x: &[f64]) -> Result<Vec<f64>> {
        Ok(self.outcomes(x)?.effects())
    }

    /// Probabilities of treatment of rows; none unless the learner is Dragon.
    ///
    /// # Errors
    ///
    /// As [`outcomes`](Self::outcomes).
    pub fn propensity(&self, x: &[f64]) -> Result<Option<Vec<f64>>> {
        check_covariates(x, self.d_input)?;
        let probability = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        let head = self.propensity_head();
        Ok(head.map(|head| self.values(x, head).into_iter().map(probability).collect()))
    }

    /// The root mean squared error of the observed outcomes: `sqrt(mean_i (mu_{t_i}(x_i) - y_i)^2)`. It can be known
    /// without the true effects.
    ///
    /// # Errors
    ///
    /// If the study has other covariates.
    pub fn factual_error(&self, study: &Study) -> Result<f64> {
        study.check_d_input(self.d_input)?;
        Ok(factual_error(&self.outcomes(study.x())?, study)?.sqrt())
    }

    fn values(&self, x: &[f64], head: Head) -> Vec<f64> {
        let inputs = self.inputs(x, |_| head.treatment.unwrap_or_default());
        let outputs = self.networks[head.network].forward(inputs);
        outputs.narrow(1, head.output, 1).into_data().iter().collect()
    }

    fn inputs(&self, x: &[f64], treatment: impl Fn(usize) -> f64) -> Tensor<2> {
        let values = inputs(x, self.d_input, self.learner, treatment);
        let columns = self.learner.d_network(self.d_input);
        Place::of_rows(&self.networks[0]).tensor(values, columns)
    }
}
