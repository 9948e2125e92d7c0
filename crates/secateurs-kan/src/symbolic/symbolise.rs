//! Replaces the splines of a network by curves with formulas.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use secateurs_formula::{Call, Criterion, Curve, CurveFit, Expr, Formula, Function, Library, Shape, fits};
use serde::{Deserialize, Serialize};

use crate::layers::layer::{KanLayer, LayerActivations};
use crate::layers::network::Kan;
use crate::scaling::precision::largest_power;
use crate::symbolic::edges::{SymbolicEdge, SymbolicEdges};
use crate::{KanError, Result};

/// The choice of the curves that edges become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SymbolicConfig {
    /// The shapes to try.
    pub library: Library,
    /// Criterion that chooses among the fits.
    pub criterion: Criterion,
    /// Share of the variance that a curve must explain; an edge without such a curve stays a spline.
    pub least_r_squared: f64,
    /// Number of rows that curves are fitted to, spread over all rows.
    pub most_rows: usize,
}

impl Default for SymbolicConfig {
    /// The simplest of the usual functions that explains 99 %, or else the best one.
    fn default() -> Self {
        Self {
            library: Library::default(),
            criterion: Criterion::default(),
            least_r_squared: f64::NEG_INFINITY,
            most_rows: 1000,
        }
    }
}

/// An edge that became a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolicFit {
    /// Layer of the edge, 0 for the first.
    pub layer: usize,
    /// Place of the edge, and kind of its curve.
    pub edge: SymbolicEdge,
    /// The curve.
    pub curve: Curve,
    /// Share of the edge's variance that it explains.
    pub r_squared: f64,
}

/// Replaces edges by the curves that fit them best on `x`, `[rows, d_input]`, layer by layer: a layer is fitted at the
/// outputs of the curves before it.
///
/// Training afterwards adapts the parameters of all curves together.
///
/// # Errors
///
/// If there are no rows, or a value in the network is NaN or infinite.
///
/// # References
///
/// Liu et al., *KAN: Kolmogorov-Arnold Networks*, 2024, section 2.5.1, arXiv:2404.19756. **Deviates:** the inner parameters
/// are polished by Levenberg-Marquardt steps, and shapes with a pole in the range of the data are refused.
pub fn symbolise(kan: Kan, x: Tensor<2>, config: &SymbolicConfig) -> Result<(Kan, Vec<SymbolicFit>)> {
    let first = candidates(&kan.layers[0], kan.scaled(x.clone()), 0, config)?;
    symbolised(kan, x, config, &first)
}

/// Replaces edges by curves, from the fits of the first layer at these inputs, which do not depend on the criterion.
pub(crate) fn symbolised(
    kan: Kan,
    x: Tensor<2>,
    config: &SymbolicConfig,
    first: &[Candidates],
) -> Result<(Kan, Vec<SymbolicFit>)> {
    let mut fits = Vec::new();
    let mut layers = Vec::new();
    let mut x = kan.scaled(x);
    let Kan { layers: old, scales } = kan.valid();
    for (number, layer) in old.into_iter().enumerate() {
        let found = match number {
            0 => choose_fits(first, number, config),
            _ => choose_fits(&candidates(&layer, x.clone(), number, config)?, number, config),
        };
        let curves: Vec<(SymbolicEdge, Curve)> = found.iter().map(|fit| (fit.edge, fit.curve.clone())).collect();
        let layer = layer.with_curves(&curves)?;
        x = layer.forward(x);
        layers.push(layer);
        fits.extend(found);
    }
    Ok((Kan { layers, scales }, fits))
}

/// All curves that were fitted to an edge.
pub(crate) struct Candidates {
    input: usize,
    subnode: usize,
    fits: Vec<CurveFit>,
}

/// Fits all shapes to the edges of a layer that are still splines.
pub(crate) fn candidates(
    layer: &KanLayer,
    x: Tensor<2>,
    number: usize,
    config: &SymbolicConfig,
) -> Result<Vec<Candidates>> {
    let LayerActivations { input, edges, .. } = layer.activations(x);
    let [d_input, rows, n_subnodes] = edges.dims();
    let inputs: Vec<f64> = input.into_data().iter().collect();
    let values: Vec<f64> = edges.into_data().iter().collect();
    if rows == 0 {
        return Err(KanError::TooFewRows {
            what: "rows for curves",
            least: 1,
            got: 0,
        });
    }
    let stride = rows.div_ceil(config.most_rows.max(1));
    let sampled = || (0..rows).step_by(stride);
    let numeric = layer.numeric();
    let largest = largest_power(layer.base.val().dtype());
    let of_edge = |at: usize| {
        let (input, subnode) = (at / n_subnodes, at % n_subnodes);
        let x: Vec<f64> = sampled().map(|row| inputs[row * d_input + input]).collect();
        let y: Vec<f64> = sampled()
            .map(|row| values[(input * rows + row) * n_subnodes + subnode])
            .collect();
        let mut fits = fits(&x, &y, &config.library).map_err(|_| KanError::NanScore {
            layer: number,
            node: subnode,
        })?;
        let range = extent(x.iter().copied());
        fits.retain(|fit| power(&fit.curve, range) < largest);
        Ok(Candidates { input, subnode, fits })
    };
    let edges = 0..numeric.len();
    edges.filter(|at| numeric[*at]).map(of_edge).collect()
}

/// The curves that the criterion prefers and that explain enough.
fn choose_fits(candidates: &[Candidates], layer: usize, config: &SymbolicConfig) -> Vec<SymbolicFit> {
    let of_edge = |edge: &Candidates| {
        let fit = config.criterion.preferred(&edge.fits)?;
        let shape = fit.curve.shape();
        let (input, subnode) = (edge.input, edge.subnode);
        (fit.r_squared >= config.least_r_squared).then(|| SymbolicFit {
            layer,
            edge: SymbolicEdge { input, subnode, shape },
            curve: fit.curve.clone(),
            r_squared: fit.r_squared,
        })
    };
    candidates.iter().filter_map(of_edge).collect()
}

impl KanLayer {
    /// Whether each edge is a combination of basis functions, `[d_input, n_subnodes]`; the other edges are curves or
    /// were pruned.
    pub fn numeric(&self) -> Vec<bool> {
        match &self.keep {
            Some(keep) => keep.to_data().iter::<f64>().map(|keep| keep != 0.0).collect(),
            None => vec![true; self.d_input() * self.width().n_subnodes()],
        }
    }

    /// The curves of the layer.
    ///
    /// # Errors
    ///
    /// If a parameter is NaN or infinite.
    pub fn curves(&self) -> Result<Vec<(SymbolicEdge, Curve)>> {
        self.symbolic.as_ref().map_or(Ok(Vec::new()), SymbolicEdges::curves)
    }

    /// The layer with curves in place of the previous functions of their edges.
    ///
    /// # Errors
    ///
    /// If the layer has no such edge, or a parameter of a curve that it had is NaN or infinite.
    pub fn with_curves(self, curves: &[(SymbolicEdge, Curve)]) -> Result<Self> {
        let n_subnodes = self.width().n_subnodes();
        for (edge, _) in curves {
            for (what, index, count) in [
                ("input", edge.input, self.d_input()),
                ("subnode", edge.subnode, n_subnodes),
            ] {
                if index >= count {
                    return Err(KanError::NoSuch { what, index, count });
                }
            }
        }
        if curves.is_empty() {
            return Ok(self);
        }
        let place = |edge: &SymbolicEdge| (edge.input, edge.subnode);
        let mut all = self.curves()?;
        all.retain(|(old, _)| !curves.iter().any(|(new, _)| place(new) == place(old)));
        all.extend_from_slice(curves);
        let mut keep = self.numeric();
        all.iter()
            .for_each(|(edge, _)| keep[edge.input * n_subnodes + edge.subnode] = false);
        let base = self.base.val();
        let symbolic = SymbolicEdges::new(&all, &base.device(), base.dtype());
        Ok(Self {
            symbolic,
            ..self.with_numeric(&keep)
        })
    }

    /// Keeps only these combinations of basis functions; the parameters of the other edges are 0.
    pub(crate) fn with_numeric(self, keep: &[bool]) -> Self {
        let base = self.base.val();
        let shape = base.dims();
        let keep: Vec<f64> = keep.iter().map(|keep| f64::from(u8::from(*keep))).collect();
        let data = burn::tensor::TensorData::new(keep, shape);
        let keep = Tensor::<2>::from_data(data, (&base.device(), base.dtype()));
        let gone = keep.clone().equal_elem(0.0);
        let coefficients = self.coefficients.val().detach();
        let of_coefficients = gone.clone().unsqueeze_dim::<3>(1).expand(coefficients.dims());
        Self {
            coefficients: Param::from_tensor(coefficients.mask_fill(of_coefficients, 0.0)),
            base: Param::from_tensor(base.detach().mask_fill(gone, 0.0)),
            keep: Some(keep),
            ..self
        }
    }
}

impl Kan {
    /// Whether every curve stays clear of its poles, the ends of its domain and its cut-off between the least and the
    /// greatest of its inputs on `x`, `[rows, d_input]`.
    pub(crate) fn is_smooth(&self, x: Tensor<2>) -> bool {
        let largest = largest_power(self.place().1);
        let smooth = |curve: &Curve, range| curve.covers(range) && power(curve, range) < largest;
        let curves = self.curves_on(x);
        curves.is_ok_and(|curves| curves.iter().all(|placed| smooth(&placed.curve, placed.range)))
    }

    /// All curves, each with the range of its inputs on `x`, `[rows, d_input]`.
    fn curves_on(&self, x: Tensor<2>) -> Result<Vec<PlacedCurve>> {
        let mut x = self.scaled(x);
        let mut all = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let low: Vec<f64> = x.clone().min_dim(0).into_data().iter().collect();
            let high: Vec<f64> = x.clone().max_dim(0).into_data().iter().collect();
            let curves = layer.curves()?.into_iter();
            all.extend(curves.map(|(edge, curve)| PlacedCurve {
                layer: number,
                range: [low[edge.input], high[edge.input]],
                edge,
                curve,
            }));
            x = layer.forward(x);
        }
        Ok(all)
    }

    /// One formula for each output, with the range of each input in `x`, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// If an edge is no curve yet, there are not as many names as inputs, a value is NaN or infinite, or an exponential
    /// grows so large in `x` that the network cuts it off (beyond e^700 in double precision and e^88 in single precision),
    /// where its formula would say something else.
    pub fn formulas(&self, names: &[String], x: Tensor<2>) -> Result<Vec<Formula>> {
        if names.len() != self.d_input() {
            return Err(KanError::Length {
                what: "names of inputs",
                expected: self.d_input(),
                got: names.len(),
            });
        }
        let most = largest_power(self.place().1);
        for placed in self.curves_on(x.clone())? {
            let power = power(&placed.curve, placed.range);
            if power >= most {
                let SymbolicEdge { input, subnode, .. } = placed.edge;
                return Err(KanError::CutOff {
                    layer: placed.layer,
                    input,
                    subnode,
                    power,
                    most,
                });
            }
        }
        let variable = |input: usize| {
            let scale = self.scales.input(input);
            Expr::Variable(input).plus(-scale.centre()).times(1.0 / scale.size())
        };
        let mut nodes: Vec<Expr> = (0..self.d_input()).map(variable).collect();
        for (number, layer) in self.layers.iter().enumerate() {
            let sums = sums_of(layer, &nodes, number)?;
            nodes = layer.nodes.expressions(sums);
        }
        let fitted_on: Vec<f64> = x.into_data().iter().collect();
        let formula = |(output, expr): (usize, Expr)| {
            let scale = self.scales.output(output);
            let expr = expr.times(scale.size()).plus(scale.centre());
            Ok(Formula::new(expr, names.to_vec(), &fitted_on)?)
        };
        nodes.into_iter().enumerate().map(formula).collect()
    }
}

/// A curve with its place in the network.
struct PlacedCurve {
    layer: usize,
    edge: SymbolicEdge,
    curve: Curve,
    /// Least and greatest input of the curve.
    range: [f64; 2],
}

/// The greatest exponent of e that a curve takes on a range; none for other functions.
fn power(curve: &Curve, [low, high]: [f64; 2]) -> f64 {
    match (curve.shape(), curve.parameters()) {
        (Shape::Function(Function::Call(Call::Exp)), [a, b, ..]) => (a * low + b).max(a * high + b),
        _ => f64::NEG_INFINITY,
    }
}

fn extent(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    })
}

fn sums_of(layer: &KanLayer, nodes: &[Expr], number: usize) -> Result<Vec<Expr>> {
    let n_subnodes = layer.width().n_subnodes();
    if let Some(at) = layer.numeric().iter().position(|numeric| *numeric) {
        return Err(KanError::NotSymbolic {
            layer: number,
            input: at / n_subnodes,
            subnode: at % n_subnodes,
        });
    }
    let mut sums: Vec<Vec<Expr>> = vec![Vec::new(); n_subnodes];
    for (edge, curve) in layer.curves()? {
        sums[edge.subnode].push(curve.of(&nodes[edge.input]));
    }
    Ok(sums.into_iter().map(Expr::sum).collect())
}
