//! The chain of pykan's introduction: train, prune, refine, train, find a formula.

use burn::tensor::{Device, FloatDType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_formula::Rounding;
use secateurs_kan::{
    BasisConfig, FitConfig, Kan, KanConfig, Optimizer, PruneConfig, PrunedKan, Rows, Schedule, SymbolicConfig,
    attribution, fit, prune_edges, prune_nodes, root_mean_square_error, symbolise,
};

fn data(n: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let x: Vec<f64> = (0..2 * n).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
    let y = x
        .chunks_exact(2)
        .map(|x| ((std::f64::consts::PI * x[0]).sin() + x[1] * x[1]).exp())
        .collect();
    (x, y)
}

/// Measured with pykan, seed 42: 1.77e-2 on test rows after training, 1.72e-2 after pruning to [2, 1, 1] and training,
/// 4.73e-4 after refining to 10 intervals and training, 7.2e-11 after finding functions for all edges and training.
///
/// The seed is one that leaves a single node beyond doubt; of seeds 40 to 45 five do so with a threshold of 3e-2 and three with
/// 1e-2, and which ones depends on rounding.
#[test]
fn train_prune_refine_formula() {
    let (train, test) = (data(1000, 1), data(1000, 2));
    let [train, test] = [&train, &test].map(|(x, y)| Rows { x, y });
    let error = |kan: &Kan| root_mean_square_error(kan, test).unwrap();
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 3,
    };
    let config = KanConfig::new([2, 5, 1], basis).unwrap().with_dtype(FloatDType::F64);
    let kan = config.init(40, &Device::flex());
    let lbfgs = |steps: usize| FitConfig::new(Schedule::new(Optimizer::LBFGS, steps));
    let (kan, _) = fit(kan, train, None, &lbfgs(50).with_lambda(1e-3), &mut |_| ()).unwrap();
    let trained = error(&kan);
    assert!(trained < 4e-2, "trained: {trained}");

    let x = kan.tensor(train.x, 2).unwrap();
    let scores = attribution(&kan, x.clone()).unwrap();
    let PrunedKan { kan, removed, .. } = prune_nodes(kan, x.clone(), &scores.nodes, &PruneConfig::above(1e-2)).unwrap();
    assert_eq!(removed.len(), 4, "one hidden node carries the function");
    assert!(error(&kan) < 2.0 * trained, "pruned: {}", error(&kan));
    let scores = attribution(&kan, x.clone()).unwrap();
    let PrunedKan { kan, removed, .. } = prune_edges(kan, x.clone(), &scores.edges, &PruneConfig::above(3e-2)).unwrap();
    assert!(removed.is_empty(), "all edges of what is left matter: {removed:?}");

    let (kan, _) = fit(kan, train, None, &lbfgs(20), &mut |_| ()).unwrap();
    let coarse = error(&kan);
    assert!(coarse < 2.5e-2, "trained again: {coarse}");
    let kan = kan.refined(10, x.clone()).unwrap();
    assert!(error(&kan) < 1.1 * coarse, "refined: {}", error(&kan));
    let (kan, _) = fit(kan, train, None, &lbfgs(30), &mut |_| ()).unwrap();
    assert!(error(&kan) < 1e-3, "trained on the fine grid: {}", error(&kan));

    let (kan, fits) = symbolise(kan, x.clone(), &SymbolicConfig::default()).unwrap();
    let shapes: Vec<String> = fits.iter().map(|fit| fit.edge.shape.to_string()).collect();
    assert_eq!(shapes, ["sin", "x^2", "exp"]);
    for fit in &fits {
        assert!(fit.r_squared > 0.99999, "{}: {}", fit.edge.shape, fit.r_squared);
    }
    let (kan, _) = fit(kan, train, None, &lbfgs(50), &mut |_| ()).unwrap();
    assert!(error(&kan) < 1e-8, "the exact function: {}", error(&kan));
    let names = ["x".to_owned(), "y".to_owned()];
    let formula = &kan.formulas(&names, x).unwrap()[0];
    let (values, warnings) = formula.evaluate(test.x).unwrap();
    let worst = values
        .iter()
        .zip(test.y)
        .map(|(f, y)| (f - y).abs())
        .fold(0.0, f64::max);
    assert!(worst < 1e-7, "{formula}: {worst}");
    assert!(warnings.iter().all(|warning| warning.rows < 10), "{warnings:?}");
    assert_eq!(
        formula.rounded(Rounding::Decimals(4)).to_string(),
        "exp(sin(3.1416*x) + y^2)"
    );
}
