//! From a trained network to formulas: prune, fold, refit, find functions, refit, round, each as far as a budget allows.

use burn::module::Module;
use burn::tensor::Tensor;
use secateurs_formula::{Criterion, Formula, Rounding};
use serde::{Deserialize, Serialize};

use crate::attribution::attribution;
use crate::fit::{FitConfig, Rows, fit};
use crate::network::Kan;
use crate::prune::{Fold, RemovedEdge, RemovedNode, prune_edges, prune_nodes};
use crate::symbolise::{SymbolicConfig, SymbolicFit, candidates, symbolised};
use crate::{KanError, Result};

/// What a network is for: how wrong it is, and how it is trained.
pub trait Task {
    /// Inputs that the network is trained on, row-major.
    fn train_inputs(&self) -> &[f64];

    /// Inputs that it is judged by.
    fn validation_inputs(&self) -> &[f64];

    /// How wrong these outputs are at the validation inputs, row-major; 0 if not at all.
    fn loss(&self, outputs: &[f64]) -> f64;

    /// Trains what a stage has left.
    ///
    /// # Errors
    ///
    /// Those of training.
    fn refit(&self, kan: Kan) -> Result<Kan>;
}

/// Least squares.
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

    fn refit(&self, kan: Kan) -> Result<Kan> {
        fit(kan, self.train, Some(self.validation), &self.refit, &mut |_| ()).map(|(kan, _)| kan)
    }
}

/// How much greater the validation loss may become in each stage, as a share of the loss before it: what a stage wins, the
/// next one must not lose. In the worst case the losses of the stages multiply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// By pruning.
    pub prune: f64,
    /// By finding functions; of the loss of the full network, if that is the lesser.
    pub symbolic: f64,
    /// By rounding. Formulas also change by no more than this share of their deviation, root mean square over the training
    /// inputs: validation rows may be few, and miss where rounding does harm.
    pub round: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            prune: 0.02,
            symbolic: 0.05,
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
            // Small shifts go with decimals; small factors stay with digits.
            roundings: (1..=6)
                .flat_map(|n| [Rounding::Decimals(n), Rounding::Significant(n)])
                .collect(),
        }
    }
}

/// One attempt of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Which stage.
    pub stage: Stage,
    /// Validation loss of its result, after training where the stage trains.
    pub loss: f64,
    /// What the budget allows.
    pub limit: f64,
    /// Edges that are left.
    pub edges: usize,
}

impl Attempt {
    /// Whether the result is kept.
    pub fn accepted(&self) -> bool {
        self.loss <= self.limit
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
/// Each stage takes the first of its attempts whose validation loss is within the budget; roundings that change the formulas
/// too much are no attempts. Without one, pruning is left out, the functions with the least loss are taken, and constants
/// stay as they are; the attempts tell.
///
/// # Errors
///
/// If names or rows do not fit the network, or the loss of the full network is NaN. An attempt whose training fails or whose
/// loss is NaN is not accepted.
pub fn simplify(kan: Kan, names: &[String], task: &dyn Task, config: &PipelineConfig) -> Result<Simplified> {
    let kan = kan.valid();
    let run = Run::new(&kan, task)?;
    let full = run.loss(&kan)?;
    let mut attempts = vec![Attempt {
        stage: Stage::Full,
        loss: full,
        limit: full,
        edges: kan.n_edges(),
    }];
    let limit = full * (1.0 + config.budget.prune);
    let (pruned, removed_nodes, removed) = run.pruned(kan, config, (limit, &mut attempts))?;
    let limit = full.min(run.loss(&pruned)?) * (1.0 + config.budget.symbolic);
    let (loss, symbolic, fits) = run.symbolic(&pruned, config, (limit, &mut attempts))?;
    let formulas = symbolic.formulas(names, run.x.clone())?;
    let before = if loss.is_finite() { loss } else { full };
    let limit = before * (1.0 + config.budget.round);
    let rounded = run.rounded(&formulas, config, (limit, symbolic.n_edges(), &mut attempts))?;
    Ok(Simplified {
        pruned,
        removed_nodes,
        removed,
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

struct Run<'a> {
    task: &'a dyn Task,
    x: Tensor<2>,
    validation: Tensor<2>,
}

impl<'a> Run<'a> {
    fn new(kan: &Kan, task: &'a dyn Task) -> Result<Self> {
        Ok(Self {
            task,
            x: kan.tensor(task.train_inputs(), kan.d_input())?,
            validation: kan.tensor(task.validation_inputs(), kan.d_input())?,
        })
    }

    fn loss(&self, kan: &Kan) -> Result<f64> {
        let outputs: Vec<f64> = kan.forward(self.validation.clone()).into_data().iter().collect();
        self.judged(&outputs)
    }

    /// The loss, or infinity where it is no number.
    fn loss_or_infinite(&self, kan: &Kan) -> f64 {
        self.loss(kan).unwrap_or(f64::INFINITY)
    }

    fn judged(&self, outputs: &[f64]) -> Result<f64> {
        let loss = self.task.loss(outputs);
        if loss.is_nan() {
            return Err(KanError::LossNotFinite { step: 0, loss });
        }
        Ok(loss)
    }

    fn pruned(
        &self,
        kan: Kan,
        config: &PipelineConfig,
        (limit, attempts): (f64, &mut Vec<Attempt>),
    ) -> Result<(Kan, Vec<RemovedNode>, Vec<RemovedEdge>)> {
        let scores = attribution(&kan, self.x.clone())?;
        for &threshold in &config.thresholds {
            let (smaller, nodes) = prune_nodes(kan.clone(), self.x.clone(), &scores.nodes, (threshold, Fold::Mean))?;
            let of_edges = attribution(&smaller, self.x.clone())?.edges;
            let (smaller, edges) = prune_edges(smaller, self.x.clone(), &of_edges, (threshold, Fold::Mean))?;
            if nodes.is_empty() && edges.is_empty() {
                break;
            }
            // Training may run away; what was pruned is then not worth it.
            let refitted = self.task.refit(smaller.clone());
            let (smaller, loss) = match refitted.map(|kan| kan.valid()) {
                Ok(kan) => (kan.clone(), self.loss_or_infinite(&kan)),
                Err(_) => (smaller, f64::INFINITY),
            };
            let attempt = Attempt {
                stage: Stage::Prune(threshold),
                loss,
                limit,
                edges: smaller.n_edges(),
            };
            attempts.push(attempt);
            if attempt.accepted() {
                return Ok((smaller, nodes, edges));
            }
        }
        Ok((kan, Vec::new(), Vec::new()))
    }

    fn symbolic(
        &self,
        kan: &Kan,
        config: &PipelineConfig,
        (limit, attempts): (f64, &mut Vec<Attempt>),
    ) -> Result<(f64, Kan, Vec<SymbolicFit>)> {
        let first = candidates(&kan.layers[0], self.x.clone(), (0, &config.symbolic))?;
        let mut best: Option<(f64, Kan, Vec<SymbolicFit>)> = None;
        for &r_squared in &config.r_squared {
            let symbolic = SymbolicConfig {
                criterion: Criterion::Simplest { r_squared },
                least_r_squared: f64::NEG_INFINITY,
                ..config.symbolic.clone()
            };
            let (curves, fits) = symbolised(kan.clone(), self.x.clone(), &symbolic, &first)?;
            // Training may run away from curves that are far off; then they stay as fitted.
            let trained = self.task.refit(curves.clone()).map(|kan| kan.valid());
            let mut results = vec![(self.loss_or_infinite(&curves), curves)];
            if let Ok(trained) = trained {
                results.push((self.loss_or_infinite(&trained), trained));
            }
            let (loss, curves) = results
                .into_iter()
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .expect("there is one");
            let attempt = Attempt {
                stage: Stage::Symbolic(r_squared),
                loss,
                limit,
                edges: curves.n_edges(),
            };
            attempts.push(attempt);
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, curves, fits));
            }
            if attempt.accepted() {
                break;
            }
        }
        best.ok_or(KanError::OutOfRange {
            what: "number of R^2 thresholds",
            range: "at least 1",
            got: 0.0,
        })
    }

    fn rounded(
        &self,
        formulas: &[Formula],
        config: &PipelineConfig,
        (limit, edges, attempts): (f64, usize, &mut Vec<Attempt>),
    ) -> Result<Vec<Formula>> {
        let before = values(formulas, self.task.train_inputs())?;
        for &rounding in &config.roundings {
            let rounded: Vec<Formula> = formulas.iter().map(|formula| formula.rounded(rounding)).collect();
            let after = values(&rounded, self.task.train_inputs())?;
            let mut changes = before.iter().zip(&after).map(|(before, after)| change(before, after));
            if !changes.all(|change| change <= config.budget.round) {
                continue;
            }
            let attempt = Attempt {
                stage: Stage::Round(rounding),
                loss: self
                    .judged(&evaluated(&rounded, self.task.validation_inputs())?)
                    .unwrap_or(f64::INFINITY),
                limit,
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

/// Root mean square of a change as a share of the deviation before it; NaN or infinite where values are.
fn change(before: &[f64], after: &[f64]) -> f64 {
    let n = before.len().max(1) as f64;
    let mean = before.iter().sum::<f64>() / n;
    let variance = before.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let square = before.iter().zip(after).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n;
    if square == 0.0 {
        return 0.0;
    }
    // A constant has a size only.
    let scale = if variance > f64::EPSILON * mean.powi(2) {
        variance
    } else {
        mean.powi(2)
    };
    (square / scale).sqrt()
}

/// Values of formulas at rows, row-major.
fn evaluated(formulas: &[Formula], x: &[f64]) -> Result<Vec<f64>> {
    let columns = values(formulas, x)?;
    let rows = columns.first().map_or(0, Vec::len);
    Ok((0..rows)
        .flat_map(|row| columns.iter().map(move |column| column[row]))
        .collect())
}
