//! Mixtures of experts: can learning be followed to zero loss, and which experts of a trained model can go?
//!
//! Expected (Liao and Kyrillidis, arXiv 2510.07205): with more experts than the teacher has, each teacher's expert is found first,
//! its router follows, the redundant are pruned, and fine-tuning reaches zero loss. Of a trained model's experts (REAP, arXiv
//! 2510.13999, and NAEE, arXiv 2402.14800, on models thousands of times larger): criteria that look at what experts answer lose
//! less than frequency, and all less than chance; merging loses more than pruning.

mod experts;
mod theory;

use std::time::Instant;

use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::Outcome;

/// Runs the claim.
///
/// # Errors
///
/// If data are missing or a run fails.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let mut outcome = Outcome::new("moe", setting.tier, &setting.device_name);
    outcome.title =
        "Mixtures of experts: learned, pruned and fine-tuned to zero loss; and experts of a trained model removed"
            .into();
    outcome.reference = "arXiv 2510.07205 (theory), 2510.13999 (REAP), 2402.14800 (NAEE), 2507.00390 (MoNE)".into();
    let mut plots = theory::run(setting, &mut outcome)?;
    plots.extend(experts::run(setting, &mut outcome)?);
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok((outcome, plots))
}
