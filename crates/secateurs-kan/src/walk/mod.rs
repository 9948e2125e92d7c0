//! Turns a trained network into formulas: prunes, folds, retrains, finds functions, retrains and rounds, each as far as
//! a budget allows.

use burn::module::Module;
use secateurs_formula::Formula;
use secateurs_tensor::UnitReport;

use crate::Result;
use crate::layers::network::Kan;
use crate::prune::{RemovedEdge, RemovedNode};
use crate::symbolic::symbolise::SymbolicFit;

mod attempt;
mod change;
mod functions;
mod losses;
mod pruning;
mod rounding;
mod run;
mod search;
mod stage;
mod task;

pub use attempt::{Attempt, Stage};
pub use search::{Budget, FormulaSearch};
pub use stage::{StageResults, Tried, try_settings};
pub use task::{Regression, Task};

use functions::SymbolicNetwork;
use run::{Run, Walked};

/// A network and its formulas, stage by stage.
#[derive(Debug, Clone)]
pub struct FoundFormulas {
    /// The network after pruning.
    pub pruned: Kan,
    /// Hidden nodes that pruning removed.
    pub removed_nodes: Vec<RemovedNode>,
    /// Edges that pruning removed after the nodes, by their places in the network without the nodes.
    pub removed: Vec<RemovedEdge>,
    /// Reports of pruning: one per layer on its nodes, then one per layer on the edges between the remaining nodes;
    /// empty where nothing was pruned.
    pub units: Vec<UnitReport>,
    /// The network with a function on every edge.
    pub symbolic: Kan,
    /// Functions of the edges, before they were trained together.
    pub fits: Vec<SymbolicFit>,
    /// One formula per output, before rounding.
    pub formulas: Vec<Formula>,
    /// The formulas with rounded constants, as far as the budget allows; unrounded if it allows none.
    pub rounded: Vec<Formula>,
    /// All attempts in order.
    pub attempts: Vec<Attempt>,
}

/// Turns a network into formulas.
///
/// Each stage takes the first of its attempts whose validation loss and change are within the budget. Without such an
/// attempt, pruning is left out and constants stay unrounded; for functions the attempt with the least loss is taken
/// among the ones whose change is allowed, or else the one with the least change. `attempts` lists all of them.
/// Functions are fitted to splines at training and validation inputs. Training after that is undone if it moves a pole,
/// or an end of a domain, among a function's inputs.
///
/// # Errors
///
/// If names or rows do not fit the network, or the loss of the full network is NaN. An attempt whose training fails or whose
/// loss is NaN is not accepted.
pub fn find_formulas(kan: Kan, names: &[String], task: &dyn Task, search: &FormulaSearch) -> Result<FoundFormulas> {
    let kan = kan.valid();
    let run = Run::new(&kan, task, search)?;
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
    let Budget {
        prune, symbolic, round, ..
    } = search.budget;
    let pruned = take_result(&mut attempts, run.prune(kan, &full.limits(prune))?);
    let limits = full.least(&run.losses(&pruned.kan)?).limits(symbolic);
    let SymbolicNetwork { judged, fits } = take_result(&mut attempts, run.find_functions(&pruned.kan, &limits)?);
    let formulas = judged.kan.formulas(names, run.x.clone())?;
    let before = if judged.losses.are_finite() {
        judged.losses
    } else {
        full
    };
    let rounded = take_result(
        &mut attempts,
        run.round(&formulas, judged.kan.n_edges(), &before.limits(round))?,
    );
    Ok(FoundFormulas {
        pruned: pruned.kan,
        removed_nodes: pruned.nodes,
        removed: pruned.edges,
        units: pruned.units,
        symbolic: judged.kan,
        fits,
        formulas,
        rounded,
        attempts,
    })
}

/// The result that a stage took; adds its attempts to the others.
fn take_result<T>(attempts: &mut Vec<Attempt>, walked: Walked<T>) -> T {
    attempts.extend(walked.attempts);
    walked.taken
}
