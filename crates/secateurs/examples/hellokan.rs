//! The introduction of pykan, step by step: train [2, 5, 1] on exp(sin(pi x) + y^2), prune, refine, find the formula.
//!
//! `cargo run --release --example hellokan -- FOLDER` prints the error of every step and draws the network into FOLDER.

use std::path::Path;

use burn::tensor::{Device, FloatDType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs::data::write_atomic;
use secateurs::formula::Rounding;
use secateurs::kan::{
    BasisConfig, FitConfig, Kan, KanConfig, Optimizer, PictureConfig, PruneConfig, Rows, Schedule, SymbolicConfig,
    attribution, fit, picture, prune_edges, prune_nodes, root_mean_square_error, symbolise,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let (train, test) = (data(1), data(2));
    let [train, test] = [&train, &test].map(|(x, y)| Rows { x, y });
    let show = |step: &str, kan: &Kan| -> Result<(), Box<dyn std::error::Error>> {
        println!(
            "{step:<28} RMSE {:9.2e}, on test rows {:9.2e}",
            root_mean_square_error(kan, train)?,
            root_mean_square_error(kan, test)?
        );
        Ok(())
    };
    let names = ["x", "y"].map(str::to_owned);
    let draw = |name: &str, kan: &Kan| -> Result<(), Box<dyn std::error::Error>> {
        let config = PictureConfig::default().with_inputs(names.clone()).with_outputs(["f"]);
        let svg = picture(kan, kan.tensor(train.x, 2)?, &config)?;
        Ok(write_atomic(
            &Path::new(&folder).join(format!("{name}.svg")),
            svg.as_bytes(),
        )?)
    };
    let lbfgs = |steps: usize| FitConfig::new(Schedule::new(Optimizer::LBFGS, steps));

    let splines = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 3,
    };
    let kan = KanConfig::new([2, 5, 1], splines)?
        .with_dtype(FloatDType::F64)
        .init(40, &Device::flex());
    let (kan, _) = fit(kan, train, None, &lbfgs(50).with_lambda(1e-3), &mut |_| ())?;
    show("trained with penalty", &kan)?;
    draw("hellokan-trained", &kan)?;

    let x = kan.tensor(train.x, 2)?;
    let scores = attribution(&kan, x.clone())?;
    let nodes = prune_nodes(kan, x.clone(), &scores.nodes, &PruneConfig::above(1e-2))?;
    let scores = attribution(&nodes.kan, x.clone())?;
    let edges = prune_edges(nodes.kan, x.clone(), &scores.edges, &PruneConfig::above(3e-2))?;
    let gone = [nodes.removed.len(), edges.removed.len()];
    let kan = edges.kan;
    show(&format!("{} nodes, {} more edges gone", gone[0], gone[1]), &kan)?;
    let (kan, _) = fit(kan, train, None, &lbfgs(50), &mut |_| ())?;
    show("trained again", &kan)?;

    let kan = kan.refined(10, x.clone())?;
    let (kan, _) = fit(kan, train, None, &lbfgs(50), &mut |_| ())?;
    show("refined to 10 intervals", &kan)?;

    let (kan, fits) = symbolise(kan, x.clone(), &SymbolicConfig::default())?;
    for fit in &fits {
        println!("  {:<8} R^2 {:.9}", fit.edge.shape.to_string(), fit.r_squared);
    }
    let (kan, _) = fit(kan, train, None, &lbfgs(50), &mut |_| ())?;
    show("functions, trained", &kan)?;
    draw("hellokan-symbolic", &kan)?;
    println!("f = {}", kan.formulas(&names, x)?[0].rounded(Rounding::Decimals(4)));
    Ok(())
}

fn data(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let x: Vec<f64> = (0..2000).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
    let f = |x: &[f64]| ((std::f64::consts::PI * x[0]).sin() + x[1] * x[1]).exp();
    let y = x.chunks_exact(2).map(f).collect();
    (x, y)
}
