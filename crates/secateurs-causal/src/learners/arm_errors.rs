//! The objective of a learner.

use burn::tensor::Tensor;
use secateurs_kan::{KanError, Objective};

use crate::learners::base::{Base, Network};
use crate::learners::config::LearnerConfig;
use crate::learners::rows::LearnerRows;

/// The errors of both arms, the cross-entropy of the propensity, the penalties.
pub(super) struct ArmErrors<'a, B: Base> {
    pub(super) base: &'a B,
    pub(super) config: &'a LearnerConfig,
    pub(super) rows: LearnerRows,
    pub(super) validation: Option<LearnerRows>,
    /// Parts of the penalties that do not change between steps, one for each network; none before the first step.
    pub(super) prepared: Vec<B::Prepared>,
}

impl<B: Base> ArmErrors<'_, B> {
    fn error(&self, rows: &LearnerRows, networks: &[B::Network]) -> Tensor<1> {
        rows.loss(self.config.learner, networks, self.config.propensity_weight)
    }
}

impl<B: Base> Objective<Vec<B::Network>> for ArmErrors<'_, B> {
    fn loss(&self, networks: &Vec<B::Network>, _: usize) -> Tensor<1> {
        let rows = self.rows.on(&networks[0].place().0);
        debug_assert_eq!(
            self.prepared.len(),
            networks.len(),
            "something was done before the step"
        );
        let penalties = networks
            .iter()
            .zip(&self.prepared)
            .filter_map(|(network, prepared)| self.base.penalty(network, rows.inputs.clone(), prepared));
        // Errors have the precision of the rows, penalties the precision of the network.
        penalties.fold(self.error(&rows, networks), |sum, penalty| {
            let dtype = sum.dtype();
            sum + penalty.cast(dtype)
        })
    }

    fn validation(&self, networks: &Vec<B::Network>) -> Option<f64> {
        let rows = self.validation.as_ref()?;
        Some(self.error(rows, networks).into_scalar())
    }

    fn before_step(&mut self, networks: Vec<B::Network>, step: usize) -> Result<(Vec<B::Network>, bool), KanError> {
        let (base, x) = (self.base, &self.rows.inputs);
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
