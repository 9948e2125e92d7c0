//! From a trained network to formulas: prune, fold, refit, find functions, refit, round, each as far as a budget allows.

use burn::module::Module;
use secateurs_formula::{Formula, Rounding};
use secateurs_tensor::UnitReport;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::layers::network::Kan;
use crate::prune::{RemovedEdge, RemovedNode};
use crate::symbolic::symbolise::{SymbolicConfig, SymbolicFit};
use crate::training::{FitConfig, Rows, fit};

mod change;
mod losses;
mod run;

use run::Run;

/// What a network is for: how wrong it is, and how it is trained.
pub trait Task {
    /// Inputs that the network is trained on, row-major.
    fn train_inputs(&self) -> &[f64];

    /// Inputs that it is judged by.
    fn validation_inputs(&self) -> &[f64];

    /// How wrong these outputs are at the validation inputs, row-major; 0 if not at all.
    fn loss(&self, outputs: &[f64]) -> f64;

    /// The same for each part of the task that has a budget of its own, such as each output; all outputs together have one
    /// unless the task says otherwise.
    fn losses(&self, outputs: &[f64], _d_output: usize) -> Vec<f64> {
        vec![self.loss(outputs)]
    }

    /// Trains what a stage has left.
    ///
    /// # Errors
    ///
    /// Those of training.
    fn refit(&self, kan: Kan) -> Result<Kan>;
}

/// Least squares, with a budget for each output.
#[derive(Debug, Clone)]
pub struct Regression<'a> {
    /// Rows to train on.
    pub train: Rows<'a>,
    /// Rows to judge by.
    pub validation: Rows<'a>,
    /// How to train after each stage.
    pub refit: FitConfig,
}

impl Task for Regression<'_> {
    fn train_inputs(&self) -> &[f64] {
        self.train.x
    }

    fn validation_inputs(&self) -> &[f64] {
        self.validation.x
    }

    fn loss(&self, outputs: &[f64]) -> f64 {
        let squares = outputs.iter().zip(self.validation.y).map(|(f, y)| (f - y).powi(2));
        squares.sum::<f64>() / outputs.len().max(1) as f64
    }

    fn losses(&self, outputs: &[f64], d_output: usize) -> Vec<f64> {
        let squares: Vec<f64> = outputs
            .iter()
            .zip(self.validation.y)
            .map(|(f, y)| (f - y).powi(2))
            .collect();
        let rows = squares.len() / d_output;
        let of_output = |output| squares.iter().skip(output).step_by(d_output).sum::<f64>() / rows.max(1) as f64;
        (0..d_output).map(of_output).collect()
    }

    fn refit(&self, kan: Kan) -> Result<Kan> {
        fit(kan, self.train, Some(self.validation), &self.refit, &mut |_| ()).map(|(kan, _)| kan)
    }
}

/// How much greater the validation loss of each output may become in each stage, as a share of the loss before it: what a stage wins, the
/// next one must not lose. In the worst case the losses of the stages multiply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// By pruning.
    pub prune: f64,
    /// By finding functions; of the loss of the full network, if that is the lesser.
    pub symbolic: f64,
    /// By how much functions may change an output, as a share of its deviation, root mean square over training and validation
    /// inputs. The loss may not depend on all of them, such as on those of the other arm in a T-learner, and functions, other
    /// than splines, know no bounds where they were not trained.
    pub change: f64,
    /// By rounding. Formulas also change by no more than this share, measured in the same way: validation rows may be few, and
    /// miss where rounding does harm.
    pub round: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            prune: 0.02,
            symbolic: 0.05,
            change: 0.3,
            round: 0.05,
        }
    }
}

/// What each stage tries, the boldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineConfig {
    /// How much worse each stage may make it.
    pub budget: Budget,
    /// Thresholds of attribution scores for nodes and edges; none leaves the network whole.
    pub thresholds: Vec<f64>,
    /// Shares of an edge's variance that its function must explain.
    pub r_squared: Vec<f64>,
    /// The functions; its criterion is replaced.
    pub symbolic: SymbolicConfig,
    /// Roundings.
    pub roundings: Vec<Rounding>,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            thresholds: vec![0.3, 0.1, 0.03, 0.01],
            r_squared: vec![0.9, 0.95, 0.98, 0.99, 0.999],
            symbolic: SymbolicConfig {
                library: secateurs_formula::Library::default().with_polynomials(5),
                ..SymbolicConfig::default()
            },
            // Small shifts go with decimals; small factors stay with digits. What is far from zero needs more of them.
            roundings: (1..=6)
                .flat_map(|n| [Rounding::Decimals(n), Rounding::Significant(n)])
                .chain((7..=14).map(Rounding::Significant))
                .collect(),
        }
    }
}

/// One attempt of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Which stage.
    pub stage: Stage,
    /// Validation loss of its result, after training where the stage trains: where a task has several, that which is greatest
    /// beside its limit.
    pub loss: f64,
    /// What the budget allows that loss to be.
    pub limit: f64,
    /// What the stage changed in the outputs: the greatest of their root mean squares over all inputs, each as a share of the
    /// output's deviation before the stage.
    pub change: f64,
    /// What the budget allows.
    pub most_change: f64,
    /// Edges that are left.
    pub edges: usize,
}

impl Attempt {
    /// Whether the result is kept.
    pub fn accepted(&self) -> bool {
        self.loss <= self.limit && self.change <= self.most_change
    }
}

/// A stage with what it tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// The network as it came.
    Full,
    /// Nodes and edges with scores up to this threshold removed.
    Prune(f64),
    /// Functions that explain this share of the variance of their edges, if one does.
    Symbolic(f64),
    /// Rounded constants.
    Round(Rounding),
}

/// A network on its way to formulas.
#[derive(Debug, Clone)]
pub struct Simplified {
    /// After pruning.
    pub pruned: Kan,
    /// Hidden nodes that pruning removed.
    pub removed_nodes: Vec<RemovedNode>,
    /// Edges that it removed then; places are those in the network without the nodes.
    pub removed: Vec<RemovedEdge>,
    /// One report per layer on its nodes, then one per layer on the edges between the nodes that were left; empty where nothing was
    /// pruned.
    pub units: Vec<UnitReport>,
    /// With a function on every edge.
    pub symbolic: Kan,
    /// Which functions, before they were trained together.
    pub fits: Vec<SymbolicFit>,
    /// One formula for each output.
    pub formulas: Vec<Formula>,
    /// The same, rounded as far as the budget allows; unrounded if it allows none.
    pub rounded: Vec<Formula>,
    /// All attempts in order.
    pub attempts: Vec<Attempt>,
}

/// Turns a network into formulas.
///
/// Each stage takes the first of its attempts whose validation loss and change are within the budget. Without one, pruning is
/// left out, constants stay as they are, and of the functions those with the least loss are taken that change the outputs no
/// more than allowed, or else those that change them least; the attempts tell. Functions are fitted to splines at training and
/// validation inputs; training after that is undone where it leaves one of them with a pole, or an end of its domain, among its
/// inputs.
///
/// # Errors
///
/// If names or rows do not fit the network, or the loss of the full network is NaN. An attempt whose training fails or whose
/// loss is NaN is not accepted.
pub fn simplify(kan: Kan, names: &[String], task: &dyn Task, config: &PipelineConfig) -> Result<Simplified> {
    let kan = kan.valid();
    let run = Run::new(&kan, task)?;
    let full = run.losses(&kan)?;
    let (first, _) = full.worst(&full);
    let mut attempts = vec![Attempt {
        stage: Stage::Full,
        loss: first,
        limit: first,
        change: 0.0,
        most_change: 0.0,
        edges: kan.n_edges(),
    }];
    let limits = full.limits(config.budget.prune);
    let pruned = run.pruned(kan, config, (&limits, &mut attempts))?;
    let limits = full.least(&run.losses(&pruned.kan)?).limits(config.budget.symbolic);
    let (losses, symbolic, fits) = run.symbolic(&pruned.kan, config, (&limits, &mut attempts))?;
    let formulas = run.formulas(&symbolic, names)?;
    let before = if losses.are_finite() { losses } else { full };
    let limits = before.limits(config.budget.round);
    let rounded = run.rounded(&formulas, config, (&limits, symbolic.n_edges(), &mut attempts))?;
    Ok(Simplified {
        pruned: pruned.kan,
        removed_nodes: pruned.nodes,
        removed: pruned.edges,
        units: pruned.units,
        symbolic,
        fits,
        formulas,
        rounded,
        attempts,
    })
}

impl Kan {
    /// Number of edges that were not pruned.
    pub fn n_edges(&self) -> usize {
        let of_layer = |layer: &crate::KanLayer| layer.present().iter().filter(|present| **present).count();
        self.layers.iter().map(of_layer).sum()
    }
}
