//! `secateurs prune`

mod dry_run;
mod options;
mod progress;
mod summary;

use dry_run::DryRun;
pub(crate) use options::PruneArgs;
use progress::PruneProgress;
use secateurs::data::Checkpoint;
use secateurs::{Error, Overwrite, PruneJob, PruneOutcome, PrunePlan, Recipe, prune_checkpoint};
use summary::{PruneResult, describe};

use crate::error::CliError;
use crate::terminal::screen::Screen;

/// Prunes a model, or says what pruning would do.
pub(crate) fn run(args: &PruneArgs, screen: &Screen) -> Result<(), CliError> {
    let recipe = args.recipe.resolve()?;
    let plan = recipe.check(&Checkpoint::open(&args.model)?)?;
    if args.dry_run {
        let dry_run = DryRun {
            recipe: &recipe,
            plan: &plan,
        };
        return if args.show.json {
            dry_run.print_json()
        } else {
            dry_run.print()
        };
    }
    let outcome = prune(args, &recipe, &plan, screen)?;
    let result = PruneResult::new(&outcome, &args.out);
    args.show.result(&result, |result| describe(&outcome.report, result))
}

fn prune(args: &PruneArgs, recipe: &Recipe, plan: &PrunePlan, screen: &Screen) -> Result<PruneOutcome, CliError> {
    let device = args.device.open()?;
    let overwrite = match (args.resume, args.force) {
        (true, _) => Overwrite::Resume,
        (false, true) => Overwrite::Force,
        (false, false) => Overwrite::Never,
    };
    let job = PruneJob {
        model: &args.model,
        out: &args.out,
        recipe,
        overwrite,
        device: &device,
    };
    let mut progress = PruneProgress::new(plan, args.show.bar(screen, "pruning", plan.n_layers()));
    let outcome = prune_checkpoint(&job, &mut |step| progress.update(&step));
    let n_stored = progress.n_stored();
    let may_resume = secateurs::staging_path(&args.out).exists();
    let n_stored = if may_resume { n_stored } else { 0 };
    outcome.map_err(|failure| interrupted(failure.into(), n_stored, plan.blocks.len()))
}

/// Says how to go on where finished work waits.
fn interrupted(failure: Error, n_stored: usize, n_blocks: usize) -> CliError {
    match n_stored {
        // Nothing is left, or going on would end in the same error.
        0 => failure.into(),
        _ => CliError::Interrupted {
            failure: Box::new(failure),
            n_stored,
            n_blocks,
        },
    }
}
