//! Grids that move, training that stops, and data that cannot be used.

use burn::tensor::{Device, FloatDType, Tensor};
use proptest::prelude::*;
use secateurs_kan::{
    BasisConfig, FitConfig, Grid, GridUpdates, Kan, KanConfig, Optimizer, Penalty, Rows, Scale, Scales, Schedule, fit,
    root_mean_square_error,
};
use secateurs_testkit::laws;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

fn network(widths: &[usize], n_intervals: usize) -> Kan {
    let basis = BasisConfig::BSpline { degree: 3, n_intervals };
    let config = KanConfig::new(widths.to_vec(), basis)
        .unwrap()
        .with_dtype(FloatDType::F64);
    config.init(2, &Device::flex())
}

fn columns() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        proptest::collection::vec(-3.0..3.0f64, 1..60),
        proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0)], 1..60),
        (-1.0..1.0f64, 1usize..40).prop_map(|(value, n)| vec![value; n]),
        proptest::collection::vec((-2..3i32).prop_map(f64::from), 1..60),
        proptest::collection::vec(prop_oneof![Just(1e6), -1.0..1.0f64], 1..60),
    ]
}

proptest! {
    #[test]
    fn grids_follow_any_column(column in columns(), n_intervals in 1usize..20, uniform in 0.0..=1.0f64) {
        let grid = Grid::uniform(1, 3, n_intervals, [-1.0, 1.0]).unwrap();
        let moved = grid.following(std::slice::from_ref(&column), n_intervals, uniform);
        // Ascending and finite, or from_knots refuses.
        prop_assert!(Grid::from_knots(moved.knots().to_vec(), 1, 3).is_ok(), "{:?}", moved.knots());
        let (low, high) = column.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let interior = moved.interior(0);
        if low < high {
            let (first, last) = (interior[0], interior[n_intervals]);
            prop_assert!(column.contains(&first) && column.contains(&last));
            let beyond = |side: &dyn Fn(&&f64) -> bool| column.iter().filter(side).count() * 20 <= column.len();
            prop_assert!(beyond(&|x| **x < first) && beyond(&|x| **x > last), "{first} {last}");
        } else {
            prop_assert_eq!(interior, grid.interior(0));
        }
    }

    #[test]
    fn any_data_leave_a_finite_network(first in columns(), second in columns(), uniform in 0.0..=1.0f64) {
        let rows = first.len().min(second.len());
        let x: Vec<f64> = (0..rows).flat_map(|row| [first[row], second[row]]).collect();
        let kan = network(&[2, 2, 1], 3);
        let x = kan.tensor(&x, 2).unwrap();
        let kan = kan.with_grids_following(x.clone(), uniform).unwrap();
        let kan = kan.refined(7, x.clone()).unwrap();
        prop_assert!(values(kan.forward(x)).iter().all(|y| y.is_finite()));
        let stored = values(kan.layers[0].coefficients.val());
        prop_assert!(stored.iter().all(|c| c.is_finite()));
    }
}

#[test]
fn refining_to_a_grid_that_contains_the_old_one_changes_nothing() {
    let kan = network(&[2, 3, 1], 4);
    let x: Vec<f64> = (0..800).map(|i| (f64::from(i) * 0.713).sin()).collect();
    let x = kan.tensor(&x, 2).unwrap();
    let before = values(kan.forward(x.clone()));
    let refined = kan.refined(8, x.clone()).unwrap();
    laws::close(&values(refined.forward(x)), &before, 1e-5, 1.0);
}

#[test]
fn moving_grids_keeps_the_function_up_to_what_the_new_one_can_do() {
    let kan = network(&[1, 1], 20).with_scales(Scales::identity(1, 1)).unwrap();
    let x: Vec<f64> = (0..400).map(|i| (f64::from(i) / 200.0 - 1.0).powi(3) / 2.0).collect();
    let x = kan.tensor(&x, 1).unwrap();
    let before = values(kan.forward(x.clone()));
    let moved = kan.with_grids_following(x.clone(), 0.02).unwrap();
    laws::close(&values(moved.forward(x)), &before, 2e-2, 0.1);
}

/// The penalty as its formula reads, for one layer.
#[test]
fn the_penalty_is_that_of_the_formula() {
    let kan = network(&[3, 2], 3);
    let x: Vec<f64> = (0..90).map(|i| (f64::from(i) * 1.3).cos()).collect();
    let x = kan.tensor(&x, 3).unwrap();
    let layer = &kan.layers[0];
    let v = values(layer.relative_deviations(&layer.covariance(x.clone()))); // [3, 2]
    let entropy = |shares: Vec<f64>| {
        let total: f64 = shares.iter().sum::<f64>() + 1.0;
        -shares
            .iter()
            .map(|v| v / total * (v / total + 1e-4).log2())
            .sum::<f64>()
    };
    let of_nodes: f64 = (0..2)
        .map(|s| entropy((0..3).map(|i| v[i * 2 + s]).collect()))
        .sum::<f64>()
        / 2.0;
    let of_inputs: f64 = (0..3).map(|i| entropy(v[i * 2..i * 2 + 2].to_vec())).sum::<f64>() / 3.0;
    let c = values(kan.layers[0].coefficients.val()); // [3, 6, 2]
    let coefficients: f64 = c.iter().map(|c| c.abs() / 2.0).sum();
    let differences: f64 = (0..3)
        .flat_map(|i| (0..5).flat_map(move |m| (0..2).map(move |s| (i * 6 + m) * 2 + s)))
        .map(|at| (c[at + 2] - c[at]).abs() / 2.0)
        .sum();
    let penalty = Penalty {
        lambda: 0.3,
        l1: 0.7,
        entropy: 1.9,
        coefficients: 0.11,
        differences: 0.13,
    };
    let expected =
        0.3 * (0.7 * v.iter().sum::<f64>() + 1.9 * (of_nodes + of_inputs) + 0.11 * coefficients + 0.13 * differences);
    let got = values(penalty.of(&kan, x))[0];
    assert!((got - expected).abs() < 1e-9, "{got} {expected}");
}

/// The error is a share of the outcome's variance; the penalty is that at the grids of each step, also where they move.
#[test]
fn a_training_reports_error_and_penalty() {
    let x: Vec<f64> = (0..80).map(|i| (f64::from(i) * 1.3).cos().powi(3) * 2.0).collect();
    let y: Vec<f64> = x.chunks_exact(2).map(|x| x[0] * x[1]).collect();
    let rows = Rows { x: &x, y: &y };
    let mut config = FitConfig::new(Schedule::new(Optimizer::LBFGS, 3)).with_lambda(0.05);
    config.grids = Some(GridUpdates {
        every: 2,
        until: 3,
        uniform: 0.02,
    });
    for widths in [&[2, 1][..], &[2, 3, 1]] {
        let (kan, log) = fit(network(widths, 4), rows, None, &config, &mut |_| ()).unwrap();
        let error = (root_mean_square_error(&kan, rows).unwrap() / Scale::of_outcome(&y).size()).powi(2);
        let penalty = values(config.penalty.of(&kan, kan.tensor(&x, 2).unwrap()))[0];
        let got = log.last().unwrap().loss;
        assert!((got - error - penalty).abs() < 1e-9 * got, "{got} {error} {penalty}");
        assert!(penalty > 1e-3 * error, "{penalty} {error}");
    }
}

#[test]
fn validation_stops_training_and_keeps_the_best_weights() {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 20.0 - 1.0).collect();
    let y: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(i, x)| x * x + if i % 2 == 0 { 0.3 } else { -0.3 })
        .collect();
    let truth: Vec<f64> = x.iter().map(|x| x * x).collect();
    let (rows, validation) = (Rows { x: &x, y: &y }, Rows { x: &x, y: &truth });
    let schedule = Schedule::new(Optimizer::LBFGS, 200).with_patience(3);
    let config = FitConfig::new(schedule).with_fixed_grids();
    let (kan, log) = fit(network(&[1, 3, 1], 15), rows, Some(validation), &config, &mut |_| ()).unwrap();
    assert!(log.len() < 200, "stopped after {}", log.len());
    let best = log
        .iter()
        .filter_map(|step| step.validation)
        .fold(f64::INFINITY, f64::min);
    let kept = (root_mean_square_error(&kan, validation).unwrap() / Scale::of_outcome(&y).size()).powi(2);
    assert!((kept - best).abs() < 1e-12, "{kept} {best}");
}

#[test]
fn unusable_data_and_divergence_are_errors() {
    let config = FitConfig::new(Schedule::new(Optimizer::Adam { learning_rate: 1e200 }, 50)).with_fixed_grids();
    let run = |x: &[f64], y: &[f64]| {
        let rows = Rows { x, y };
        let outcome = fit(network(&[2, 1], 3), rows, None, &config, &mut |_| ());
        outcome.map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        run(&[1.0, f64::NAN], &[0.0]),
        "data: the value in row 0, column 1 is NaN, expected a finite number"
    );
    assert_eq!(run(&[1.0, 2.0, 3.0], &[0.0]), "training rows: expected 2 values, got 3");
    assert_eq!(
        run(&[], &[]),
        "training rows: 0 rows are too few, at least 1 are needed"
    );
    assert!(run(&[0.1, 0.2], &[1.0]).contains("learning rate may be too high"));
    assert!(
        network(&[2, 1], 3)
            .refined(0, Tensor::zeros([1, 2], &Device::flex()))
            .is_err()
    );
}
