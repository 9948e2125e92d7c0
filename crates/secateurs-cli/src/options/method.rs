//! Settings of single methods.

use clap::Args;
use secateurs::MethodOptions;
use secateurs::prune::AdmmSchedule;
use secateurs::tensor::{NonNegative, Scope};

use crate::options::named::{explained, named};
use crate::options::numbers::at_least;

/// Settings of single methods.
#[derive(Debug, Args)]
#[command(next_help_heading = "Method settings")]
pub(crate) struct MethodArgs {
    /// Comparison group: weights among which the lowest scores go [default: per-output for the methods named after wanda, else per-layer]
    ///
    /// For methods that only score, their finetune forms, elsa and elsa-l. An N:M pattern brings its own groups.
    #[arg(
        long,
        value_name = "SCOPE",
        value_parser = explained(&[Scope::PerOutput, Scope::PerLayer, Scope::Global], explain)
    )]
    scope: Option<Scope>,
    /// Damping for sparsegpt, l-admm and alps, relative to the Gram matrix [default: 0.1 for l-admm, else 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    damping: Option<NonNegative>,
    /// Iterations of l-admm [default: 20], or at most as many of alps [default: 300]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    iterations: Option<usize>,
    /// Growth of the pruning mask over the iterations of l-admm [default: gradual]
    #[arg(long, value_name = "SCHEDULE", value_parser = named(&[AdmmSchedule::Gradual, AdmmSchedule::Constant]))]
    schedule: Option<AdmmSchedule>,
}

fn explain(scope: &Scope) -> &'static str {
    match scope {
        Scope::PerOutput => "Each output of a layer for itself",
        Scope::PerLayer => "The whole layer",
        Scope::Global => "All layers together; for elsa and elsa-l",
    }
}

impl MethodArgs {
    /// Lays the options over the settings of a recipe file.
    pub(crate) fn merge(&self, file: MethodOptions) -> MethodOptions {
        let Self {
            scope,
            damping,
            iterations,
            schedule,
        } = self;
        MethodOptions {
            scope: scope.or(file.scope),
            damping: damping.or(file.damping),
            iterations: iterations.or(file.iterations),
            schedule: schedule.or(file.schedule),
            safe: file.safe,
        }
    }
}
