//! From a trained network to formulas: prune, fold, refit, find functions, refit, round, each as far as a budget allows.

use burn::module::Module;
use burn::tensor::Tensor;
use secateurs_formula::{Criterion, Curve, Formula, Rounding};
use serde::{Deserialize, Serialize};

use crate::attribution::attribution;
use crate::fit::{FitConfig, Rows, fit};
use crate::network::Kan;
use crate::prune::{Fold, RemovedEdge, RemovedNode, prune_edges, prune_nodes};
use crate::symbolic::SymbolicEdge;
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
/// more than allowed, or else those that change them least; the attempts tell. Training after functions were found is undone
/// where it leaves one of them with a pole among its inputs.
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
        change: 0.0,
        most_change: 0.0,
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
    /// Whether no curve has a pole or an end of its domain between the least and the greatest of its inputs when `x`,
    /// `[rows, d_input]`, flows through.
    pub(crate) fn is_smooth(&self, x: Tensor<2>) -> bool {
        let mut x = x;
        for layer in &self.layers {
            let Ok(curves) = layer.curves() else {
                return false;
            };
            let (low, high): (Vec<f64>, Vec<f64>) = (
                x.clone().min_dim(0).into_data().iter().collect(),
                x.clone().max_dim(0).into_data().iter().collect(),
            );
            let smooth = |(edge, curve): &(SymbolicEdge, Curve)| curve.covers([low[edge.input], high[edge.input]]);
            if !curves.iter().all(smooth) {
                return false;
            }
            x = layer.forward(x);
        }
        true
    }

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
    /// Both.
    all: Tensor<2>,
    /// Their numbers.
    all_inputs: Vec<f64>,
}

/// Functions on all edges, with their validation loss and what they change.
struct Found {
    kan: Kan,
    loss: f64,
    change: f64,
}

impl Found {
    /// Smaller is better: first what changes too much is worst.
    fn cost(&self, most_change: f64) -> (f64, f64) {
        if self.change <= most_change {
            (0.0, self.loss)
        } else {
            // NaN too.
            (1.0, self.change)
        }
    }
}

impl<'a> Run<'a> {
    fn new(kan: &Kan, task: &'a dyn Task) -> Result<Self> {
        let x = kan.tensor(task.train_inputs(), kan.d_input())?;
        let validation = kan.tensor(task.validation_inputs(), kan.d_input())?;
        Ok(Self {
            task,
            all: Tensor::cat(vec![x.clone(), validation.clone()], 0),
            all_inputs: [task.train_inputs(), task.validation_inputs()].concat(),
            x,
            validation,
        })
    }

    /// The outputs at all inputs, each in a list of its own.
    fn outputs(&self, kan: &Kan) -> Vec<Vec<f64>> {
        let outputs = kan.forward(self.all.clone());
        let columns = outputs.iter_dim(1);
        columns.map(|column| column.into_data().iter().collect()).collect()
    }

    fn found(&self, kan: Kan, before: &[Vec<f64>]) -> Found {
        Found {
            loss: self.loss_or_infinite(&kan),
            change: greatest_change(before, &self.outputs(&kan)),
            kan,
        }
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
        let before = self.outputs(&kan);
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
                change: greatest_change(&before, &self.outputs(&smaller)),
                // Splines stay bounded, and training may win what it changes.
                most_change: f64::INFINITY,
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
        let first = candidates(&kan.layers[0], self.all.clone(), (0, &config.symbolic))?;
        let before = self.outputs(kan);
        let most_change = config.budget.change;
        let better = |a: &Found, b: &Found| {
            let ((a, a_next), (b, b_next)) = (a.cost(most_change), b.cost(most_change));
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
            let attempt = Attempt {
                stage: Stage::Symbolic(r_squared),
                loss: found.loss,
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
        Ok((found.loss, found.kan, fits))
    }

    fn rounded(
        &self,
        formulas: &[Formula],
        config: &PipelineConfig,
        (limit, edges, attempts): (f64, usize, &mut Vec<Attempt>),
    ) -> Result<Vec<Formula>> {
        let before = values(formulas, &self.all_inputs)?;
        for &rounding in &config.roundings {
            let rounded: Vec<Formula> = formulas.iter().map(|formula| formula.rounded(rounding)).collect();
            let attempt = Attempt {
                stage: Stage::Round(rounding),
                loss: self
                    .judged(&evaluated(&rounded, self.task.validation_inputs())?)
                    .unwrap_or(f64::INFINITY),
                limit,
                change: greatest_change(&before, &values(&rounded, &self.all_inputs)?),
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

/// The greatest change of an output; NaN if one is.
fn greatest_change(before: &[Vec<f64>], after: &[Vec<f64>]) -> f64 {
    let changes = before.iter().zip(after).map(|(before, after)| change(before, after));
    changes.fold(
        0.0,
        |greatest, change| if change <= greatest { greatest } else { change },
    )
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
