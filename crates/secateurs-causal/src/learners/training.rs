//! Training of a learner.

use burn::tensor::{Device, Tensor};
use secateurs_kan::{KanError, Objective, Scale, Schedule, StepLog, minimise};
use serde::{Deserialize, Serialize};

use crate::data::study::Study;
use crate::learners::base::{Base, Network, Output};
use crate::learners::batch::{Batch, Place, inputs};
use crate::learners::effect_model::EffectModel;
use crate::learners::learner::Learner;
use crate::learners::studies::Studies;
use crate::{CausalError, Result};

/// Units that outcomes are trained in. Predictions are in the units of the study in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeUnits {
    /// With mean 0 and deviation 1 over the training rows and the longer tail positive, so that learning rates and penalties mean
    /// the same for all studies. The networks take the units back.
    #[default]
    Standardised,
    /// As they are.
    AsGiven,
}

/// How to train a learner.
///
/// All rows are one batch. Networks compute with scaled covariates, in the units of the rows that they were first trained on, and
/// with scaled outcomes, and speak in the units of the study: `a x + b` and `c y + d` give the same model, up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearnerConfig {
    /// Which learner.
    pub learner: Learner,
    /// How long, and with which optimizer.
    pub schedule: Schedule,
    /// Seed of the first network; each further one has the next.
    pub seed: u64,
    /// Units of the outcomes while training.
    pub units: OutcomeUnits,
    /// Weight of the cross-entropy of Dragon's propensity.
    pub propensity_weight: f64,
}

/// A trained learner and its steps.
pub type Trained<N> = (EffectModel<N>, Vec<StepLog>);

impl LearnerConfig {
    /// Seed 0, standardised outcomes, propensities with weight 1.
    pub fn new(learner: Learner, schedule: Schedule) -> Self {
        Self {
            learner,
            schedule,
            seed: 0,
            units: OutcomeUnits::default(),
            propensity_weight: 1.0,
        }
    }

    /// This configuration with another seed.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Trains new networks on the rows of a study. The rows of a second study, if there is one, decide when to stop and which
    /// weights to keep (see [`Schedule`]).
    ///
    /// Loss: see [`Learner`], plus the penalties of the networks. Networks of a T-learner are trained at once: their losses and
    /// penalties are added, and no row of one arm moves the network of the other, but for its grids and its penalty, which see all
    /// covariates.
    ///
    /// # Errors
    ///
    /// If an arm of the study has fewer than two rows, a covariate is the treatment or separates the arms, the second study has
    /// other covariates, the base describes no network, or the loss leaves the finite numbers.
    ///
    /// # References
    ///
    /// Künzel et al., *Metalearners for estimating heterogeneous treatment effects*, 2019, arXiv:1706.03461 (S, T); Shalit et
    /// al., 2017, arXiv:1606.03976 (TARNet); Shi et al., *Adapting Neural Networks for the Estimation of Treatment Effects*,
    /// 2019, arXiv:1906.02120 (Dragonnet).
    /// **Deviates:** as in causalKANs (arXiv:2509.22467), arms count the same whatever their size, and Dragonnet has no targeted
    /// regularisation.
    pub fn fit<B: Base>(
        &self,
        base: &B,
        studies: Studies<'_>,
        device: &Device,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<Trained<B::Network>> {
        let d_input = studies.train.d_input();
        let learner = self.learner;
        let treatment = studies.train.treatment();
        let rows = inputs(studies.train.x(), d_input, learner, |row| treatment[row]);
        let network = |number: usize| {
            let seed = self.seed.wrapping_add(number as u64);
            let network = base.init(learner.d_network(d_input), learner.outputs(), seed, device)?;
            Ok(network.with_scales_of(&rows)?)
        };
        let networks = (0..learner.n_networks()).map(network).collect::<Result<Vec<_>>>()?;
        let (networks, log) = self.train(base, Networks::all(networks), studies, listener)?;
        Ok((EffectModel::new(learner, d_input, networks)?, log))
    }

    /// Trains the networks of a model on, such as after pruning. The learner is the model's.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), or if the model is for other covariates.
    pub fn retrain<B: Base>(
        &self,
        base: &B,
        model: EffectModel<B::Network>,
        studies: Studies<'_>,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<Trained<B::Network>> {
        let (learner, d_input) = (model.learner(), model.d_input());
        studies.train.check_d_input(d_input)?;
        let networks = Networks::all(model.into_networks());
        let (networks, log) = Self { learner, ..*self }.train_on(base, networks, studies, listener)?;
        Ok((EffectModel::new(learner, d_input, networks)?, log))
    }

    /// Trains one network of a model on by itself, by its number: the network of an arm does not depend on the other's. The
    /// learner is the configuration's.
    pub(crate) fn retrain_network<B: Base>(
        &self,
        base: &B,
        number: usize,
        network: B::Network,
        studies: Studies<'_>,
    ) -> Result<B::Network> {
        let networks = Networks {
            networks: vec![network],
            only: Some(number),
        };
        let (mut networks, _) = self.train_on(base, networks, studies, &mut |_| ())?;
        Ok(networks.swap_remove(0))
    }

    /// Trains networks whose outputs are in the units of the study.
    fn train_on<B: Base>(
        &self,
        base: &B,
        trained: Networks<B::Network>,
        studies: Studies<'_>,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<(Vec<B::Network>, Vec<StepLog>)> {
        let scale = self.scale_of(studies.train);
        let (factor, shift) = (1.0 / scale.size(), -scale.centre() / scale.size());
        let trained = Networks {
            networks: mapped(trained.networks, self.learner, factor, shift)?,
            ..trained
        };
        self.train(base, trained, studies, listener)
    }

    /// Trains networks whose outputs are in training units.
    fn train<B: Base>(
        &self,
        base: &B,
        trained: Networks<B::Network>,
        studies: Studies<'_>,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<(Vec<B::Network>, Vec<StepLog>)> {
        let study = studies.train;
        let Networks { networks, only } = trained;
        study.check_arms()?;
        study.check_overlap()?;
        let scale = self.scale_of(study);
        let place = Place::of_rows(&networks[0]);
        let batch = |study: &Study| {
            let batch = Batch::new(study, self.learner, scale, &place);
            match only {
                None => batch,
                Some(number) => batch.of_network(number),
            }
        };
        let validation = studies.validation.map(|rows| {
            rows.check_d_input(study.d_input())?;
            Ok::<_, CausalError>(batch(rows))
        });
        let mut objective = ArmErrors {
            base,
            config: self,
            batch: batch(study),
            validation: validation.transpose()?,
            prepared: Vec::new(),
        };
        let (networks, log) = minimise(networks, &mut objective, &self.schedule, listener)?;
        Ok((mapped(networks, self.learner, scale.size(), scale.centre())?, log))
    }

    /// The scale on which outcomes are trained.
    fn scale_of(&self, study: &Study) -> Scale {
        match self.units {
            OutcomeUnits::AsGiven => Scale::default(),
            OutcomeUnits::Standardised => Scale::of_outcome(study.outcome()),
        }
    }
}

/// Networks to train: all of a model, or one of them.
struct Networks<N> {
    networks: Vec<N>,
    /// Number of the network that is given alone.
    only: Option<usize>,
}

impl<N> Networks<N> {
    fn all(networks: Vec<N>) -> Self {
        let only = None;
        Self { networks, only }
    }
}

/// Networks whose outcomes are mapped by a factor and a shift; logits have no units.
fn mapped<N: Network>(networks: Vec<N>, learner: Learner, factor: f64, shift: f64) -> Result<Vec<N>> {
    let map = |output: &Output| match output {
        Output::Outcome => (factor, shift),
        Output::Propensity => (1.0, 0.0),
    };
    let (scales, shifts): (Vec<f64>, Vec<f64>) = learner.outputs().iter().map(map).unzip();
    let networks = networks.into_iter();
    let mapped = networks.map(|network| network.with_outputs_mapped(&scales, &shifts));
    Ok(mapped.collect::<Result<_, KanError>>()?)
}

/// The errors of both arms, the cross-entropy of the propensity, the penalties.
struct ArmErrors<'a, B: Base> {
    base: &'a B,
    config: &'a LearnerConfig,
    batch: Batch,
    validation: Option<Batch>,
    /// For each network; none before the first step.
    prepared: Vec<B::Prepared>,
}

impl<B: Base> ArmErrors<'_, B> {
    fn error(&self, batch: &Batch, networks: &[B::Network]) -> Tensor<1> {
        batch.loss(self.config.learner, networks, self.config.propensity_weight)
    }
}

impl<B: Base> Objective<Vec<B::Network>> for ArmErrors<'_, B> {
    fn loss(&self, networks: &Vec<B::Network>, _: usize) -> Tensor<1> {
        let batch = self.batch.on(&networks[0].place().0);
        debug_assert_eq!(
            self.prepared.len(),
            networks.len(),
            "something was done before the step"
        );
        let penalties = networks
            .iter()
            .zip(&self.prepared)
            .filter_map(|(network, prepared)| self.base.penalty(network, batch.inputs.clone(), prepared));
        // Errors have the precision of the rows, penalties that of the network.
        penalties.fold(self.error(&batch, networks), |sum, penalty| {
            let dtype = sum.dtype();
            sum + penalty.cast(dtype)
        })
    }

    fn validation(&self, networks: &Vec<B::Network>) -> Option<f64> {
        let batch = self.validation.as_ref()?;
        Some(self.error(batch, networks).into_scalar())
    }

    fn before_step(&mut self, networks: Vec<B::Network>, step: usize) -> Result<(Vec<B::Network>, bool), KanError> {
        let (base, x) = (self.base, &self.batch.inputs);
        let mut any = false;
        let mut step_of = |network| {
            let (network, changed) = base.before_step(network, x, step)?;
            any |= changed;
            Ok(network)
        };
        let networks: Vec<B::Network> = networks
            .into_iter()
            .map(&mut step_of)
            .collect::<Result<_, KanError>>()?;
        if any || self.prepared.is_empty() {
            self.prepared = networks.iter().map(|network| base.prepared(network, x)).collect();
        }
        Ok((networks, any))
    }
}

#[cfg(test)]
mod tests {
    use secateurs_kan::{BasisConfig, Keep, Optimizer};

    use super::*;
    use crate::data::synthetic::Synthetic;
    use crate::learners::kan_base::KanBase;

    /// Adam takes each parameter by itself, so both networks of a T-learner move as if they were trained together.
    #[test]
    fn a_network_by_itself_is_trained_as_in_its_model() {
        let study = Synthetic::new(90).study(3).unwrap();
        let (train, validation) = study.split(0.3, 0).unwrap();
        let spline = BasisConfig::BSpline {
            degree: 3,
            n_intervals: 3,
        };
        let base = KanBase::new([2], spline).with_lambda(0.05);
        let schedule = Schedule {
            keep: Keep::Last,
            ..Schedule::new(Optimizer::Adam { learning_rate: 0.02 }, 7)
        };
        let config = LearnerConfig::new(Learner::T, schedule);
        let (model, _) = config
            .fit(&base, Studies::train_on(&train), &Device::default(), &mut |_| ())
            .unwrap();
        let studies = Studies::train_on(&train).judged_by(&validation);
        let (together, log) = config.retrain(&base, model.clone(), studies, &mut |_| ()).unwrap();
        assert_eq!(log.len(), 7);
        let x = model.network_inputs(&study).unwrap();
        let outputs =
            |network: &secateurs_kan::Kan| -> Vec<f64> { network.forward(x.clone()).into_data().iter().collect() };
        for (number, network) in model.into_networks().into_iter().enumerate() {
            let before = outputs(&network);
            let alone = config.retrain_network(&base, number, network, studies).unwrap();
            let (alone, together) = (outputs(&alone), outputs(&together.networks()[number]));
            for ((alone, together), before) in alone.iter().zip(&together).zip(&before) {
                assert!((alone - together).abs() < 1e-9, "{number}: {alone} {together}");
                assert!((alone - before).abs() > 1e-6, "{number} did not move");
            }
        }
    }
}
