//! Checks that every method with a Gram matrix makes before it starts, and its fallback.

use secateurs_importance::{Importance, LayerView, Magnitude, Wanda};
use secateurs_tensor::{Event, KeepMask, NonNegative, Pattern, Scope, WeightMatrix, select};

use crate::algebra::gram::Gram;
use crate::algebra::singular::Singular;
use crate::error::PruneError;
use crate::methods::problem::{LayerProblem, Solution};

/// Largest damping, in units of the mean diagonal.
const MAX_DAMPING: f64 = 1.0;

/// A checked problem.
pub(crate) enum Prepared<'a> {
    /// A solution that needs no iteration.
    Done(Solution),
    /// A problem whose values are finite, fit, and carry a signal.
    Ready(Ready<'a>),
}

/// A problem that a method can work on.
pub(crate) struct Ready<'a> {
    pub(crate) gram: &'a Gram,
    /// The dense weights, with zeros for dead inputs, which no calibration token reads.
    pub(crate) weight: WeightMatrix,
    pub(crate) events: Vec<Event>,
}

/// A damping that is a default.
pub(crate) fn default_damping(value: f64) -> NonNegative {
    NonNegative::new(value).expect("defaults are in range")
}

/// Checks weights, Gram matrix and pattern of a problem for `method`.
pub(crate) fn prepare<'a>(problem: &LayerProblem<'a>, method: &'static str) -> Result<Prepared<'a>, PruneError> {
    problem.weight.check_finite(problem.path)?;
    if let Pattern::Nm(pattern) = problem.pattern {
        pattern
            .check(problem.weight.d_input())
            .map_err(PruneError::at(problem.path))?;
    }
    if problem.pattern.pruned_count(problem.weight.dims()) == 0 {
        return Ok(Prepared::Done(Solution::unchanged(problem.weight)));
    }
    let gram = checked_gram(problem, method)?;
    if gram.mean_diagonal() <= 0.0 {
        let reason = "the inputs are zero on all calibration tokens".to_owned();
        return fall_back(problem, method, reason, Vec::new()).map(Prepared::Done);
    }
    let dead = gram.dead_inputs();
    let mut weight = problem.weight.clone();
    let mut events = Vec::new();
    if !dead.is_empty() {
        events.push(Event::DeadInputs { count: dead.len() });
        silence(&mut weight, &dead);
    }
    Ok(Prepared::Ready(Ready { gram, weight, events }))
}

fn checked_gram<'a>(problem: &LayerProblem<'a>, method: &str) -> Result<&'a Gram, PruneError> {
    let path = || problem.path.to_owned();
    let gram = problem.gram.ok_or_else(|| PruneError::NeedsGram {
        path: path(),
        method: method.to_owned(),
    })?;
    let [expected, got] = [problem.weight.d_input(), gram.d_input()];
    if got != expected {
        return Err(PruneError::GramMismatch {
            path: path(),
            expected,
            got,
        });
    }
    match gram.non_finite() {
        Some((row, column, value)) => Err(PruneError::NonFiniteGram {
            path: path(),
            row,
            column,
            value,
        }),
        None => Ok(gram),
    }
}

fn silence(weight: &mut WeightMatrix, dead: &[usize]) {
    let d_input = weight.d_input();
    for output in weight.values_mut().chunks_exact_mut(d_input) {
        for input in dead {
            output[*input] = 0.0;
        }
    }
}

/// Factorises with `damping`, then with ten times as much and so on up to 1, until it works.
///
/// Records the step up; the last error if nothing works.
pub(crate) fn with_damping<T>(
    damping: NonNegative,
    events: &mut Vec<Event>,
    mut factorise: impl FnMut(f64) -> Result<T, Singular>,
) -> Result<T, Singular> {
    let damping = damping.get();
    let mut current = damping;
    let mut first_failure = None;
    loop {
        match factorise(current) {
            Ok(factor) => {
                if let Some(failure) = first_failure {
                    let reason = format!("{failure}");
                    events.push(Event::DampingRaised {
                        from: damping,
                        to: current,
                        reason,
                    });
                }
                return Ok(factor);
            }
            Err(failure) if current >= MAX_DAMPING => return Err(failure),
            Err(failure) => {
                first_failure.get_or_insert(failure);
                current = if current == 0.0 {
                    0.01
                } else {
                    (current * 10.0).min(MAX_DAMPING)
                };
            }
        }
    }
}

/// Prunes without compensation: by Wanda's score, or by magnitude where all inputs are dead.
///
/// The comparison group is the layer, so that the pattern's count is met as by the method that could not run.
pub(crate) fn fall_back(
    problem: &LayerProblem<'_>,
    from: &str,
    reason: String,
    mut events: Vec<Event>,
) -> Result<Solution, PruneError> {
    let norms = problem.gram.map(Gram::l2_norms).unwrap_or_default();
    let view = LayerView::of_weight(problem.path, problem.weight).with_input_norms(&norms);
    let alive = norms.iter().any(|norm| *norm > 0.0);
    let importance: &dyn Importance = if alive { &Wanda } else { &Magnitude };
    tracing::warn!(
        path = problem.path,
        from,
        to = importance.name(),
        reason,
        "fell back to another method"
    );
    events.push(Event::FellBack {
        from: from.to_owned(),
        to: importance.name().to_owned(),
        reason,
    });
    let scores = importance.score(&view)?;
    let keep = select(&scores, problem.pattern, Scope::PerLayer).map_err(PruneError::at(problem.path))?;
    finish(problem, problem.weight.clone(), keep, events)
}

/// Applies the mask and refuses a solution that is not a number.
pub(crate) fn finish(
    problem: &LayerProblem<'_>,
    mut weight: WeightMatrix,
    keep: KeepMask,
    events: Vec<Event>,
) -> Result<Solution, PruneError> {
    keep.apply(&mut weight).map_err(PruneError::at(problem.path))?;
    weight.check_finite(problem.path)?;
    Ok(Solution { weight, keep, events })
}
