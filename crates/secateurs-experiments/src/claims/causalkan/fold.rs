//! The price of pruning that loses constants.

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use secateurs::kan::{
    BSpline, Basis, BasisConfig, Beyond, Fold, Grid, Kan, KanConfig, KanError, PruneConfig, prune_edges,
};
use secateurs::tensor::UnitScores;
use secateurs_causal::{Outcomes, Study, factual_error};

use super::cell::{ModelNumber, ModelStage};
use crate::ExperimentError;
use crate::causal_data::CausalTask;

const METHOD: &str = "S splines without intercept, edges below 0.1";
/// Share of the deviation of the sum up to which an edge goes.
const THRESHOLD: f64 = 0.1;
const RIDGE: f64 = 1.0;
const DEGREE: usize = 3;
const N_INTERVALS: usize = 3;

/// Factual errors of a network without intercept, whose constants are in its edges, before and after pruning.
pub fn measure_folding(task: &CausalTask) -> Result<Vec<ModelNumber>, ExperimentError> {
    let inputs = with_treatment(&task.train, |row| task.train.treatment()[row]);
    let d_input = task.train.d_input() + 1;
    let kan = fit_one_layer(&inputs, d_input, task.train.outcome())?;
    let x = kan.tensor(&inputs, d_input)?;
    let statistics = &kan.statistics(x.clone())?[0];
    let sum = statistics.sum_deviations[0];
    let shares = UnitScores::new(statistics.edge_deviations.iter().map(|edge| edge / sum).collect())?;
    let pruned = |fold: Fold| {
        let config = PruneConfig::above(THRESHOLD).with_fold(fold);
        prune_edges(kan.clone(), x.clone(), std::slice::from_ref(&shares), &config)
    };
    let folded = pruned(Fold::Mean)?;
    let zeroed = pruned(Fold::Zero)?;
    let number = |stage, metric, value| ModelNumber::new(ModelStage::new(METHOD, stage), metric, value);
    let error = |kan: &Kan| factual_error_of(kan, &task.test);
    Ok(vec![
        number("folded", "edges", (d_input - folded.removed.len()) as f64),
        number("full", "factual_mse", error(&kan)?),
        number("folded", "factual_mse", error(&folded.kan)?),
        number("zeroed", "factual_mse", error(&zeroed.kan)?).control(),
    ])
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

fn factual_error_of(kan: &Kan, study: &Study) -> Result<f64, ExperimentError> {
    let of = |treatment: f64| -> Result<Vec<f64>, ExperimentError> {
        let inputs = with_treatment(study, |_| treatment);
        let x = kan.tensor(&inputs, study.d_input() + 1)?;
        Ok(kan.forward(x).into_data().iter().collect())
    };
    let outcomes = Outcomes {
        mu0: of(0.0)?,
        mu1: of(1.0)?,
    };
    Ok(factual_error(&outcomes, study)?)
}

/// A network of one layer by ridge regression on all its splines.
fn fit_one_layer(inputs: &[f64], d_input: usize, y: &[f64]) -> Result<Kan, ExperimentError> {
    let grids: Vec<Grid> = (0..d_input)
        .map(|input| grid_of(inputs.iter().skip(input).step_by(d_input)))
        .collect::<Result<_, KanError>>()?;
    let of_row = |row: &[f64]| -> Vec<f64> {
        let columns = row.iter().zip(&grids);
        columns.flat_map(|(value, grid)| grid.basis(0, *value)).collect()
    };
    let features: Vec<Vec<f64>> = inputs.chunks_exact(d_input).map(of_row).collect();
    build_one_layer(&grids, regress(&features, y)?)
}

/// The knots of one input.
fn grid_of<'a>(values: impl Iterator<Item = &'a f64>) -> Result<Grid, KanError> {
    let [low, high] = values.fold([f64::MAX, f64::MIN], |[low, high], v| [low.min(*v), high.max(*v)]);
    // A covariate may be the same for all training rows.
    let range = if low < high {
        [low, high]
    } else {
        [low - 1.0, high + 1.0]
    };
    Grid::uniform(1, DEGREE, N_INTERVALS, range)
}

/// Coefficients of the features, `[n_features]`.
fn regress(features: &[Vec<f64>], y: &[f64]) -> Result<Vec<f64>, KanError> {
    let n_features = features.first().map_or(0, Vec::len);
    let f = Mat::from_fn(features.len(), n_features, |row, column| features[row][column]);
    let right = f.transpose() * Mat::from_fn(features.len(), 1, |row, _| y[row]);
    let mut normal = f.transpose() * &f;
    (0..normal.nrows()).for_each(|at| normal[(at, at)] += RIDGE);
    let factor = normal
        .llt(Side::Lower)
        .map_err(|_| KanError::Singular { layer: 0, input: 0 })?;
    let solution = factor.solve(&right);
    Ok((0..solution.nrows()).map(|at| solution[(at, 0)]).collect())
}

fn build_one_layer(grids: &[Grid], coefficients: Vec<f64>) -> Result<Kan, ExperimentError> {
    let d_input = grids.len();
    let basis = BasisConfig::BSpline {
        degree: DEGREE,
        n_intervals: N_INTERVALS,
    };
    let mut kan = KanConfig::new([d_input, 1], basis)?
        .with_dtype(FloatDType::F64)
        .init(0, &Device::default());
    let knots = grids.iter().flat_map(|grid| grid.knots().to_vec()).collect();
    let grid = Grid::from_knots(knots, d_input, DEGREE)?;
    let (device, dtype) = kan.place();
    let at = (&device, dtype);
    let layer = &mut kan.layers[0];
    layer.basis = Basis::BSpline(BSpline::new(&grid, Beyond::Clamp, &device, dtype));
    let shape = [d_input, DEGREE + N_INTERVALS, 1];
    layer.coefficients = Param::from_tensor(Tensor::from_data(TensorData::new(coefficients, shape), at));
    layer.base = Param::from_tensor(Tensor::zeros([d_input, 1], at));
    Ok(kan)
}
