//! Training of a network on rows of numbers.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::layers::layer::Covariance;
use crate::layers::network::Kan;
use crate::scaling::scale::Scale;
use crate::scaling::scales::check as check_numbers;
use crate::training::minimise::{Objective, Schedule, StepLog, minimise};
use crate::{KanError, Result};

/// Rows of inputs and targets, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// `[n_rows, d_input]`
    pub x: &'a [f64],
    /// `[n_rows, d_output]`
    pub y: &'a [f64],
}

/// Weights of what is added to the loss, as in pykan.
///
/// With `v_{i,s} = sd(phi_{i,s}) / (sd(x_i) + 0.1)` per layer, `p` the shares of `v` in the sum (plus 1) over the inputs
/// of a subnode or over the subnodes of an input, and `H = -sum p log2(p + 1e-4)`:
/// `lambda sum_layers (l1 sum v + entropy (mean_s H_s + mean_i H_i) + coefficients C + differences D)`,
/// where C and D are sums over inputs and basis functions of the mean absolute coefficient over subnodes, and of that of
/// the difference of neighbouring ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    /// Weight of it all.
    pub lambda: f64,
    /// Of the sum of deviations.
    pub l1: f64,
    /// Of the entropies.
    pub entropy: f64,
    /// Of the coefficients.
    pub coefficients: f64,
    /// Of the differences of neighbouring coefficients.
    pub differences: f64,
}

impl Default for Penalty {
    fn default() -> Self {
        Self {
            lambda: 0.0,
            l1: 1.0,
            entropy: 2.0,
            coefficients: 0.0,
            differences: 0.0,
        }
    }
}

impl Penalty {
    /// The penalty of a network on inputs, in the network's precision.
    pub fn of(&self, kan: &Kan, x: Tensor<2>) -> Tensor<1> {
        let first = kan.covariance(x.clone());
        self.with_covariance(kan, x, &first)
    }

    /// The same, given the [covariance](Kan::covariance) of the first layer at these inputs, which is most of the
    /// work and the same at all steps between which no grid moves.
    pub fn with_covariance(&self, kan: &Kan, x: Tensor<2>, first: &Covariance) -> Tensor<1> {
        let mut x = kan.scaled(x);
        let mut sum = Tensor::zeros([1], (&x.device(), x.dtype()));
        let mut covariance = first.clone();
        for (number, layer) in kan.layers.iter().enumerate() {
            if number > 0 {
                x = kan.layers[number - 1].forward(x);
                covariance = layer.covariance(x.clone());
            }
            let v = layer.relative_deviations(&covariance); // [d_input, n_subnodes]
            let entropy = |axis: usize| {
                let p = v.clone() / (v.clone().sum_dim(axis) + 1.0);
                let bits = (p.clone() + 1e-4).log() / std::f64::consts::LN_2;
                -(p * bits).sum_dim(axis).mean()
            };
            sum = sum + v.clone().sum() * self.l1 + (entropy(0) + entropy(1)) * self.entropy;
            let coefficients = layer.weights().coefficients; // [d_input, n_basis, n_subnodes]
            let size = |c: Tensor<3>| c.abs().mean_dim(2).sum();
            if self.coefficients != 0.0 {
                sum = sum + size(coefficients.clone()) * self.coefficients;
            }
            let n_basis = coefficients.dims()[1];
            if self.differences != 0.0 && n_basis > 1 {
                let upper = coefficients.clone().narrow(1, 1, n_basis - 1);
                let lower = coefficients.narrow(1, 0, n_basis - 1);
                sum = sum + size(upper - lower) * self.differences;
            }
        }
        sum * self.lambda
    }
}

/// When grids follow what flows through the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GridUpdates {
    /// Steps from one update to the next.
    pub every: usize,
    /// No update from this step on.
    pub until: usize,
    /// Share of equal distances, the rest of equal counts.
    pub uniform: f64,
}

impl Default for GridUpdates {
    /// Every 5 steps of the first 50, almost by equal counts, as in pykan.
    fn default() -> Self {
        Self {
            every: 5,
            until: 50,
            uniform: 0.02,
        }
    }
}

impl GridUpdates {
    /// The network with grids that follow its inputs, if it is time, and whether it was.
    ///
    /// # Errors
    ///
    /// If an input is NaN or infinite.
    pub fn before_step(&self, kan: Kan, x: &Tensor<2>, step: usize) -> Result<(Kan, bool)> {
        if step >= self.until || !step.is_multiple_of(self.every.max(1)) {
            return Ok((kan, false));
        }
        Ok((kan.valid().with_grids_following(x.clone(), self.uniform)?, true))
    }
}

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitConfig {
    /// How long, and with which optimizer.
    pub schedule: Schedule,
    /// What is added to the mean squared error.
    pub penalty: Penalty,
    /// When grids move; never if there is none.
    pub grids: Option<GridUpdates>,
}

impl FitConfig {
    /// Without penalty, with grids that follow the data at first.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            penalty: Penalty::default(),
            grids: Some(GridUpdates::default()),
        }
    }

    /// The same with a penalty of that weight.
    pub fn with_lambda(mut self, lambda: f64) -> Self {
        self.penalty.lambda = lambda;
        self
    }

    /// The same with grids that stay.
    pub fn with_fixed_grids(self) -> Self {
        Self { grids: None, ..self }
    }
}

/// Trains a network to predict `y` from `x` by least squares on all rows at once.
///
/// Loss: the mean of squared errors over rows and outputs, each as a share of the variance of its outcome over the training
/// rows, plus [`Penalty`]. Validation rows, if there are any, decide when to stop and which weights to keep (see [`Schedule`]).
///
/// A network whose scales are not known takes those of the rows, in which it is trained: `a x + b` and `c y + d` give the same
/// network as `x` and `y`, but for its scales. A trained one keeps the scales that it has.
///
/// # Errors
///
/// If the rows do not fit the network, hold NaN or infinity, or the loss leaves the finite numbers.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, FloatDType};
/// use secateurs_kan::{BasisConfig, FitConfig, KanConfig, Optimizer, Rows, Schedule, fit, root_mean_square_error};
///
/// let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0 - 1.0).collect();
/// let y: Vec<f64> = x.iter().map(|x| x * x).collect();
/// let spline = BasisConfig::BSpline { degree: 3, n_intervals: 3 };
/// let kan = KanConfig::new([1, 1], spline)?.with_dtype(FloatDType::F64).init(0, &Device::default());
/// let rows = Rows { x: &x, y: &y };
/// let config = FitConfig::new(Schedule::new(Optimizer::LBFGS, 5));
/// let (kan, _) = fit(kan, rows, None, &config, &mut |_| ())?;
/// assert!(root_mean_square_error(&kan, rows)? < 1e-3);
/// # Ok::<(), secateurs_kan::KanError>(())
/// ```
pub fn fit(
    kan: Kan,
    rows: Rows<'_>,
    validation: Option<Rows<'_>>,
    config: &FitConfig,
    listener: &mut dyn FnMut(&StepLog),
) -> Result<(Kan, Vec<StepLog>)> {
    check(&kan, rows, "training rows")?;
    let kan = kan.with_scales_of(rows.x, rows.y)?;
    let weights = weights(&kan, rows.y);
    if let Some(rows) = validation {
        check(&kan, rows, "validation rows")?;
    }
    let mut objective = LeastSquares {
        rows: Scaled::new(&kan, rows, &weights),
        validation: validation.map(|rows| Scaled::new(&kan, rows, &weights)),
        config,
        first: None,
    };
    let (layers, scales) = kan.without_scales();
    let (layers, log) = minimise(layers, &mut objective, &config.schedule, listener)?;
    Ok((layers.with_scales(scales)?, log))
}

/// `sqrt(mean (f(x) - y)^2)` over rows and outputs.
///
/// # Errors
///
/// If the rows do not fit the network, or hold NaN or infinity.
pub fn root_mean_square_error(kan: &Kan, rows: Rows<'_>) -> Result<f64> {
    let kan = kan.valid();
    let sizes: Vec<f64> = (0..kan.d_output())
        .map(|output| kan.scales().output(output).size())
        .collect();
    check(&kan, rows, "rows")?;
    let rows = Scaled::new(&kan, rows, &[]);
    let errors: Vec<f64> = rows.errors(&kan.without_scales().0).into_data().iter().collect();
    let squares = errors
        .iter()
        .zip(sizes.iter().cycle())
        .map(|(error, size)| (error * size).powi(2));
    Ok((squares.sum::<f64>() / errors.len() as f64).sqrt())
}

struct LeastSquares<'a> {
    rows: Scaled,
    validation: Option<Scaled>,
    config: &'a FitConfig,
    /// Of the first layer, for the penalty; none before the first step.
    first: Option<Covariance>,
}

impl Objective<Kan> for LeastSquares<'_> {
    fn loss(&self, kan: &Kan, _: usize) -> Tensor<1> {
        let rows = self.rows.on(kan);
        let error = rows.mean_square(kan);
        if self.config.penalty.lambda == 0.0 {
            return error;
        }
        let first = self.first.as_ref().expect("something was done before the step");
        error
            + self
                .config
                .penalty
                .with_covariance(kan, rows.x, &first.to_device(&kan.place().0))
    }

    fn validation(&self, kan: &Kan) -> Option<f64> {
        Some(self.validation.as_ref()?.mean_square(kan).into_scalar())
    }

    fn before_step(&mut self, kan: Kan, step: usize) -> Result<(Kan, bool)> {
        let x = &self.rows.x;
        let (kan, moved) = match &self.config.grids {
            Some(updates) => updates.before_step(kan, x, step)?,
            None => (kan, false),
        };
        if self.config.penalty.lambda != 0.0 && (moved || self.first.is_none()) {
            self.first = Some(kan.valid().covariance(x.clone()));
        }
        Ok((kan, moved))
    }
}

/// Rows as the layers take and give them.
struct Scaled {
    x: Tensor<2>,
    y: Tensor<2>,
    /// What an error of each output counts, `[1, d_output]`; 1 if there is none.
    weights: Option<Tensor<2>>,
}

impl Scaled {
    /// Rows that fit the network; without weights, errors count as they are.
    fn new(kan: &Kan, rows: Rows<'_>, weights: &[f64]) -> Self {
        let kan = kan.valid();
        let (device, dtype) = kan.place();
        let tensor = |values: Vec<f64>, columns: usize| {
            let data = TensorData::new(values.clone(), [values.len() / columns, columns]);
            Tensor::<2>::from_data(data, (&device, dtype))
        };
        Self {
            x: tensor(kan.scaled_inputs(rows.x), kan.d_input()),
            y: tensor(kan.scaled_outputs(rows.y), kan.d_output()),
            weights: (!weights.is_empty()).then(|| tensor(weights.to_vec(), weights.len())),
        }
    }

    /// The tensors where the parameters of the network are, tracked or not.
    fn on(&self, kan: &Kan) -> Self {
        let device = kan.place().0;
        let on = |tensor: &Tensor<2>| tensor.clone().to_device(&device);
        Self {
            x: on(&self.x),
            y: on(&self.y),
            weights: self.weights.as_ref().map(on),
        }
    }

    fn errors(&self, layers: &Kan) -> Tensor<2> {
        let errors = layers.forward(self.x.clone()) - self.y.clone();
        match &self.weights {
            None => errors,
            Some(weights) => errors * weights.clone(),
        }
    }

    fn mean_square(&self, layers: &Kan) -> Tensor<1> {
        self.errors(layers).powi_scalar(2).mean()
    }
}

/// Weights that make errors shares of the deviation of their outcome; none where they are so already.
fn weights(kan: &Kan, y: &[f64]) -> Vec<f64> {
    let d_output = kan.d_output();
    let weight = |output: usize| {
        let column: Vec<f64> = y.iter().skip(output).step_by(d_output).copied().collect();
        (kan.scales().output(output).size() / Scale::of_outcome(&column).size()).abs()
    };
    let weights: Vec<f64> = (0..d_output).map(weight).collect();
    if weights.iter().all(|weight| *weight == 1.0) {
        return Vec::new();
    }
    weights
}

fn check(kan: &Kan, rows: Rows<'_>, what: &'static str) -> Result<()> {
    let (d_input, d_output) = (kan.d_input(), kan.d_output());
    let n_rows = rows.x.len() / d_input;
    if n_rows == 0 {
        return Err(KanError::TooFewRows { what, least: 1, got: 0 });
    }
    for (got, expected) in [(rows.x.len(), n_rows * d_input), (rows.y.len(), n_rows * d_output)] {
        if got != expected {
            return Err(KanError::Length { what, expected, got });
        }
    }
    check_numbers(rows.x, d_input)?;
    check_numbers(rows.y, d_output)
}
