//! One law for all fits: `a x + b` and `c y + d` give the network of `x` and `y`, in other units.

use burn::tensor::{Device, FloatDType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_kan::{
    BasisConfig, FitConfig, FormulaSearch, GridUpdates, Kan, KanConfig, KanState, Optimizer, PictureConfig,
    PruneConfig, Regression, Rows, Scale, Schedule, ShapleyConfig, Stay, SymbolicConfig, attribution, find_formulas,
    fit, picture, prune_edges, prune_inputs, prune_nodes_by, root_mean_square_error, symbolise,
};
use secateurs_tensor::UnitScores;
use secateurs_testkit::laws;

const ROWS: usize = 150;
const COLUMNS: usize = 3;

/// Three columns (even, with a long tail, two-valued) and up to two outcomes of different sizes.
struct Table {
    x: Vec<f64>,
    y: Vec<f64>,
    outputs: usize,
}

impl Table {
    fn new(outputs: usize) -> Self {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in 0..ROWS {
            let row = row as f64;
            let (a, b, c) = (
                (row * 0.777).sin(),
                (1.5 * (row * 1.7).sin()).exp(),
                (row * 2.3).sin() > 0.2,
            );
            let c = f64::from(u8::from(c));
            x.extend([a, b, c]);
            let both = [(2.5 * a).sin() + 0.2 * b - c, a * a + b.ln() * (1.0 + c)];
            y.extend(&both[..outputs]);
        }
        Self { x, y, outputs }
    }

    fn mapped(&self, maps: &Maps) -> Self {
        Self {
            x: maps
                .inputs
                .iter()
                .cycle()
                .zip(&self.x)
                .map(|((a, b), x)| a * x + b)
                .collect(),
            y: maps
                .outputs
                .iter()
                .cycle()
                .zip(&self.y)
                .map(|((c, d), y)| c * y + d)
                .collect(),
            outputs: self.outputs,
        }
    }

    /// Rows to train on and to judge by.
    fn rows(&self) -> [Rows<'_>; 2] {
        let train = ROWS * 2 / 3;
        let ((x, x_rest), (y, y_rest)) = (self.x.split_at(train * COLUMNS), self.y.split_at(train * self.outputs));
        [Rows { x, y }, Rows { x: x_rest, y: y_rest }]
    }

    fn deviation(&self, output: usize) -> f64 {
        let column: Vec<f64> = self.y.iter().skip(output).step_by(self.outputs).copied().collect();
        let mean = column.iter().sum::<f64>() / ROWS as f64;
        (column.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / ROWS as f64).sqrt()
    }
}

/// `a x + b` for each column, `c y + d` for each outcome.
struct Maps {
    inputs: Vec<(f64, f64)>,
    outputs: Vec<(f64, f64)>,
}

impl Maps {
    /// Factors from 1e-9 to 1e9 of either sign, and shifts of up to a million times as much.
    fn random(outputs: usize, rng: &mut StdRng) -> Self {
        let mut map = || {
            let factor = 10f64.powf(rng.random_range(-9.0..9.0)) * if rng.random() { 1.0 } else { -1.0 };
            (
                factor,
                factor * rng.random_range(-1.0..1.0) * 10f64.powf(rng.random_range(-1.0..6.0)),
            )
        };
        Self {
            inputs: (0..COLUMNS).map(|_| map()).collect(),
            outputs: (0..outputs).map(|_| map()).collect(),
        }
    }
}

const SPLINES: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 4,
};

fn config(hidden: &[usize], outputs: usize, basis: BasisConfig) -> KanConfig {
    let widths = [&[COLUMNS], hidden, &[outputs]].concat();
    KanConfig::new(widths, basis).unwrap()
}

fn lbfgs(steps: usize) -> FitConfig {
    FitConfig::new(Schedule::new(Optimizer::LBFGS, steps))
}

/// Predictions at all rows, one list for each output.
fn predictions(kan: &Kan, table: &Table) -> Vec<Vec<f64>> {
    let x = kan.tensor(&table.x, COLUMNS).unwrap();
    let all: Vec<f64> = kan.forward(x).into_data().iter().collect();
    (0..table.outputs)
        .map(|o| all.iter().skip(o).step_by(table.outputs).copied().collect())
        .collect()
}

/// Holds predictions on mapped data against mapped predictions.
fn check(name: &str, outputs: usize, seed: u64, predict: impl Fn(&Table) -> Vec<Vec<f64>>) {
    let table = Table::new(outputs);
    let expected = predict(&table);
    let mut rng = StdRng::seed_from_u64(seed);
    for case in 0..3 {
        let maps = Maps::random(outputs, &mut rng);
        let got = predict(&table.mapped(&maps));
        for (output, (got, expected)) in got.iter().zip(&expected).enumerate() {
            let ((c, d), deviation) = (maps.outputs[output], table.deviation(output));
            let squares = got
                .iter()
                .zip(expected)
                .map(|(got, expected)| ((got - d) / c - expected).powi(2));
            let off = (squares.sum::<f64>() / got.len() as f64).sqrt() / deviation;
            assert!(
                off < 0.01,
                "{name}, case {case}, output {output}: {off:.1e} of a deviation"
            );
        }
    }
}

/// Predictions are worth something, too: of a network that predicts the mean all laws would hold.
fn check_fit(name: &str, (config, outputs): (KanConfig, usize), training: &FitConfig, worst: f64) {
    let kan = |table: &Table| {
        let [train, validation] = table.rows();
        fit(
            config.init(3, &Device::flex()),
            train,
            Some(validation),
            training,
            &mut |_| (),
        )
        .unwrap()
        .0
    };
    let table = Table::new(outputs);
    let error = root_mean_square_error(&kan(&table), table.rows()[0]).unwrap();
    assert!(error < worst, "{name}: {error}");
    check(name, outputs, 7, |table| predictions(&kan(table), table));
}

#[test]
fn networks_do_not_depend_on_units() {
    let adam = FitConfig::new(Schedule::new(Optimizer::Adam { learning_rate: 0.05 }, 80));
    let sparse = lbfgs(5).with_lambda(1e-2);
    let mut even = lbfgs(5);
    even.grids = Some(GridUpdates {
        uniform: 1.0,
        ..GridUpdates::default()
    });
    for dtype in [FloatDType::F32, FloatDType::F64] {
        let make = |hidden: &[usize], outputs, basis| (config(hidden, outputs, basis).with_dtype(dtype), outputs);
        let rbf = BasisConfig::GaussianRbf { n_centres: 6 };
        check_fit("L-BFGS", make(&[], 1, SPLINES), &lbfgs(6), 0.2);
        check_fit("two outputs", make(&[], 2, SPLINES), &lbfgs(6), 0.5);
        check_fit("Adam", make(&[2], 2, SPLINES), &adam, 0.7);
        check_fit("penalty", make(&[], 1, SPLINES), &sparse, 0.6);
        check_fit("fixed grids", make(&[], 2, SPLINES), &lbfgs(5).with_fixed_grids(), 0.6);
        check_fit("even grids", make(&[], 1, SPLINES), &even, 0.3);
        check_fit("Gaussian bumps", make(&[], 1, rbf), &lbfgs(5), 0.6);
        check_fit(
            "Chebyshev",
            make(&[], 1, BasisConfig::Chebyshev { degree: 4 }),
            &lbfgs(5),
            0.6,
        );
    }
}

/// A hidden layer under a penalty has flat places where single precision goes astray by itself.
#[test]
fn networks_with_penalty_and_hidden_nodes_do_not_depend_on_units() {
    let make = (config(&[2], 2, SPLINES).with_dtype(FloatDType::F64), 2);
    check_fit("hidden nodes", make, &lbfgs(4).with_lambda(1e-2), 0.7);
}

/// Refits keep the units: after pruning of nodes, edges and inputs, refining, and functions in place of splines.
#[test]
fn refits_do_not_depend_on_units() {
    for dtype in [FloatDType::F32, FloatDType::F64] {
        check("refits", 1, 8, |table| {
            let [train, _] = table.rows();
            let refit = |kan: Kan| {
                fit(kan, train, None, &lbfgs(2).with_fixed_grids(), &mut |_| ())
                    .unwrap()
                    .0
            };
            let kan = refit(config(&[2], 1, SPLINES).with_dtype(dtype).init(5, &Device::flex()));
            let x = kan.tensor(train.x, COLUMNS).unwrap();
            let scores = attribution(&kan, x.clone()).unwrap();
            let kan = prune_edges(kan, x.clone(), &scores.edges, &PruneConfig::above(0.05))
                .unwrap()
                .kan;
            let shapley = ShapleyConfig::default();
            let half = PruneConfig::new(Stay::Share(0.5));
            let (pruned, _) = prune_nodes_by(kan, x.clone(), &shapley, &half).unwrap();
            assert_eq!(pruned.removed.len(), 1);
            let kan = refit(refit(pruned.kan).refined(5, x.clone()).unwrap());
            predictions(&kan, table)
        });
        check("functions", 2, 9, |table| {
            let [train, _] = table.rows();
            let kan = config(&[], 2, SPLINES).with_dtype(dtype).init(5, &Device::flex());
            let (kan, _) = fit(kan, train, None, &lbfgs(4), &mut |_| ()).unwrap();
            let x = kan.tensor(train.x, COLUMNS).unwrap();
            let (kan, _) = symbolise(kan, x, &SymbolicConfig::default()).unwrap();
            predictions(&fit(kan, train, None, &lbfgs(2), &mut |_| ()).unwrap().0, table)
        });
    }
}

/// Budgets are relative and each output has its own, so formulas are as near to small outcomes as to large ones.
#[test]
fn formulas_do_not_depend_on_units() {
    let names = ["a", "b", "c"].map(str::to_owned);
    check("formulas", 2, 10, |table| {
        let [train, validation] = table.rows();
        let kan = config(&[], 2, SPLINES)
            .with_dtype(FloatDType::F64)
            .init(5, &Device::flex());
        let (kan, _) = fit(kan, train, Some(validation), &lbfgs(4), &mut |_| ()).unwrap();
        let task = Regression {
            train,
            validation,
            retrain: lbfgs(2).with_fixed_grids(),
        };
        // Rounding is in the units of the user by nature.
        let config = FormulaSearch {
            roundings: Vec::new(),
            ..FormulaSearch::default()
        };
        let found = find_formulas(kan, &names, &task, &config).unwrap();
        found
            .formulas
            .iter()
            .map(|formula| formula.evaluate(&table.x).unwrap().0)
            .collect()
    });
}

#[test]
fn inputs_that_go_take_their_units_along() {
    let table = Table::new(1);
    let maps = Maps::random(1, &mut StdRng::seed_from_u64(3));
    let table = table.mapped(&maps);
    let kan = config(&[2], 1, SPLINES)
        .with_dtype(FloatDType::F64)
        .init(1, &Device::flex());
    let (kan, _) = fit(kan, table.rows()[0], None, &lbfgs(2), &mut |_| ()).unwrap();
    let x = kan.tensor(&table.x, COLUMNS).unwrap();
    let scores = [vec![1.0, 0.0, 1.0], vec![1.0; 2], vec![1.0]];
    let scores = scores.map(|of_layer| UnitScores::new(of_layer).unwrap());
    let units = kan.scales().clone();
    let pruned = prune_inputs(kan, x, &scores, &PruneConfig::above(0.5)).unwrap();
    assert_eq!((pruned.inputs, pruned.removed.len()), (vec![0, 2], 1));
    let kan = pruned.kan;
    assert_eq!(
        (kan.scales().input(0), kan.scales().input(1)),
        (units.input(0), units.input(2))
    );
    assert_eq!(kan.scales().output(0), units.output(0));
    let back = Kan::from_state(kan.to_state(), &Device::flex()).unwrap();
    assert_eq!(back.scales(), kan.scales());
}

/// What a state says of units: known ones to the last bit whatever the precision of the layers, open ones as open.
#[test]
fn states_hold_units() {
    let device = Device::flex();
    let new = config(&[], 2, SPLINES).init(1, &device);
    let again = Kan::from_state(new.to_state(), &device).unwrap();
    assert_eq!(
        (new.scales(), again.scales()),
        (&Default::default(), &Default::default())
    );
    let table = Table::new(2).mapped(&Maps::random(2, &mut StdRng::seed_from_u64(4)));
    let (kan, _) = fit(new, table.rows()[0], None, &lbfgs(2), &mut |_| ()).unwrap();
    let state = kan.to_state();
    let again = Kan::from_state(state.clone(), &device).unwrap();
    assert_eq!((again.scales(), again.to_state()), (kan.scales(), state.clone()));
    assert_eq!(predictions(&again, &table), predictions(&kan, &table));
    // A state of before units is of numbers as they are, which a refit leaves so.
    let without = |name: &str| KanState {
        tensors: state
            .tensors
            .iter()
            .filter(|(other, _)| !other.starts_with(name))
            .cloned()
            .collect(),
        ..state.clone()
    };
    let old = Kan::from_state(without("inputs"), &device).unwrap();
    assert_eq!(old.scales().input(0), Scale::default());
    assert!(old.scales().inputs.is_some());
    let missing = Kan::from_state(without("inputs.size"), &device).unwrap_err();
    assert_eq!(missing.to_string(), "tensor inputs.size is missing");
}

/// Activations, pictures and formulas have the numbers that the user has.
#[test]
fn what_a_network_says_is_in_the_units_of_the_user() {
    let u: Vec<f64> = (0..=60).map(|i| f64::from(i) / 30.0 - 1.0).collect();
    for (middle, half, mean, size) in [
        (202_406.0, 5.0, 4e5, 1e5),
        (3e-5, -2e-6, -7e-9, 2e-9),
        (1.7e9, 1.5e7, 0.0, 1.0),
    ] {
        let x: Vec<f64> = u.iter().map(|u| middle + half * u).collect();
        let y: Vec<f64> = u.iter().map(|u| mean + size * u * u).collect();
        let basis = SPLINES;
        let kan = KanConfig::new([1, 1], basis).unwrap().init(1, &Device::flex());
        let (kan, _) = fit(kan, Rows { x: &x, y: &y }, None, &lbfgs(5), &mut |_| ()).unwrap();
        let inputs = kan.tensor(&x, 1).unwrap();
        let activations = kan.activations(inputs.clone()).remove(0);
        let values: Vec<f64> = activations.input.into_data().iter().collect();
        assert_eq!(values, x);
        let outputs: Vec<f64> = activations.output.into_data().iter().collect();
        let forward: Vec<f64> = kan.forward(inputs.clone()).into_data().iter().collect();
        laws::close(&outputs, &forward, 1e-6, size);
        let svg = picture(&kan, inputs.clone(), &PictureConfig::default()).unwrap();
        let ends = |column: &[f64]| {
            column
                .iter()
                .fold([f64::MAX, f64::MIN], |[l, h], v| [l.min(*v), h.max(*v)])
        };
        for (name, [low, high]) in [("x1", ends(&x)), ("y", ends(&outputs))] {
            let title = svg
                .split("<title>")
                .find(|text| text.starts_with(&format!("{name}: ")))
                .unwrap();
            // Charts write a typographic minus.
            let plain = title.replace('\u{2212}', "-");
            let numbers: Vec<f64> = plain.split([' ', '<']).filter_map(|word| word.parse().ok()).collect();
            for (shown, end) in numbers[numbers.len() - 2..].iter().zip([low, high]) {
                assert!((shown - end).abs() < 1e-3 * (high - low), "{title}: {end}");
            }
        }
        let (curves, _) = symbolise(kan, inputs.clone(), &SymbolicConfig::default()).unwrap();
        let formula = &curves.formulas(&["x".to_owned()], inputs.clone()).unwrap()[0];
        assert_eq!(formula.ranges, [ends(&x)]);
        let network: Vec<f64> = curves.forward(inputs).into_data().iter().collect();
        for (formula, network) in formula.evaluate(&x).unwrap().0.iter().zip(&network) {
            assert!((formula - network).abs() < 1e-4 * size, "{formula} {network}");
        }
    }
}
