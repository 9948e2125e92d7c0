//! Progress of a pruning run.

use secateurs::PrunePlan;
use secateurs::prune::Progress;

use crate::terminal::bar::Bar;

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
    /// The progress of a run as planned, shown by a bar of all its layers.
    pub(crate) fn new(plan: &PrunePlan, bar: Bar) -> Self {
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
                self.bar.say(format!("block {}/{n_blocks} replayed", block + 1));
                self.bar.skip(self.plan.get(*block).copied().unwrap_or(0));
            }
            Progress::Differentiated { sequence, n_sequences } => {
                self.bar
                    .say(format!("gradients of sequence {}/{n_sequences}", sequence + 1));
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
                    .map_or_else(String::new, |r| format!(", {:.1}% from the sparse copy", 100.0 * r));
                self.bar.say(format!("loss {:.3}{residual}", step.loss));
            }
            other => self.bar.say(format!("{other:?}")),
        }
    }
}
