//! Training of a learner.

use burn::tensor::Device;
use secateurs_kan::{KanError, StepLog, minimise};

use crate::data::study::Study;
use crate::learners::arm_errors::ArmErrors;
use crate::learners::base::{Base, Network, Output};
use crate::learners::config::LearnerConfig;
use crate::learners::effect_model::EffectModel;
use crate::learners::learner::Learner;
use crate::learners::place::Place;
use crate::learners::rows::{LearnerRows, inputs};
use crate::learners::studies::Studies;
use crate::{CausalError, Result};

/// A trained learner and its steps.
pub type Trained<N> = (EffectModel<N>, Vec<StepLog>);

impl LearnerConfig {
    /// Trains new networks on the rows of a study. The rows of a second study, if there is one, decide when to stop and which
    /// weights to keep (see [`Schedule`](secateurs_kan::Schedule)).
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
        let (networks, log) = self.train(base, Trainees::all(networks), studies, listener)?;
        Ok((EffectModel::new(learner, d_input, networks)?, log))
    }

    /// Trains the networks of a model further, for instance after pruning. The learner is the model's.
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
        let networks = Trainees::all(model.into_networks());
        let (networks, log) = Self { learner, ..*self }.train_on(base, networks, studies, listener)?;
        Ok((EffectModel::new(learner, d_input, networks)?, log))
    }

    /// Trains one network of a model further, separately from the others: the network of an arm does not depend on the
    /// other arm's. The learner is the configuration's.
    pub(crate) fn retrain_network<B: Base>(
        &self,
        base: &B,
        number: usize,
        network: B::Network,
        studies: Studies<'_>,
    ) -> Result<B::Network> {
        let networks = Trainees {
            networks: vec![network],
            alone: Some(number),
        };
        let (mut networks, _) = self.train_on(base, networks, studies, &mut |_| ())?;
        Ok(networks.swap_remove(0))
    }

    /// Trains networks with outputs in the units of the study.
    fn train_on<B: Base>(
        &self,
        base: &B,
        trainees: Trainees<B::Network>,
        studies: Studies<'_>,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<(Vec<B::Network>, Vec<StepLog>)> {
        let scale = self.scale_of(studies.train);
        let to_scale = OutcomeMap {
            factor: 1.0 / scale.size(),
            shift: -scale.centre() / scale.size(),
        };
        let trainees = Trainees {
            networks: to_scale.apply(trainees.networks, self.learner)?,
            ..trainees
        };
        self.train(base, trainees, studies, listener)
    }

    /// Trains networks with outputs in training units.
    fn train<B: Base>(
        &self,
        base: &B,
        Trainees { networks, alone }: Trainees<B::Network>,
        studies: Studies<'_>,
        listener: &mut dyn FnMut(&StepLog),
    ) -> Result<(Vec<B::Network>, Vec<StepLog>)> {
        let study = studies.train;
        study.check_arms()?;
        study.check_overlap()?;
        let scale = self.scale_of(study);
        let place = Place::of_rows(&networks[0]);
        let rows = |study: &Study| {
            let rows = LearnerRows::new(study, self.learner, scale, &place);
            match alone {
                None => rows,
                Some(number) => rows.of_network(number),
            }
        };
        let validation = studies.validation.map(|validation| {
            validation.check_d_input(study.d_input())?;
            Ok::<_, CausalError>(rows(validation))
        });
        let mut objective = ArmErrors {
            base,
            config: self,
            rows: rows(study),
            validation: validation.transpose()?,
            prepared: Vec::new(),
        };
        let (networks, log) = minimise(networks, &mut objective, &self.schedule, listener)?;
        let from_scale = OutcomeMap {
            factor: scale.size(),
            shift: scale.centre(),
        };
        Ok((from_scale.apply(networks, self.learner)?, log))
    }
}

/// Networks in training.
struct Trainees<N> {
    networks: Vec<N>,
    /// Number of the one network that is trained separately; none if all are trained.
    alone: Option<usize>,
}

impl<N> Trainees<N> {
    fn all(networks: Vec<N>) -> Self {
        Self { networks, alone: None }
    }
}

/// A linear map `factor y + shift`, from one scale of outcomes to another.
#[derive(Clone, Copy)]
struct OutcomeMap {
    factor: f64,
    shift: f64,
}

impl OutcomeMap {
    /// Maps the outcomes of networks; logits have no units.
    fn apply<N: Network>(self, networks: Vec<N>, learner: Learner) -> Result<Vec<N>> {
        let map = |output: &Output| match output {
            Output::Outcome => (self.factor, self.shift),
            Output::Propensity => (1.0, 0.0),
        };
        let (scales, shifts): (Vec<f64>, Vec<f64>) = learner.outputs().iter().map(map).unzip();
        let networks = networks.into_iter();
        let mapped = networks.map(|network| network.with_outputs_mapped(&scales, &shifts));
        Ok(mapped.collect::<Result<_, KanError>>()?)
    }
}

#[cfg(test)]
mod tests {
    use secateurs_kan::{BasisConfig, Keep, Optimizer, Schedule};

    use super::*;
    use crate::data::synthetic::Synthetic;
    use crate::learners::kan_base::KanBase;

    /// Checks that training one network of a T-learner equals training both: Adam treats each parameter separately.
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
            .fit(&base, Studies::train_only(&train), &Device::default(), &mut |_| ())
            .unwrap();
        let studies = Studies::new(&train, &validation);
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
