//! From pykan's tensors to ours.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use secateurs_data::RawTensor;
use secateurs_formula::{Function, Shape};
use secateurs_kan::{BasisConfig, Beyond, KanError, LayerConfig, SymbolicEdge};

use super::config::Config;
use super::unsupported;
use crate::Error;
use crate::kan_file::from_bytes;

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    pub(super) tensors: BTreeMap<String, RawTensor>,
    pub(super) path: &'a Path,
}

impl Tensors<'_> {
    /// Adds the tensors of a layer under our names.
    pub(super) fn layer(
        &self,
        config: &Config,
        number: usize,
        named: &mut Vec<(String, TensorData)>,
    ) -> Result<LayerConfig, Error> {
        let width = config.widths[number + 1];
        let (d_input, n_subnodes) = (config.widths[number].n_nodes(), width.n_subnodes());
        let of_edges = |name: &str, shape: &[usize]| self.take(&format!("act_fun.{number}.{name}"), shape);
        let n_knots = self.last_size(&format!("act_fun.{number}.grid"))?;
        let n_basis = n_knots.saturating_sub(config.degree + 1);
        let edges = [d_input, n_subnodes];
        let knots = of_edges("grid", &[d_input, n_knots])?;
        let mask = of_edges("mask", &edges)?;
        let [base, scale] = [of_edges("scale_base", &edges)?, of_edges("scale_sp", &edges)?];
        let coefficients = of_edges("coef", &[d_input, n_subnodes, n_basis])?;
        let curves = match config.has_symbolic {
            true => Some(self.curves(config, number, &mask)?).filter(|(edges, _)| !edges.is_empty()),
            false => None,
        };
        let mut add = |name: &str, tensor: Numbers| named.push((format!("layers.{number}.{name}"), tensor.into_data()));
        add("coefficients", scaled(&coefficients, (&mask, &scale)));
        add("base", base.with(|at, value| value * mask.values[at]));
        if mask.values.contains(&0.0) {
            add("keep", mask.with(|_, mask| f64::from(u8::from(mask != 0.0))));
        }
        add("knots", knots);
        let curves = curves.map_or_else(Vec::new, |(edges, parameters)| {
            add("curves", parameters);
            edges
        });
        for (name, size) in [("subnode_scale", n_subnodes), ("subnode_bias", n_subnodes)] {
            add(name, self.take(&format!("{name}_{number}"), &[size])?);
        }
        for name in ["scale", "bias"] {
            add(name, self.take(&format!("node_{name}_{number}"), &[width.n_nodes()])?);
        }
        Ok(LayerConfig {
            basis: BasisConfig::BSpline {
                degree: config.degree,
                n_intervals: n_basis.saturating_sub(config.degree),
            },
            beyond: Beyond::Taper,
            affine: config.affine,
            curves,
        })
    }

    /// Edges with formulas and their parameters: `mask (c f(a x + b) + d)` from `mask`, `[n_subnodes, d_input]`, and
    /// `affine`, `[n_subnodes, d_input, 4]`.
    fn curves(&self, config: &Config, number: usize, keep: &Numbers) -> Result<(Vec<SymbolicEdge>, Numbers), Error> {
        let [d_input, n_subnodes] = [keep.shape[0], keep.shape[1]];
        let of_curves = |name: &str, shape: &[usize]| self.take(&format!("symbolic_fun.{number}.{name}"), shape);
        let mask = of_curves("mask", &[n_subnodes, d_input])?;
        let affine = of_curves("affine", &[n_subnodes, d_input, 4])?;
        let mut edges = Vec::new();
        let mut parameters = Vec::new();
        for (at, &mask) in mask.values.iter().enumerate().filter(|(_, mask)| **mask != 0.0) {
            let (subnode, input) = (at / d_input, at % d_input);
            let place = format!("the edge of layer {number} from input {input} to subnode {subnode}");
            if keep.values[input * n_subnodes + subnode] != 0.0 {
                return Err(unsupported(self.path, format!("a spline and a formula on {place}")));
            }
            let name = config.functions[number].get(subnode).and_then(|row| row.get(input));
            let function = name.and_then(|name| function(name));
            let function = function.ok_or_else(|| {
                let name = name.map_or("without a name", String::as_str);
                unsupported(self.path, format!("the function {name} on {place}"))
            })?;
            edges.push(SymbolicEdge {
                input,
                subnode,
                shape: Shape::Function(function),
            });
            let own = &affine.values[4 * at..][..4];
            parameters.extend([own[0], own[1], mask * own[2], mask * own[3]]);
        }
        let numbers = Numbers {
            shape: vec![parameters.len()],
            values: parameters,
            is_double: affine.is_double,
        };
        Ok((edges, numbers))
    }

    fn last_size(&self, name: &str) -> Result<usize, Error> {
        Ok(self.raw(name)?.shape.last().copied().unwrap_or(0))
    }

    fn take(&self, name: &str, expected: &[usize]) -> Result<Numbers, Error> {
        let raw = self.raw(name)?;
        if raw.shape != expected {
            return Err(self.wrong(KanError::TensorShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                got: raw.shape.clone(),
            }));
        }
        let data = from_bytes(raw)?;
        Ok(Numbers {
            values: data.iter::<f64>().collect(),
            shape: raw.shape.clone(),
            is_double: raw.dtype == "F64",
        })
    }

    fn raw(&self, name: &str) -> Result<&RawTensor, Error> {
        let missing = || self.wrong(KanError::MissingTensor { name: name.to_owned() });
        self.tensors.get(name).ok_or_else(missing)
    }

    fn wrong(&self, source: KanError) -> Error {
        Error::Kan {
            path: self.path.to_owned(),
            source: Box::new(source),
        }
    }
}

/// The function that pykan calls so; it has two names for roots.
fn function(name: &str) -> Option<Function> {
    let name = match name {
        "x^0.5" => "sqrt",
        "1/x^0.5" => "1/sqrt(x)",
        name => name,
    };
    name.parse().ok()
}

/// A tensor in double precision that remembers what it was.
struct Numbers {
    values: Vec<f64>,
    shape: Vec<usize>,
    is_double: bool,
}

impl Numbers {
    /// The same with other values.
    fn with(&self, value: impl Fn(usize, f64) -> f64) -> Self {
        let values = self.values.iter().enumerate();
        Self {
            values: values.map(|(at, old)| value(at, *old)).collect(),
            shape: self.shape.clone(),
            is_double: self.is_double,
        }
    }

    fn into_data(self) -> TensorData {
        if self.is_double {
            TensorData::new(self.values, self.shape)
        } else {
            let values: Vec<f32> = self.values.iter().map(|value| *value as f32).collect();
            TensorData::new(values, self.shape)
        }
    }
}

/// From `[d_input, n_subnodes, n_basis]` to `[d_input, n_basis, n_subnodes]`, times mask and scale of each edge.
fn scaled(coefficients: &Numbers, (mask, scale): (&Numbers, &Numbers)) -> Numbers {
    let [d_input, n_subnodes, n_basis] = [0, 1, 2].map(|dimension| coefficients.shape[dimension]);
    let mut values = vec![0.0; coefficients.values.len()];
    for (at, value) in coefficients.values.iter().enumerate() {
        let (edge, m) = (at / n_basis, at % n_basis);
        let (input, subnode) = (edge / n_subnodes, edge % n_subnodes);
        values[(input * n_basis + m) * n_subnodes + subnode] = value * mask.values[edge] * scale.values[edge];
    }
    Numbers {
        values,
        shape: vec![d_input, n_basis, n_subnodes],
        is_double: coefficients.is_double,
    }
}
