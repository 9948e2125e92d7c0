//! The stages of the pipeline.

use burn::module::Module;
use burn::tensor::Tensor;
use secateurs_formula::{Criterion, Formula};
use secateurs_tensor::UnitReport;

use super::change::greatest_change;
use super::losses::Losses;
use super::{Attempt, PipelineConfig, Stage, Task};
use crate::layers::network::Kan;
use crate::prune::{PruneConfig, RemovedEdge, RemovedNode, prune_edges, prune_nodes};
use crate::scaling::precision::epsilon;
use crate::scores::attribution::attribution;
use crate::symbolic::symbolise::{SymbolicConfig, SymbolicFit, candidates, symbolised};
use crate::{KanError, Result};

pub(super) struct Run<'a> {
    task: &'a dyn Task,
    /// The training inputs.
    x: Tensor<2>,
    /// These and then the validation inputs.
    all: Tensor<2>,
    /// Their numbers.
    all_inputs: Vec<f64>,
    /// Relative precision of the network.
    epsilon: f64,
}

/// What the first stage leaves.
pub(super) struct PrunedNetwork {
    pub(super) kan: Kan,
    pub(super) nodes: Vec<RemovedNode>,
    pub(super) edges: Vec<RemovedEdge>,
    pub(super) units: Vec<UnitReport>,
}

/// What a stage made of a network, with its validation loss and what it changes.
struct Found {
    kan: Kan,
    losses: Losses,
    change: f64,
}

impl Found {
    /// Smaller is better: first what changes too much is worst.
    fn cost(&self, (limits, most_change): (&Losses, f64)) -> (f64, f64) {
        if self.change <= most_change {
            (0.0, self.losses.excess(limits))
        } else {
            // NaN too.
            (1.0, self.change)
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(kan: &Kan, task: &'a dyn Task) -> Result<Self> {
        let x = kan.tensor(task.train_inputs(), kan.d_input())?;
        let validation = kan.tensor(task.validation_inputs(), kan.d_input())?;
        Ok(Self {
            task,
            all: Tensor::cat(vec![x.clone(), validation], 0),
            all_inputs: [task.train_inputs(), task.validation_inputs()].concat(),
            x,
            epsilon: epsilon(kan.place().1),
        })
    }

    /// The outputs at all inputs, each in a list of its own.
    fn outputs(&self, kan: &Kan) -> Vec<Vec<f64>> {
        let outputs = kan.forward(self.all.clone());
        let columns = outputs.iter_dim(1);
        columns.map(|column| column.into_data().iter().collect()).collect()
    }

    fn found(&self, kan: Kan, before: &[Vec<f64>]) -> Found {
        let outputs = self.outputs(&kan);
        Found {
            losses: self.judged_or_infinite(&outputs),
            change: greatest_change(before, &outputs, self.epsilon),
            kan,
        }
    }

    pub(super) fn losses(&self, kan: &Kan) -> Result<Losses> {
        self.judged(&self.outputs(kan))
    }

    /// The losses of outputs at all inputs, each in a list of its own: those of the validation rows.
    fn judged(&self, outputs: &[Vec<f64>]) -> Result<Losses> {
        let rows = self.x.dims()[0]..self.all.dims()[0];
        let of_row = |row: usize| outputs.iter().map(move |column| column[row]);
        let losses = self
            .task
            .losses(&rows.flat_map(of_row).collect::<Vec<f64>>(), outputs.len());
        match losses.iter().find(|loss| loss.is_nan()) {
            Some(&loss) => Err(KanError::LossNotFinite { step: 0, loss }),
            None => Ok(Losses(losses)),
        }
    }

    /// The same, or infinity where one is no number.
    fn judged_or_infinite(&self, outputs: &[Vec<f64>]) -> Losses {
        self.judged(outputs).unwrap_or_else(|_| Losses::infinite())
    }

    pub(super) fn pruned(
        &self,
        kan: Kan,
        config: &PipelineConfig,
        (limits, attempts): (&Losses, &mut Vec<Attempt>),
    ) -> Result<PrunedNetwork> {
        let scores = attribution(&kan, self.x.clone())?;
        let before = self.outputs(&kan);
        for &threshold in &config.thresholds {
            let prune = PruneConfig::above(threshold);
            let nodes = prune_nodes(kan.clone(), self.x.clone(), &scores.nodes, &prune)?;
            let of_edges = attribution(&nodes.kan, self.x.clone())?.edges;
            let edges = prune_edges(nodes.kan, self.x.clone(), &of_edges, &prune)?;
            if nodes.removed.is_empty() && edges.removed.is_empty() {
                break;
            }
            let smaller = edges.kan;
            // Training may run away; what was pruned is then not worth it.
            let refitted = self.task.refit(smaller.clone());
            let is_trained = refitted.is_ok();
            let found = self.found(refitted.map_or(smaller, |kan| kan.valid()), &before);
            let (loss, limit) = found.losses.worst(limits);
            let attempt = Attempt {
                stage: Stage::Prune(threshold),
                loss: if is_trained { loss } else { f64::INFINITY },
                limit,
                change: found.change,
                // Splines stay bounded, and training may win what it changes.
                most_change: f64::INFINITY,
                edges: found.kan.n_edges(),
            };
            attempts.push(attempt);
            if attempt.accepted() {
                return Ok(PrunedNetwork {
                    kan: found.kan,
                    nodes: nodes.removed,
                    edges: edges.removed,
                    units: [nodes.units, edges.units].concat(),
                });
            }
        }
        Ok(PrunedNetwork {
            kan,
            nodes: Vec::new(),
            edges: Vec::new(),
            units: Vec::new(),
        })
    }

    pub(super) fn symbolic(
        &self,
        kan: &Kan,
        config: &PipelineConfig,
        (limits, attempts): (&Losses, &mut Vec<Attempt>),
    ) -> Result<(Losses, Kan, Vec<SymbolicFit>)> {
        let first = candidates(&kan.layers[0], kan.scaled(self.all.clone()), (0, &config.symbolic))?;
        let before = self.outputs(kan);
        let most_change = config.budget.change;
        let better = |a: &Found, b: &Found| {
            let ((a, a_next), (b, b_next)) = (a.cost((limits, most_change)), b.cost((limits, most_change)));
            a.total_cmp(&b).then(a_next.total_cmp(&b_next))
        };
        let mut best: Option<(Found, Vec<SymbolicFit>)> = None;
        for &r_squared in &config.r_squared {
            let symbolic = SymbolicConfig {
                criterion: Criterion::Simplest { r_squared },
                least_r_squared: f64::NEG_INFINITY,
                ..config.symbolic.clone()
            };
            let (curves, fits) = symbolised(kan.clone(), self.all.clone(), &symbolic, &first)?;
            // Training may run away from curves that are far off, or move a pole in between; then they stay as fitted.
            let trained = self.task.refit(curves.clone()).map(|kan| kan.valid());
            let trained = trained.ok().filter(|trained| trained.is_smooth(self.all.clone()));
            let results = [Some(curves), trained].into_iter().flatten();
            let found = results
                .map(|kan| self.found(kan, &before))
                .min_by(better)
                .expect("there is one");
            let (loss, limit) = found.losses.worst(limits);
            let attempt = Attempt {
                stage: Stage::Symbolic(r_squared),
                loss,
                limit,
                change: found.change,
                most_change,
                edges: found.kan.n_edges(),
            };
            attempts.push(attempt);
            if best.as_ref().is_none_or(|(best, _)| better(&found, best).is_lt()) {
                best = Some((found, fits));
            }
            if attempt.accepted() {
                break;
            }
        }
        let (found, fits) = best.ok_or(KanError::OutOfRange {
            what: "number of R^2 thresholds",
            range: "at least 1",
            got: 0.0,
        })?;
        Ok((found.losses, found.kan, fits))
    }

    /// Formulas with the ranges of the training inputs.
    pub(super) fn formulas(&self, kan: &Kan, names: &[String]) -> Result<Vec<Formula>> {
        kan.formulas(names, self.x.clone())
    }

    pub(super) fn rounded(
        &self,
        formulas: &[Formula],
        config: &PipelineConfig,
        (limits, edges, attempts): (&Losses, usize, &mut Vec<Attempt>),
    ) -> Result<Vec<Formula>> {
        let before = values(formulas, &self.all_inputs)?;
        for &rounding in &config.roundings {
            let rounded: Vec<Formula> = formulas.iter().map(|formula| formula.rounded(rounding)).collect();
            let after = values(&rounded, &self.all_inputs)?;
            let (loss, limit) = self.judged_or_infinite(&after).worst(limits);
            let attempt = Attempt {
                stage: Stage::Round(rounding),
                loss,
                limit,
                change: greatest_change(&before, &after, self.epsilon),
                most_change: config.budget.round,
                edges,
            };
            attempts.push(attempt);
            if attempt.accepted() {
                return Ok(rounded);
            }
        }
        Ok(formulas.to_vec())
    }
}

/// Values of each formula at rows.
fn values(formulas: &[Formula], x: &[f64]) -> Result<Vec<Vec<f64>>> {
    formulas.iter().map(|formula| Ok(formula.evaluate(x)?.0)).collect()
}
