//! Curves on edges, and the way from a network to a formula.

use burn::tensor::{Device, FloatDType, Tensor};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_kan::formula::{Curve, Function, Shape};
use secateurs_kan::{
    Attempt, BasisConfig, FitConfig, Fold, FormulaSearch, Kan, KanConfig, KanError, Optimizer, PruneConfig, PrunedKan,
    Regression, Rows, Schedule, Stage, SymbolicConfig, SymbolicEdge, Task, Width, attribution, find_formulas, fit,
    prune_edges, prune_nodes, symbolise,
};
use secateurs_tensor::UnitScores;

fn units(scores: &[f64]) -> UnitScores {
    UnitScores::new(scores.to_vec()).unwrap()
}

fn network(widths: Vec<Width>) -> Kan {
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 4,
    };
    let config = KanConfig::new(widths, basis).unwrap();
    config.with_dtype(FloatDType::F64).init(7, &Device::flex())
}

fn rows(n: usize, d_input: usize, seed: u64) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..n * d_input).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect()
}

fn values(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

fn edge(input: usize, subnode: usize, name: &str) -> SymbolicEdge {
    let function: Function = name.parse().unwrap();
    let shape = Shape::Function(function);
    SymbolicEdge { input, subnode, shape }
}

/// Every function on tensors is that on numbers, in its domain and outside of it.
#[test]
fn tensors_compute_what_curves_say() {
    let x: Vec<f64> = (-40..=40).map(|i| f64::from(i) * 0.11).collect();
    for function in Function::all() {
        for parameters in [[1.0, 0.0, 1.0, 0.0], [0.37, 0.21, -2.0, 0.6], [-1.3, 2.0, 0.5, 1.0]] {
            let edge = edge(0, 0, function.name());
            let curve = Curve::new(edge.shape, parameters.to_vec()).unwrap();
            let mut kan = network(vec![1.into(), 1.into()]);
            let layer = kan.layers.remove(0).with_curves(&[(edge, curve.clone())]).unwrap();
            let got = values(layer.forward(kan_tensor(&x)));
            for (x, got) in x.iter().zip(got) {
                let u = parameters[0] * x + parameters[1];
                // At a pole and at the edges of a domain only the size is the same.
                let near = u.abs() < 1e-9 || (u.abs() - 1.0).abs() < 1e-9;
                let expected = curve.at(*x);
                let same = (got - expected).abs() < 2e-6 * (1.0 + expected.abs());
                assert!(same || near, "{function} at {x}: {got}, not {expected}");
            }
        }
    }
}

fn kan_tensor(x: &[f64]) -> Tensor<2> {
    network(vec![1.into(), 1.into()]).tensor(x, 1).unwrap()
}

#[test]
fn curves_and_splines_add_up_and_formulas_agree() {
    let widths = vec![Width::sums(3), Width::sums(2).with_products(1), Width::sums(2)];
    let kan = network(widths);
    let x = kan.tensor(&rows(200, 3, 1), 3).unwrap();
    // Splines and curves side by side.
    let mut mixed = kan.clone();
    let square = Curve::new(edge(1, 3, "x^2").shape, vec![1.0, 0.5, 2.0, 0.1]).unwrap();
    let first = mixed
        .layers
        .remove(0)
        .with_curves(&[(edge(1, 3, "x^2"), square.clone())])
        .unwrap();
    let before = kan.layers[0].activations(x.clone());
    let after = first.activations(x.clone());
    let sums = values(after.sums.clone());
    let through = values(first.nodes.forward(after.sums));
    let forward = values(first.forward(x.clone()));
    assert!(through.iter().zip(&forward).all(|(a, b)| (a - b).abs() < 1e-12));
    let [edges_before, edges_after] =
        [before.edges, after.edges].map(|e| e.into_data().iter::<f64>().collect::<Vec<_>>());
    let inputs = values(x.clone());
    for row in 0..200 {
        for at in 0..12 {
            let (input, subnode) = (at / 4, at % 4);
            let index = (input * 200 + row) * 4 + subnode;
            let expected = match (input, subnode) {
                (1, 3) => square.at(inputs[row * 3 + 1]),
                _ => edges_before[index],
            };
            assert!((edges_after[index] - expected).abs() < 1e-12);
        }
        let sum: f64 = (0..3).map(|input| edges_after[(input * 200 + row) * 4]).sum();
        assert!((sums[row * 4] - sum).abs() < 1e-12);
    }

    // A formula of a network with a spline is refused, and says where.
    let names: Vec<String> = (1..=3).map(|i| format!("x{i}")).collect();
    mixed.layers.insert(0, first);
    let refused = mixed.formulas(&names, x.clone());
    assert!(matches!(
        refused,
        Err(KanError::NotSymbolic {
            layer: 0,
            input: 0,
            subnode: 0
        })
    ));

    // All curves, with products and two outputs: the formulas compute what the network does.
    let (symbolic, fits) = symbolise(kan, x.clone(), &SymbolicConfig::default()).unwrap();
    assert_eq!(fits.len(), 3 * 4 + 3 * 2);
    let formulas = symbolic.formulas(&names, x.clone()).unwrap();
    let outputs = values(symbolic.forward(x.clone()));
    for (o, formula) in formulas.iter().enumerate() {
        let (got, _) = formula.evaluate(&inputs).unwrap();
        for (row, got) in got.iter().enumerate() {
            assert!((got - outputs[row * 2 + o]).abs() < 1e-9, "{formula}");
        }
    }
}

#[test]
fn pruning_curves_folds_their_means() {
    let kan = network(vec![3.into(), 2.into(), 1.into()]);
    let x = kan.tensor(&rows(100, 3, 2), 3).unwrap();
    let (kan, _) = symbolise(kan, x.clone(), &SymbolicConfig::default()).unwrap();
    assert_eq!(kan.n_edges(), 8);
    let scores = attribution(&kan, x.clone()).unwrap();
    // All of the first node's edges but the best: its mean stays.
    let mut edges = scores.edges.clone();
    edges[0] = units(&[1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    edges[1] = units(&[1.0, 1.0]);
    let mean = |kan: &Kan| values(kan.layers[0].forward(x.clone()).mean_dim(0));
    let before = mean(&kan);
    let pruned = prune_edges(kan.clone(), x.clone(), &edges, &PruneConfig::above(0.5)).unwrap();
    let smaller = pruned.kan;
    assert_eq!((pruned.removed.len(), smaller.n_edges()), (3, 5));
    let after = mean(&smaller);
    assert!(
        before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-12),
        "{before:?} {after:?}"
    );
    // Removing a node takes its curves along, and the others stay at their places.
    let nodes = [units(&[1.0; 3]), units(&[0.0, 1.0]), units(&[1.0])];
    let config = PruneConfig::above(0.5).with_fold(Fold::Zero);
    let smaller = prune_nodes(kan.clone(), x.clone(), &nodes, &config).unwrap().kan;
    let second = values(kan.layers[0].forward(x.clone()).narrow(1, 1, 1));
    let only = values(smaller.layers[0].forward(x.clone()));
    assert!(second.iter().zip(&only).all(|(a, b)| (a - b).abs() < 1e-12));
    assert_eq!(smaller.n_edges(), 4);
}

/// From noisy data to the formula behind them, through every stage.
#[test]
fn a_budget_leads_to_the_formula() {
    let data = |n: usize, seed: u64| {
        let x = rows(n, 3, seed);
        let mut rng = StdRng::seed_from_u64(seed + 100);
        let mut noise = || 0.02 * (rng.random::<f64>() + rng.random::<f64>() - 1.0);
        let y: Vec<f64> = x
            .chunks_exact(3)
            .map(|x| (3.0 * x[0]).sin() + x[1] * x[1] + noise())
            .collect();
        (x, y)
    };
    let (train, validation) = (data(400, 1), data(200, 2));
    let [train, validation] = [&train, &validation].map(|(x, y)| Rows { x, y });
    let config = FitConfig::new(Schedule::new(Optimizer::LBFGS, 10));
    let (kan, _) = fit(
        network(vec![3.into(), 1.into()]),
        train,
        Some(validation),
        &config,
        &mut |_| (),
    )
    .unwrap();
    let retrain = config.with_fixed_grids();
    let task = Regression {
        train,
        validation,
        retrain,
    };
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
    let found = find_formulas(kan, &names, &task, &FormulaSearch::default()).unwrap();
    assert_eq!(found.pruned.n_edges(), 2, "c has no effect: {:?}", found.attempts);
    assert_eq!(found.removed.iter().map(|edge| edge.input).collect::<Vec<_>>(), [2]);
    let shapes: Vec<String> = found.fits.iter().map(|fit| fit.edge.shape.to_string()).collect();
    assert_eq!(shapes, ["sin", "x^2"]);
    let formula = &found.rounded[0];
    assert_eq!(formula.expr.variables(), [0, 1]);
    for x in [[0.3f64, 0.5, 0.0], [-0.9, -0.2, 0.7]] {
        let truth = (3.0 * x[0]).sin() + x[1] * x[1];
        assert!((formula.expr.at(&x) - truth).abs() < 0.02, "{formula}");
    }
    // What pruning wins, functions may not lose.
    let loss_after = |stage: fn(&Stage) -> bool| {
        let of_stage = |attempt: &&Attempt| stage(&attempt.stage) && attempt.accepted();
        found.attempts.iter().rfind(of_stage).unwrap().loss
    };
    let full = loss_after(|stage| *stage == Stage::Full);
    let pruned = loss_after(|stage| matches!(stage, Stage::Prune(_)));
    let symbolic = loss_after(|stage| matches!(stage, Stage::Symbolic(_)));
    for attempt in &found.attempts {
        let before = match attempt.stage {
            Stage::Full => continue,
            Stage::Prune(_) => 1.02 * full,
            Stage::Symbolic(_) => 1.05 * full.min(pruned),
            Stage::Round(_) => 1.05 * symbolic,
        };
        assert!((attempt.limit / before - 1.0).abs() < 1e-9, "{attempt:?}");
    }
    let last = found.attempts.last().unwrap();
    assert!(
        last.accepted() && last.loss <= 1.05 * found.attempts[0].loss,
        "{:?}",
        found.attempts
    );
}

/// Judged where nothing shows.
struct Blind {
    train: Vec<f64>,
}

impl Task for Blind {
    fn train_inputs(&self) -> &[f64] {
        &self.train
    }

    fn validation_inputs(&self) -> &[f64] {
        &[0.0, 0.0]
    }

    fn loss(&self, outputs: &[f64]) -> f64 {
        outputs.iter().map(|output| (output - 2.0).powi(2)).sum()
    }

    fn retrain(&self, kan: Kan) -> Result<Kan, KanError> {
        Ok(kan)
    }
}

/// Likes no outputs but those that it has seen first.
struct Picky {
    train: Vec<f64>,
    first: std::cell::RefCell<Option<Vec<f64>>>,
}

impl Task for Picky {
    fn train_inputs(&self) -> &[f64] {
        &self.train
    }

    fn validation_inputs(&self) -> &[f64] {
        &self.train
    }

    fn loss(&self, outputs: &[f64]) -> f64 {
        let mut first = self.first.borrow_mut();
        let is_first = first.get_or_insert_with(|| outputs.to_vec()) == outputs;
        if is_first { 1.0 } else { f64::NAN }
    }

    fn retrain(&self, kan: Kan) -> Result<Kan, KanError> {
        Ok(kan)
    }
}

#[test]
fn losses_that_are_no_numbers_are_not_accepted() {
    let task = Picky {
        train: rows(30, 2, 3),
        first: None.into(),
    };
    let names = ["a", "b"].map(str::to_owned);
    let found = find_formulas(
        network(vec![2.into(), 1.into()]),
        &names,
        &task,
        &FormulaSearch::default(),
    )
    .unwrap();
    let accepted: Vec<Stage> = found
        .attempts
        .iter()
        .filter(|attempt| attempt.accepted())
        .map(|a| a.stage)
        .collect();
    assert_eq!(accepted, [Stage::Full]);
    assert_eq!(found.rounded[0].to_string(), found.formulas[0].to_string());
}

/// 0.043 x^3 + 2 is 2 to one decimal, and at 0, where it is judged, that is no loss at all.
#[test]
fn rounding_stays_close_where_validation_does_not_look() {
    let kan = network(vec![1.into(), 1.into()]);
    let edge = edge(0, 0, "x^3");
    let curve = Curve::new(edge.shape, vec![1.0, 0.0, 0.043, 2.0]).unwrap();
    let layer = kan.layers[0].clone().with_curves(&[(edge, curve)]).unwrap();
    let kan = Kan::from(vec![layer]);
    let train = (-30..=30).map(|i| 0.1 * f64::from(i)).collect();
    let found = find_formulas(kan, &["x".to_owned()], &Blind { train }, &FormulaSearch::default()).unwrap();
    assert_eq!(found.rounded[0].to_string(), "0.043*x^3 + 2");
}

/// `2 x + 1e-9 / (x - 1.5) + 0.2`, with an edge for each of the two, and what training makes of them.
struct Trained {
    /// Two equal columns.
    x: Vec<f64>,
    ends_with: Vec<(SymbolicEdge, Curve)>,
}

impl Task for Trained {
    fn train_inputs(&self) -> &[f64] {
        &self.x
    }

    fn validation_inputs(&self) -> &[f64] {
        &self.x
    }

    /// Of the first half of the rows: a network that is 1 less than before would be perfect.
    fn loss(&self, outputs: &[f64]) -> f64 {
        let half = outputs.len() / 2;
        let errors = outputs.iter().zip(self.x.chunks_exact(2)).take(half);
        errors.map(|(output, x)| (output - (2.0 * x[0] - 0.8)).powi(2)).sum()
    }

    fn retrain(&self, kan: Kan) -> Result<Kan, KanError> {
        let layer = kan.layers[0].clone().with_curves(&self.ends_with)?;
        Ok(Kan::from(vec![layer]))
    }
}

fn lines_and_poles(constant: f64, pole: f64) -> Vec<(SymbolicEdge, Curve)> {
    let curve = |input: usize, name: &str, parameters: [f64; 4]| {
        let edge = edge(input, 0, name);
        (edge, Curve::new(edge.shape, parameters.to_vec()).unwrap())
    };
    vec![
        curve(0, "x", [1.0, 0.0, 2.0, constant]),
        curve(1, "1/x", [1.0, -pole, 1e-9, 0.0]),
    ]
}

/// The attempt to find functions, and the constant that is left.
fn trained_to(constant: f64, pole: f64) -> (Attempt, f64) {
    let layer = network(vec![2.into(), 1.into()]).layers[0].clone();
    let kan = Kan::from(vec![layer.with_curves(&lines_and_poles(0.2, 1.5)).unwrap()]);
    let column = (-20..=20).map(|i| 0.05 * f64::from(i));
    let task = Trained {
        x: column.flat_map(|x| [x, x]).collect(),
        ends_with: lines_and_poles(constant, pole),
    };
    let config = FormulaSearch {
        thresholds: Vec::new(),
        r_squared: vec![0.9],
        roundings: Vec::new(),
        ..FormulaSearch::default()
    };
    let names = ["a", "b"].map(str::to_owned);
    let found = find_formulas(kan, &names, &task, &config).unwrap();
    (found.attempts[1], found.formulas[0].expr.at(&[0.0, 0.01]))
}

/// Training that the loss likes is kept only as long as outputs stay near at all rows.
#[test]
fn functions_change_no_more_than_the_budget_at_rows_that_no_loss_sees() {
    // Of 2 x at 41 even steps.
    let deviation = 2.0 * (0.05f64.powi(2) * (41.0f64.powi(2) - 1.0) / 12.0).sqrt();
    for (share, kept) in [(0.29, 0.29), (0.31, 0.0)] {
        let (attempt, constant) = trained_to(0.2 - share * deviation, 1.5);
        assert!((attempt.change - kept).abs() < 1e-6, "{attempt:?}");
        assert_eq!((attempt.most_change, attempt.accepted()), (0.3, true));
        assert!((constant - (0.2 - kept * deviation)).abs() < 1e-6, "{constant}");
    }
}

/// `1e-9 / (x - 0.0251)` is nothing at all rows, and everything between two of them.
#[test]
fn training_may_not_move_a_pole_between_the_rows() {
    for (pole, constant) in [(1.001, 0.1), (0.0251, 0.2), (-1.001, 0.1)] {
        let (_, left) = trained_to(0.1, pole);
        assert!((left - constant).abs() < 1e-6, "{pole}: {left}");
    }
}

#[test]
fn bad_input() {
    let kan = network(vec![2.into(), 1.into()]);
    let x = kan.tensor(&rows(10, 2, 3), 2).unwrap();
    let curve = Curve::new(edge(5, 0, "sin").shape, vec![1.0; 4]).unwrap();
    let refused = kan.layers[0].clone().with_curves(&[(edge(5, 0, "sin"), curve)]);
    assert!(matches!(
        refused,
        Err(KanError::NoSuch {
            what: "input",
            index: 5,
            count: 2
        })
    ));
    assert!(matches!(
        kan.formulas(&["a".to_owned()], x),
        Err(KanError::Length {
            expected: 2,
            got: 1,
            ..
        })
    ));
}

/// The best edge that is left is one that is there.
#[test]
fn an_absent_edge_is_not_kept_in_place_of_a_present_one() {
    let kan = network(vec![2.into(), 1.into()]);
    let x = kan.tensor(&rows(20, 2, 4), 2).unwrap();
    let kan = prune_edges(kan, x.clone(), &[units(&[0.0, 1.0])], &PruneConfig::above(0.5))
        .unwrap()
        .kan;
    let PrunedKan { kan, removed, .. } = prune_edges(kan, x, &[units(&[9.0, 0.0])], &PruneConfig::above(0.5)).unwrap();
    assert!(removed.is_empty());
    assert_eq!(kan.layers[0].present(), [false, true]);
}
