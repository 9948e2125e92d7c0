//! The second stage: finds a function for every edge.

use std::cmp::Ordering;

use burn::module::Module;
use secateurs_formula::Criterion;

use super::losses::Losses;
use super::run::{Judged, Run, Walked};
use super::stage::{Tried, try_settings};
use super::{Attempt, Stage};
use crate::layers::network::Kan;
use crate::symbolic::symbolise::{Candidates, SymbolicConfig, SymbolicFit, candidates, symbolised};
use crate::{KanError, Result};

/// A network of functions.
pub(super) struct SymbolicNetwork {
    pub(super) judged: Judged,
    /// Functions of the edges, before they were trained together.
    pub(super) fits: Vec<SymbolicFit>,
}

/// Limits by which networks of functions are compared.
struct Limits<'a> {
    losses: &'a Losses,
    change: f64,
}

impl Limits<'_> {
    /// Orders networks from the best on: first by loss where the change is within its limit, then the others by their
    /// change.
    fn compare(&self, a: &Judged, b: &Judged) -> Ordering {
        let ((a, a_next), (b, b_next)) = (self.cost(a), self.cost(b));
        a.total_cmp(&b).then(a_next.total_cmp(&b_next))
    }

    fn cost(&self, judged: &Judged) -> (f64, f64) {
        if judged.change <= self.change {
            (0.0, judged.losses.excess(self.losses))
        } else {
            // NaN too.
            (1.0, judged.change)
        }
    }
}

impl Run<'_> {
    /// The network with functions for all edges: the first one within the limits, or else the best.
    pub(super) fn find_functions(&self, kan: &Kan, losses: &Losses) -> Result<Walked<SymbolicNetwork>> {
        let first = candidates(&kan.layers[0], kan.scaled(self.all.clone()), 0, &self.search.symbolic)?;
        let before = self.outputs(kan);
        let change = self.search.budget.change;
        let limits = Limits { losses, change };
        let mut attempts = Vec::new();
        let results = try_settings(&self.search.r_squared, |r_squared| {
            let (networks, fits) = self.networks_of_functions(kan, &first, r_squared)?;
            let judged = networks.into_iter().map(|kan| self.judge(kan, &before));
            let judged = judged
                .min_by(|a, b| limits.compare(a, b))
                .expect("the network as fitted is there");
            let (loss, limit) = judged.losses.worst(losses);
            let attempt = Attempt {
                stage: Stage::Symbolic(r_squared),
                loss,
                limit,
                change: judged.change,
                most_change: change,
                edges: judged.kan.n_edges(),
            };
            attempts.push(attempt);
            Ok::<_, KanError>(Some(Tried {
                result: SymbolicNetwork { judged, fits },
                is_accepted: attempt.accepted(),
            }))
        })?;
        let all = results.all.into_iter();
        let best = all.min_by(|a, b| limits.compare(&a.judged, &b.judged));
        let taken = best.ok_or(KanError::OutOfRange {
            what: "number of R^2 thresholds",
            range: "at least 1",
            got: 0.0,
        })?;
        Ok(Walked { taken, attempts })
    }

    /// Networks with the simplest functions that explain a share of the variance of their edges: as fitted and, unless
    /// training does harm, trained.
    fn networks_of_functions(
        &self,
        kan: &Kan,
        first: &[Candidates],
        r_squared: f64,
    ) -> Result<(Vec<Kan>, Vec<SymbolicFit>)> {
        let symbolic = SymbolicConfig {
            criterion: Criterion::Simplest { r_squared },
            least_r_squared: f64::NEG_INFINITY,
            ..self.search.symbolic.clone()
        };
        let (curves, fits) = symbolised(kan.clone(), self.all.clone(), &symbolic, first)?;
        // Training may run away from curves that are far off, or move a pole in between; then they stay as fitted.
        let trained = self.task.retrain(curves.clone()).map(|kan| kan.valid());
        let trained = trained.ok().filter(|trained| trained.is_smooth(self.all.clone()));
        Ok(([Some(curves), trained].into_iter().flatten().collect(), fits))
    }
}
