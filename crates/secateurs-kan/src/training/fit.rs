//! Training of a network on rows of numbers.

use burn::module::Module;

use super::config::FitConfig;
use super::least_squares::LeastSquares;
use super::minimise::{StepLog, minimise};
use super::rows::{Rows, ScaledRows};
use crate::Result;
use crate::layers::network::Kan;

/// Trains a network to predict `y` from `x` by least squares on all rows at once.
///
/// Loss: the mean of squared errors over rows and outputs, each as a share of the variance of its outcome over the training
/// rows, plus [`Penalty`](crate::Penalty). Validation rows, if there are any, decide when to stop and which weights to keep (see [`Schedule`](crate::Schedule)).
///
/// A network with unknown scales takes the scales of the rows and is trained in them: `a x + b` and `c y + d` give the
/// same network as `x` and `y`, but for its scales. A trained one keeps the scales that it has.
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
    rows.check(&kan, "training rows")?;
    let kan = kan.with_scales_of(rows.x, rows.y)?;
    let mut objective = LeastSquares::new(&kan, rows, validation, config)?;
    let (layers, scales) = kan.without_scales();
    let (layers, log) = minimise(layers, &mut objective, &config.schedule, listener)?;
    Ok((layers.with_scales(scales)?, log))
}

/// The root mean squared error `sqrt(mean (f(x) - y)^2)` over rows and outputs.
///
/// # Errors
///
/// If the rows do not fit the network, or hold NaN or infinity.
pub fn root_mean_square_error(kan: &Kan, rows: Rows<'_>) -> Result<f64> {
    let kan = kan.valid();
    let sizes: Vec<f64> = (0..kan.d_output())
        .map(|output| kan.scales().output(output).size())
        .collect();
    let rows = ScaledRows::new(&kan, rows, "rows")?;
    let errors: Vec<f64> = rows.errors(&kan.without_scales().0).into_data().iter().collect();
    let squares = errors
        .iter()
        .zip(sizes.iter().cycle())
        .map(|(error, size)| (error * size).powi(2));
    Ok((squares.sum::<f64>() / errors.len() as f64).sqrt())
}
