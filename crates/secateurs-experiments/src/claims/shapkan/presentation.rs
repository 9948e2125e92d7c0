//! Notes and charts beside the rows.

use secateurs_chart::Scale;

use super::case::ShapkanCase;
use crate::outcome::Outcome;
use crate::report::{Chart, plot_group};

pub fn notes(case: &ShapkanCase, n_networks: usize) -> Vec<String> {
    let (networks, seeds) = (case.sampled_networks, case.sampling_seeds);
    let functions: Vec<&str> = case.targets.iter().map(|target| target.name).collect();
    let functions = functions.join(", ");
    let mut notes = vec![
        format!(
            "{n_networks} networks of two hidden layers, which learn {functions}, 3 intervals, in double precision: {} rows to learn from, as many to test \
             on, {} L-BFGS steps with pykan's penalty (lambda {}). Values are in units of their standard deviation, so that 1 \
             is the error of the mean. Spreads are standard errors over networks (functions and seeds); means of errors and of \
             ratios are geometric.",
            case.n_rows, case.steps, case.lambda
        ),
        "pykan: attribution by standard deviations. shapkan-zero: as in the paper, an absent node contributes nothing and the mean \
         output pays. shapkan-mean: an absent node contributes its mean. -rows: every row pays on its own, and absolute \
         values are averaged; shapkan-mean-rows is this library's default. Values are exact up to 12 players. In the last hidden \
         layer shapkan-mean is zero by construction, so that what it prunes there is arbitrary, and shapkan-mean-rows is the mean \
         absolute deviation where pykan has the standard deviation."
            .into(),
        "fixed: the network of the unshifted domain, evaluated on the shifted one, which reaches beyond its grid from a shift \
         above 0 on: splines taper to zero there, and importance truly changes. Magnitudes do not see data, so their tau of 1 \
         is no merit."
            .into(),
        "refit: f(x - shift) learned on the shifted domain from the same initial parameters (knots moved along; SiLU does not \
         move), so that inputs have the same true ranks. Hidden nodes of networks trained apart are not the same nodes: those of \
         the first hidden layer are matched by the assignment of the largest sum of absolute correlations on corresponding rows, \
         whose mean is matched_correlation. Ranks of hidden nodes may differ because the networks do, and for no fault of the \
         score. Inputs of equal importance have no true order: product counts for no mean over functions of the ranks of inputs, \
         and among the masses and among the distances of I.9.18 order is chance for every score alike."
            .into(),
        format!(
            "Pruning leaves so many nodes in each hidden layer, the first one first, the second scored on what is left. Refitted: \
             {} L-BFGS steps without penalty on fixed grids. top_overlap is about the better half, at most five.",
            case.refit_steps
        ),
        format!(
            "Sampling: {networks} random networks of each roughness (width of the noise in their splines) with 8 inputs as players \
             and 5 hidden nodes, {seeds} seeds each, the paper's payoff on 400 rows; errors over the players are relative to the \
             exact values. Pairs are exact where no more than two players interact, and gain the less the rougher a network \
             is. An independent check on another toy had \
             .671, .291, .124, .064 (plain) and .296, .126, .075, .040 (antithetic), ratios of 2.3, 2.3, 1.7, 1.6."
        ),
        "The paper's tables and code were not at hand: no number of it stands beside these.".into(),
    ];
    if case.targets.iter().any(|target| !target.inputs_differ) {
        notes.push(
            "Inputs of equal importance have no true order: product counts for no mean over functions of the ranks of inputs, and \
             among the masses and among the distances of I.9.18 order is chance for every score alike."
                .into(),
        );
    }
    notes
}

/// Tau against shift, errors against nodes left, sampling errors against permutations.
pub fn charts(outcome: &Outcome) -> Vec<Chart> {
    let methods: Vec<&str> = outcome
        .methods()
        .into_iter()
        .filter(|name| !OTHER.contains(name))
        .collect();
    let mut charts = Vec::new();
    for (axis, metrics) in [("shift", ["tau", "tau"]), ("nodes", ["rmse_pruned", "rmse_refitted"])] {
        let groups = outcome.groups_along(axis);
        let chosen = groups
            .iter()
            .filter(|group| metrics.contains(&group.metric) && group.ours.iter().any(|row| row.number(axis).is_some()));
        for group in chosen {
            let scale = if axis == "nodes" { Scale::Log } else { Scale::Linear };
            let plot = plot_group(group, axis, &methods).y_scale(scale);
            charts.push(Chart::new(group.file_name(), plot.to_svg()));
        }
    }
    let groups = outcome.groups_along("permutations");
    for group in groups.iter().filter(|group| group.metric == "sampling_error") {
        let plot = plot_group(group, "permutations", &["plain", "antithetic"]);
        let plot = plot.x_scale(Scale::Log).y_scale(Scale::Log);
        charts.push(Chart::new(group.file_name(), plot.to_svg()));
    }
    charts.sort_by_key(|chart| chart.entry.name != "tau-ranks-inputs-variant-refit");
    charts
}

/// Names in rows that are no scores.
const OTHER: [&str; 4] = ["refit", "plain", "antithetic", "plain over antithetic"];
