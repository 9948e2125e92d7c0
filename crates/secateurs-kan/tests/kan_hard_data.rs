//! Columns with one value, few values or outliers, numbers that single precision hardly tells apart, trainings that cannot move.

use burn::module::Param;
use burn::tensor::{DType, Device, FloatDType};
use secateurs_formula::{Curve, Shape};
use secateurs_kan::{
    BSpline, BasisConfig, Beyond, FitConfig, Grid, GridUpdates, Kan, KanConfig, Optimizer, Rows, Scales, Schedule,
    ShapleyConfig, StepLog, SymbolicEdge, attribution, fit, root_mean_square_error, shapley,
};
use secateurs_tensor::UnitScores;

const BOTH: [FloatDType; 2] = [FloatDType::F32, FloatDType::F64];

fn network(widths: &[usize], (n_intervals, dtype): (usize, FloatDType)) -> Kan {
    let basis = BasisConfig::BSpline { degree: 3, n_intervals };
    let config = KanConfig::new(widths.to_vec(), basis).unwrap().with_dtype(dtype);
    config.init(1, &Device::flex())
}

fn lbfgs(steps: usize) -> FitConfig {
    FitConfig::new(Schedule::new(Optimizer::LBFGS, steps))
}

fn trained(kan: Kan, rows: Rows<'_>, config: &FitConfig) -> (Kan, Vec<StepLog>) {
    fit(kan, rows, None, config, &mut |_| ()).unwrap()
}

fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.777).sin()).collect()
}

fn predictions(kan: &Kan, x: &[f64]) -> Vec<f64> {
    kan.forward(kan.tensor(x, kan.d_input()).unwrap())
        .into_data()
        .iter()
        .collect()
}

#[test]
fn columns_and_outcomes_with_one_or_two_values() {
    let (u, n) = (wave(120), 120);
    for dtype in BOTH {
        for (constant, low, high) in [(0.0, 0.0, 1.0), (-3e-7, 1e9, 1e9 + 1.0), (202_406.0, -1e-9, 1e-9)] {
            let two = |row: usize| row.is_multiple_of(3);
            let of_row = |row: usize| [u[row], constant, if two(row) { low } else { high }];
            let x: Vec<f64> = (0..n).flat_map(of_row).collect();
            let y: Vec<f64> = (0..n)
                .map(|row| u[row].powi(2) + if two(row) { 1.0 } else { 0.0 })
                .collect();
            let rows = Rows { x: &x, y: &y };
            let (kan, log) = trained(network(&[3, 1], (4, dtype)), rows, &lbfgs(5));
            let error = root_mean_square_error(&kan, rows).unwrap();
            assert!(error < 0.02, "{dtype:?}, {constant}, {low}: {error}");
            assert!(log[0].moved);
            // An outcome that is the same in all rows.
            let outcome = 3.0 * low + constant;
            let (kan, _) = trained(
                network(&[3, 1], (4, dtype)),
                Rows {
                    x: &x,
                    y: &vec![outcome; n],
                },
                &lbfgs(5),
            );
            for value in predictions(&kan, &x) {
                assert!(
                    (value - outcome).abs() <= 1e-3 * outcome.abs().max(f64::from(u8::from(outcome == 0.0))),
                    "{value} {outcome}"
                );
            }
        }
    }
}

/// Single precision has no digits for some of these columns, but scaled ones have all.
#[test]
fn narrow_columns_far_from_zero_keep_their_digits() {
    for (name, middle, half) in [
        ("months", 202_406.5, 5.5),
        ("Julian days of a day", 2_460_000.5, 0.5),
        ("latitudes", 52.5, 1e-6),
        ("seconds of an hour", 1.7e9, 1800.0),
        ("nanoseconds", 1.7e18, 1e9),
    ] {
        for n_intervals in [5, 20] {
            let u = wave(300);
            let x: Vec<f64> = u.iter().map(|u| middle + half * u).collect();
            let y: Vec<f64> = u.iter().map(|u| (3.0 * u).sin()).collect();
            let rows = Rows { x: &x, y: &y };
            let (kan, _) = trained(network(&[1, 1], (n_intervals, FloatDType::F32)), rows, &lbfgs(10));
            let error = root_mean_square_error(&kan, rows).unwrap();
            assert!(error < 0.02, "{name}, {n_intervals}: {error}");
            let worst = predictions(&kan, &x)
                .iter()
                .zip(&y)
                .map(|(f, y)| (f - y).abs())
                .fold(0.0, f64::max);
            assert!(worst < 0.1, "{name}, {n_intervals}: {worst}");
        }
    }
}

#[test]
fn knots_that_a_precision_cannot_tell_apart_move() {
    for (dtype, low, width) in [
        (DType::F32, 2_460_000.0, 1.0),
        (DType::F32, 1e30, 1.0),
        (DType::F64, 1e15, 0.5),
    ] {
        let knots = (0..27).map(|k| low + f64::from(k) * width / 20.0);
        // Finer than doubles are far from zero: these would coincide already.
        let Ok(grid) = Grid::from_knots(knots.collect(), 1, 3) else {
            assert!(low >= 1e15);
            continue;
        };
        let splines = BSpline::new(&grid, Beyond::Taper, &Device::flex(), dtype).grid();
        let interior = splines.interior(0);
        assert_eq!(interior.len(), 21);
        assert!(interior[0] <= low + width && interior[20] >= low, "{interior:?}");
    }
    // Values of a hidden layer that differ in their last digits only.
    let hidden = |value: f64| {
        let kan = network(&[1, 1, 1], (20, FloatDType::F32))
            .with_scales(Scales::identity(1, 1))
            .unwrap();
        let mut layers = kan.layers;
        layers[0].nodes.bias = Param::from_tensor(layers[0].nodes.bias.val() + value);
        let kan = Kan::from(layers).with_scales(Scales::identity(1, 1)).unwrap();
        let x: Vec<f64> = wave(100);
        let x = kan.tensor(&x, 1).unwrap();
        kan.with_grids_following(x, 0.02)
            .unwrap()
            .refined(30, kan_rows())
            .unwrap()
    };
    for value in [0.0, 1e4, 1e6, 1e9, 1e20] {
        let kan = hidden(value);
        assert!(predictions(&kan, &[0.3, -0.2]).iter().all(|y| y.is_finite()), "{value}");
    }
}

fn kan_rows() -> burn::tensor::Tensor<2> {
    network(&[1, 1], (3, FloatDType::F32)).tensor(&wave(40), 1).unwrap()
}

/// A few values far away, on one side or on both, or a code for missing ones, leave the knots to the rest.
#[test]
fn outliers_do_not_empty_the_grid() {
    let none: &[(usize, f64)] = &[];
    let spots = [
        ("one far above", &[(0, 1e6)][..], 0),
        ("one far below", &[(7, -1e6)][..], 0),
        ("one near", &[(3, 25.0)][..], 0),
        ("two sides", &[(3, 1e4), (9, -1e5)][..], 0),
        ("several", &[(3, 1e6), (9, 1.1e6), (70, 1.3e6)][..], 0),
        ("a code", none, 12),
    ];
    for (name, outliers, every) in spots {
        for uniform in [0.02, 1.0] {
            for dtype in BOTH {
                let mut x = wave(400);
                outliers.iter().for_each(|(row, value)| x[*row] = *value);
                if every > 0 {
                    x.iter_mut().step_by(every).for_each(|x| *x = -999.0);
                }
                let y: Vec<f64> = x
                    .iter()
                    .map(|x| if x.abs() > 2.0 { 0.0 } else { (3.0 * x).sin() })
                    .collect();
                let mut config = lbfgs(20);
                config.grids = Some(GridUpdates {
                    uniform,
                    ..GridUpdates::default()
                });
                let (kan, _) = trained(network(&[1, 1], (10, dtype)), Rows { x: &x, y: &y }, &config);
                let grid = match &kan.layers[0].basis {
                    secateurs_kan::Basis::BSpline(splines) => splines.grid(),
                    _ => unreachable!("the edges are splines"),
                };
                let inside = grid.interior(0).iter().filter(|knot| knot.abs() < 1.05).count();
                assert!(inside >= 8, "{name}, {uniform}: {:?}", grid.interior(0));
                let bulk: Vec<f64> = x.iter().copied().filter(|x| x.abs() < 2.0).collect();
                let truth: Vec<f64> = bulk.iter().map(|x| (3.0 * x).sin()).collect();
                let error = root_mean_square_error(&kan, Rows { x: &bulk, y: &truth }).unwrap();
                assert!(error < 0.07, "{name}, {uniform}, {dtype:?}: {error}");
            }
        }
    }
}

#[test]
fn a_training_that_does_not_move_says_so() {
    let x = wave(50);
    let kan = network(&[1, 1], (3, FloatDType::F64))
        .with_scales(Scales::identity(1, 1))
        .unwrap();
    let learnt = predictions(&kan, &x);
    let other: Vec<f64> = learnt.iter().map(|y| y + 0.1).collect();
    let adam = FitConfig::new(Schedule::new(Optimizer::Adam { learning_rate: 0.01 }, 3));
    for config in [lbfgs(3), adam].map(FitConfig::with_fixed_grids) {
        let moved = |y: &[f64]| -> Vec<bool> {
            let (_, log) = trained(kan.clone(), Rows { x: &x, y }, &config);
            log.iter().map(|step| step.moved).collect()
        };
        assert_eq!(moved(&learnt), [false; 3]);
        assert!(moved(&other)[0]);
    }
}

/// Rounding errors of scores are nobody's importance, however large outputs are.
#[test]
fn scores_of_equal_rows_are_zero() {
    for dtype in BOTH {
        for shift in [0.0, 1.0, 1e6] {
            let mut kan = network(&[2, 3, 1], (3, dtype));
            let nodes = &mut kan.layers[1].nodes;
            nodes.bias = Param::from_tensor(nodes.bias.val() + shift);
            let x = kan.tensor(&[0.3, 0.7].repeat(21), 2).unwrap();
            let scores = attribution(&kan, x.clone()).unwrap();
            assert!(
                scores.nodes[..2]
                    .iter()
                    .flat_map(UnitScores::values)
                    .all(|score| *score == 0.0),
                "{shift}: {scores:?}"
            );
            for layer in 0..2 {
                let scores = shapley(&kan, layer, x.clone(), &ShapleyConfig::default())
                    .unwrap()
                    .scores;
                assert!(
                    scores.values().iter().all(|score| *score == 0.0),
                    "{dtype:?}, {shift}, {layer}: {scores:?}"
                );
            }
            // Rows that differ give the most important node 1.
            let x = kan.tensor(&wave(40), 2).unwrap();
            let scores = shapley(&kan, 1, x, &ShapleyConfig::default()).unwrap().scores;
            let largest = scores
                .values()
                .iter()
                .fold(0.0, |largest: f64, score| largest.max(*score));
            // Of outputs around a million single precision has no digits that differ.
            assert_eq!(
                largest,
                if dtype == FloatDType::F32 && shift > 1e3 {
                    0.0
                } else {
                    1.0
                }
            );
        }
    }
}

/// Where a network in single precision cuts off an exponential, its formula would not: there is none, but for rows before.
#[test]
fn exponentials_have_a_formula_as_far_as_the_network_computes_them() {
    let exponential = Curve::new(Shape::Function("exp".parse().unwrap()), vec![90.0, 0.0, 1e-36, 0.0]).unwrap();
    let edge = SymbolicEdge {
        input: 0,
        subnode: 0,
        shape: exponential.shape(),
    };
    let names = ["x".to_owned()];
    for (dtype, highest, has_formula) in [
        (FloatDType::F32, 0.95, true),
        (FloatDType::F32, 1.0, false),
        (FloatDType::F64, 1.0, true),
        (FloatDType::F64, 8.0, false),
    ] {
        let layer = network(&[1, 1], (3, dtype)).layers.remove(0);
        let kan = Kan::from(vec![layer.with_curves(&[(edge, exponential.clone())]).unwrap()]);
        let x = [0.0, 0.5, highest];
        let formulas = kan.formulas(&names, kan.tensor(&x, 1).unwrap());
        assert_eq!(formulas.is_ok(), has_formula, "{dtype:?} {highest}");
        match formulas {
            Ok(formulas) => {
                let (values, _) = formulas[0].evaluate(&x).unwrap();
                for (network, formula) in predictions(&kan, &x).iter().zip(&values) {
                    assert!((network - formula).abs() <= 1e-4 * formula, "{network} {formula}");
                }
            }
            Err(error) => assert!(error.to_string().contains("cuts it off"), "{error}"),
        }
    }
}
