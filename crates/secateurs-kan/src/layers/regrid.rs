//! Moves and refines the grids of a network; its outputs stay the same as far as the new grids allow.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};

use crate::layers::basis::{BSpline, Basis};
use crate::layers::grid::Grid;
use crate::layers::layer::KanLayer;
use crate::layers::network::Kan;
use crate::training::fit_columns::least_squares;
use crate::{KanError, Result};

impl Kan {
    /// The network with grids that follow the values at each layer on `x`, `[rows, d_input]`.
    ///
    /// Interior knots are a mixture of equal distances (the share `uniform`) and equal counts. The splines on the new grids
    /// are those nearest to the old ones at these values, by least squares with a little smoothness, which is defined for
    /// binary, repeated and constant values, too. Layers without splines stay. A network whose scales are not known takes those
    /// of `x` first.
    ///
    /// # Errors
    ///
    /// If a value in the network is NaN or infinite.
    pub fn with_grids_following(self, x: Tensor<2>, uniform: f64) -> Result<Self> {
        self.on_grids(x, |grid, columns| grid.following(columns, grid.n_intervals(), uniform))
    }

    /// The network with another number of intervals in the same ranges, its splines fitted again at the values in each
    /// layer on `x`. A network with unknown scales first takes the scales of `x`.
    ///
    /// # Errors
    ///
    /// If `n_intervals` is 0, or a value in the network is NaN or infinite.
    pub fn refined(self, n_intervals: usize, x: Tensor<2>) -> Result<Self> {
        if n_intervals == 0 {
            return Err(KanError::OutOfRange {
                what: "n_intervals",
                range: "at least 1",
                got: 0.0,
            });
        }
        self.on_grids(x, |grid, _| grid.refined(n_intervals))
    }

    fn on_grids(self, x: Tensor<2>, regrid: impl Fn(&Grid, &[Vec<f64>]) -> Grid) -> Result<Self> {
        let kan = self.with_scales_of_inputs(&x);
        let mut x = kan.scaled(x);
        let Self { layers: old, scales } = kan;
        let mut layers = Vec::new();
        for (number, layer) in old.into_iter().enumerate() {
            let columns = columns(&x, number)?;
            let layer = match &layer.basis {
                Basis::BSpline(basis) => {
                    let (from, beyond) = (basis.grid(), basis.beyond());
                    let to = regrid(&from, &columns).resolved(layer.base.val().dtype());
                    let singular = |input| KanError::Singular { layer: number, input };
                    let coefficients = move_coefficients(&layer, &from, &to, &columns).map_err(singular)?;
                    let (device, dtype) = (layer.base.val().device(), layer.base.val().dtype());
                    let shape = [layer.d_input(), to.n_basis(), layer.width().n_subnodes()];
                    let coefficients = Tensor::from_data(TensorData::new(coefficients, shape), (&device, dtype));
                    KanLayer {
                        basis: Basis::BSpline(BSpline::new(&to, beyond, &device, dtype)),
                        coefficients: Param::from_tensor(coefficients),
                        ..layer
                    }
                }
                _ => layer,
            };
            // The next layer sees what this one gives now.
            x = layer.forward(x);
            layers.push(layer);
        }
        Ok(Self { layers, scales })
    }
}

/// The values of each input.
fn columns(x: &Tensor<2>, layer: usize) -> Result<Vec<Vec<f64>>> {
    let [rows, d_input] = x.dims();
    let values: Vec<f64> = x.to_data().iter().collect();
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(KanError::NotFinite {
            what: if layer == 0 {
                "inputs"
            } else {
                "values of a hidden layer"
            },
            row: at / d_input,
            column: at % d_input,
            value: values[at],
        });
    }
    let column = |input: usize| (0..rows).map(|row| values[row * d_input + input]).collect();
    Ok((0..d_input).map(column).collect())
}

/// Coefficients on the new grid, `[d_input, n_basis, n_subnodes]`, or the input whose equations have no solution.
fn move_coefficients(layer: &KanLayer, from: &Grid, to: &Grid, columns: &[Vec<f64>]) -> Result<Vec<f64>, usize> {
    let n_subnodes = layer.width().n_subnodes();
    let old: Vec<f64> = layer.coefficients.val().to_data().iter().collect();
    let mut all = Vec::with_capacity(to.n_basis() * from.d_input() * n_subnodes);
    for (input, column) in columns.iter().enumerate() {
        let old = &old[input * from.n_basis() * n_subnodes..][..from.n_basis() * n_subnodes];
        let points = sample_points(column, from.interior(input));
        let mut values = vec![0.0; points.len() * n_subnodes];
        for (x, values) in points.iter().zip(values.chunks_exact_mut(n_subnodes)) {
            for (basis, old) in from.basis(input, *x).iter().zip(old.chunks_exact(n_subnodes)) {
                for (value, old) in values.iter_mut().zip(old) {
                    *value += basis * old;
                }
            }
        }
        all.extend(least_squares(to, input, &points, &values).ok_or(input)?);
    }
    Ok(all)
}

/// Points at which old and new splines are compared: the values themselves, or the old interior knots if all values are
/// equal.
fn sample_points(column: &[f64], interior: &[f64]) -> Vec<f64> {
    let constant = column.windows(2).all(|pair| pair[0] == pair[1]);
    if constant { interior.to_vec() } else { column.to_vec() }
}
