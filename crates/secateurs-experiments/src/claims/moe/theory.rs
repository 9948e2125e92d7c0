//! A student learns a teacher of the same form: who aligns first, what pruning leaves, and does fine-tuning end at zero loss?
//!
//! Expected (Liao and Kyrillidis, arXiv 2510.07205, whose code was not at hand): teachers are found one after another, each
//! expert before its router; pruning leaves one expert for each teacher; fine-tuning ends at zero loss. Beside it, what
//! shows that each phase is needed: experts kept at random or by magnitude, and a student that has no more experts than its
//! teacher from the start.

mod case;
mod cell;
mod charts;
mod rows;

use secateurs::moe_theory::ALIGNED;

use self::case::Case;
use self::cell::Cell;
use super::super::kept::kept_cell;
use super::super::language_model::progress;
use super::super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::Outcome;

/// Runs all cases, adds their rows and notes, and returns their charts.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> Result<Plots, ExperimentError> {
    let cases = Case::all(setting.tier);
    let cells = cells(&cases, setting, outcome)?;
    let mut plots = Plots::new();
    for case in &cases {
        let of_case: Vec<&Cell> = cells.iter().filter(|cell| cell.case == case.name()).collect();
        if let Some(first) = of_case.first() {
            outcome.rows.extend(rows::rows(case, &of_case));
            plots.extend(charts::charts(case, first));
        }
    }
    if !cells.is_empty() {
        outcome.notes.extend(notes(&cases));
    }
    Ok(plots)
}

/// One cell for each case and seed, one after another: each takes all processors.
fn cells(cases: &[Case], setting: &Setting, outcome: &Outcome) -> Result<Vec<Cell>, ExperimentError> {
    let of_case = |case: &Case| {
        let case = *case;
        (0..case.seeds).map(move |seed| (format!("{}-{seed}", case.name()), case, seed))
    };
    let mut runs: Vec<(String, Case, u64)> = cases.iter().flat_map(of_case).collect();
    runs.retain(|(name, ..)| setting.wants(name));
    let bar = progress(runs.len());
    let mut cells = Vec::new();
    for (name, case, seed) in &runs {
        bar.set_message(name.clone());
        cells.push(kept_cell(setting, outcome, name, || Ok(Cell::new(case, *seed)?))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(cells)
}

fn notes(cases: &[Case]) -> Vec<String> {
    let settings = cases.iter().map(|case| {
        format!(
            "{} {}: {} rows a step, rate {}, {} steps, {} seeds",
            case.sizes(),
            case.training.name(),
            case.batch_size,
            case.learning_rate,
            case.steps,
            case.seeds
        )
    });
    vec![
        format!(
            "Theory: f(x) = sum a_i sigmoid(v_i.x) He3(w_i.x) learns m* orthonormal pairs with m of its own from Gaussian \
             inputs, a fresh batch for every step; loss is half the mean squared error. {}.",
            settings.collect::<Vec<_>>().join("; ")
        ),
        "Joint trains weights at the rate of vectors, slow-weights at this over m; frozen-weights leaves them at 1/m, \
         unit-weights at 1; correlation-only, at 1/m, follows -f* in place of f - f*. With the joint rate, weights of \
         experts that are not aligned decay to nothing before these find a teacher if there are many dimensions; the \
         paper's own rates were not at hand."
            .into(),
        format!(
            "A student succeeds if each teacher has an expert with |cos(w, w*)| of {ALIGNED} or more; alignments are of \
             that expert and its router, least and mean over teachers, then mean over seeds with its standard error. \
             experts_before_routers: share of the experts that arrived at {ALIGNED} which did before their router. Losses \
             and their spreads are geometric over seeds, which hides that a run that misses a teacher ends near .1 and any \
             other near 0: see success_rate and zero_loss_rate (loss below 1e-8 after 1500 steps)."
        ),
        "pursuit: orthogonal matching pursuit against the teacher, m* experts kept; pursuit-of-own-output: the same against \
         the unpruned student; merge-and-drop: no fit at all, as many experts as are left. Controls: the m* largest |a| or \
         any m*, weights by least squares as well, and from-scratch, which learns with m* experts. Every one is fine-tuned \
         alike; diverged_rate counts losses that became infinite, and mergers that left fewer than m*."
            .into(),
        "The part of a batch that lies outside the span of all vectors is drawn by its exact law as a sum over rows, not \
         row by row. The paper's figure (m* = 5, m = 25, d = 1000) shows alignments over time as the charts of d=1000 do, \
         and no numbers."
            .into(),
    ]
}
