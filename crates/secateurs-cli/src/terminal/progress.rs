//! Progress on standard error: how far, and how long it still takes.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use secateurs::prune::Progress;

use crate::commands::prune::dry_run::Plan;
use crate::terminal::output::seconds;

const TEMPLATE: &str = "{prefix} [{bar:24}] {pos}/{len}  {spent} spent, {left} left  {wide_msg}";

/// A progress bar with the time left; not shown where standard error is no terminal, and removed when dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar of `length` steps.
    pub(crate) fn new(what: &'static str, length: usize, quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(length as u64), target);
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well-formed");
        let style = style
            .with_key("spent", |state: &ProgressState, w: &mut dyn Write| {
                // A line that cannot be drawn is not worth an error.
                let _ = w.write_str(&seconds(state.elapsed().as_secs_f64()));
            })
            .with_key("left", |state: &ProgressState, w: &mut dyn Write| {
                let _ = w.write_str(&time_left(state));
            });
        bar.set_style(style.progress_chars("=> "));
        bar.set_prefix(what);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self(bar)
    }

    /// Says what is done at the moment.
    pub(crate) fn say(&self, message: String) {
        self.0.set_message(message);
    }

    /// Takes steps out that an earlier run did, so that the time left is that of the others.
    fn skip(&self, steps: usize) {
        self.0
            .set_length(self.0.length().unwrap_or(0).saturating_sub(steps as u64));
        self.restart();
    }

    /// Counts time from now on.
    pub(crate) fn restart(&self) {
        self.0.reset_elapsed();
    }

    /// Sets the number of all steps.
    pub(crate) fn resize(&self, length: usize) {
        self.0.set_length(length as u64);
    }

    /// Sets the number of steps done.
    pub(crate) fn set(&self, position: usize) {
        self.0.set_position(position as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Steps take about equally long, and what is seen so far says how long.
fn time_left(state: &ProgressState) -> String {
    match (state.pos(), state.len()) {
        (done @ 1.., Some(all)) => {
            seconds(state.elapsed().as_secs_f64() * all.saturating_sub(done) as f64 / done as f64)
        }
        _ => "?".to_owned(),
    }
}

/// The progress of a pruning run, in layers.
pub(crate) struct PruneProgress {
    bar: Bar,
    /// Layers of each block.
    plan: Vec<usize>,
    /// Layers pruned by this run.
    layers: usize,
    /// Blocks finished, those of an earlier run included.
    n_stored: usize,
    /// Steps of training done by this run.
    steps: usize,
    /// Distance from the sparse copy when it was last made.
    residual: Option<f64>,
}

impl PruneProgress {
    /// The progress of a run as planned.
    pub(crate) fn new(plan: &Plan, quiet: bool) -> Self {
        let bar = Bar::new("pruning", plan.n_layers(), quiet);
        bar.say("reading the model".into());
        let plan = plan.blocks.iter().map(|block| block.layers).collect();
        Self {
            bar,
            plan,
            layers: 0,
            n_stored: 0,
            steps: 0,
            residual: None,
        }
    }

    /// Blocks finished so far, those of an earlier run included.
    pub(crate) fn n_stored(&self) -> usize {
        self.n_stored
    }

    /// Takes note of a step.
    pub(crate) fn update(&mut self, step: &Progress<'_>) {
        match step {
            Progress::Replayed { block, n_blocks } => {
                self.n_stored = block + 1;
                self.bar.say(format!("block {}/{n_blocks} run again", block + 1));
                self.bar.skip(self.plan.get(*block).copied().unwrap_or(0));
            }
            Progress::Collected { block, n_blocks } => {
                self.bar.say(format!("block {}/{n_blocks} calibrated", block + 1));
            }
            Progress::Layer(layer) => {
                self.layers += 1;
                self.bar.set(self.layers);
                self.bar
                    .say(format!("{} pruned", layer.path.trim_end_matches(".weight")));
            }
            Progress::Stored { block, n_blocks, .. } => {
                self.n_stored = block + 1;
                self.bar.say(format!("block {}/{n_blocks} stored", block + 1));
            }
            Progress::Trained { step, n_steps } => {
                self.bar.resize(*n_steps);
                if self.steps == 0 {
                    // An earlier run did those before.
                    self.bar.skip(step.step);
                }
                self.steps += 1;
                self.bar.set(self.steps);
                let residual = step.dual_update.as_ref();
                self.residual = residual.map(|update| update.relative_primal).or(self.residual);
                let residual = self
                    .residual
                    .map_or_else(String::new, |r| format!(", {:.1} % from sparse", 100.0 * r));
                self.bar.say(format!("loss {:.3}{residual}", step.loss));
            }
            other => self.bar.say(format!("{other:?}")),
        }
    }
}
