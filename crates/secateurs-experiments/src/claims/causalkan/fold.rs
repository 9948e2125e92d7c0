//! What pruning loses when it loses constants.

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use secateurs::kan::{
    BSpline, Basis, BasisConfig, Beyond, Fold, Grid, Kan, KanConfig, KanError, PruneConfig, prune_edges,
};
use secateurs::tensor::UnitScores;
use secateurs_causal::{Outcomes, Study, factual_error};

use super::Measured;
use crate::ExperimentError;
use crate::causal_data::CausalTask;

const METHOD: &str = "S splines without intercept, edges below 0.1";
/// Edges go whose deviation is at most this share of that of the sum.
const THRESHOLD: f64 = 0.1;
const RIDGE: f64 = 1.0;
const DEGREE: usize = 3;
const N_INTERVALS: usize = 3;

/// Factual errors of a network without intercept, whose constants are in its edges, before and after pruning.
pub(super) fn measured(task: &CausalTask) -> Result<Vec<Measured>, ExperimentError> {
    let inputs = with_treatment(&task.train, |row| task.train.treatment()[row]);
    let d_input = task.train.d_input() + 1;
    let kan = fitted(&inputs, d_input, task.train.outcome())?;
    let x = kan.tensor(&inputs, d_input)?;
    let statistics = &kan.statistics(x.clone())?[0];
    let sum = statistics.sum_deviations[0];
    let shares = UnitScores::new(statistics.edge_deviations.iter().map(|edge| edge / sum).collect())?;
    let pruned = |fold: Fold| {
        let config = PruneConfig::above(THRESHOLD).with_fold(fold);
        prune_edges(kan.clone(), x.clone(), std::slice::from_ref(&shares), &config)
    };
    let folded = pruned(Fold::Mean)?;
    let zeroed = pruned(Fold::Zero)?.kan;
    let mut all = vec![Measured::new(
        (METHOD, "folded"),
        "edges",
        (d_input - folded.removed.len()) as f64,
    )];
    for (stage, kan) in [("full", &kan), ("folded", &folded.kan), ("zeroed", &zeroed)] {
        let error = factual_error(&outcomes(kan, &task.test)?, &task.test)?;
        let one = Measured::new((METHOD, stage), "factual_mse", error);
        all.push(if stage == "zeroed" { one.control() } else { one });
    }
    Ok(all)
}

fn with_treatment(study: &Study, treatment: impl Fn(usize) -> f64) -> Vec<f64> {
    let row = |row: usize| {
        study
            .row(row)
            .iter()
            .copied()
            .chain([treatment(row)])
            .collect::<Vec<f64>>()
    };
    (0..study.rows()).flat_map(row).collect()
}

fn outcomes(kan: &Kan, study: &Study) -> Result<Outcomes, ExperimentError> {
    let of = |treatment: f64| -> Result<Vec<f64>, ExperimentError> {
        let inputs = with_treatment(study, |_| treatment);
        let x = kan.tensor(&inputs, study.d_input() + 1)?;
        Ok(kan.forward(x).into_data().iter().collect())
    };
    Ok(Outcomes {
        mu0: of(0.0)?,
        mu1: of(1.0)?,
    })
}

/// A network of one layer by ridge regression on all its splines.
fn fitted(inputs: &[f64], d_input: usize, y: &[f64]) -> Result<Kan, ExperimentError> {
    let rows = inputs.len() / d_input;
    let grid = |input: usize| {
        let values = inputs.iter().skip(input).step_by(d_input);
        let range = values.fold([f64::MAX, f64::MIN], |[low, high], v| [low.min(*v), high.max(*v)]);
        // A covariate may be the same for all training rows.
        let range = if range[0] < range[1] {
            range
        } else {
            [range[0] - 1.0, range[1] + 1.0]
        };
        Grid::uniform((1, DEGREE, N_INTERVALS), range)
    };
    let grids: Vec<Grid> = (0..d_input).map(grid).collect::<Result<_, KanError>>()?;
    let n_basis = DEGREE + N_INTERVALS;
    let of_row = |row: &[f64]| -> Vec<f64> {
        let columns = row.iter().zip(&grids);
        columns.flat_map(|(value, grid)| grid.basis(0, *value)).collect()
    };
    let values: Vec<Vec<f64>> = inputs.chunks_exact(d_input).map(of_row).collect();
    let f = Mat::from_fn(rows, d_input * n_basis, |row, column| values[row][column]);
    let right = f.transpose() * Mat::from_fn(rows, 1, |row, _| y[row]);
    let mut normal = f.transpose() * &f;
    (0..normal.nrows()).for_each(|at| normal[(at, at)] += RIDGE);
    let factor = normal
        .llt(Side::Lower)
        .map_err(|_| KanError::Singular { layer: 0, input: 0 })?;
    let solution = factor.solve(&right);
    let coefficients: Vec<f64> = (0..solution.nrows()).map(|at| solution[(at, 0)]).collect();

    let basis = BasisConfig::BSpline {
        degree: DEGREE,
        n_intervals: N_INTERVALS,
    };
    let device = Device::default();
    let mut kan = KanConfig::new([d_input, 1], basis)?
        .with_dtype(FloatDType::F64)
        .init(0, &device);
    let knots = grids.iter().flat_map(|grid| grid.knots().to_vec()).collect();
    let grid = Grid::from_knots(knots, d_input, DEGREE)?;
    let (device, dtype) = kan.place();
    let at = (&device, dtype);
    let layer = &mut kan.layers[0];
    layer.basis = Basis::BSpline(BSpline::new(&grid, Beyond::Clamp, at));
    let shape = [d_input, n_basis, 1];
    layer.coefficients = Param::from_tensor(Tensor::from_data(TensorData::new(coefficients, shape), at));
    layer.base = Param::from_tensor(Tensor::zeros([d_input, 1], at));
    Ok(kan)
}
