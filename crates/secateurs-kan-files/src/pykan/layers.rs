//! Converts pykan's tensors to ours.

use burn::tensor::TensorData;
use secateurs_formula::{Function, Shape};
use secateurs_kan::{BasisConfig, Beyond, LayerConfig, SymbolicEdge};

use super::base::Base;
use super::config::Config;
use super::numbers::{Numbers, Tensors};
use super::unsupported;
use crate::KanFileError;

/// The numbers of one layer, over the subnodes of the file, with masks and scales applied.
struct Layer {
    knots: Numbers,
    /// `[d_input, n_subnodes, n_basis]`
    coefficients: Numbers,
    /// `[d_input, n_subnodes]`
    base: Numbers,
    /// Whether an edge has a spline, `[d_input, n_subnodes]`.
    keep: Numbers,
    scale: Numbers,
    /// `[n_subnodes]`
    bias: Numbers,
}

/// Edges with formulas, and their parameters one after the other.
struct Curves {
    edges: Vec<SymbolicEdge>,
    parameters: Vec<f64>,
}

impl Tensors<'_> {
    /// Adds the tensors of a layer under our names.
    pub(super) fn layer(
        &self,
        config: &Config,
        number: usize,
        named: &mut Vec<(String, TensorData)>,
    ) -> Result<LayerConfig, KanFileError> {
        let mut layer = self.edges(config, number)?;
        let curves = match config.has_symbolic {
            true => self.curves(config, number, &mut layer)?,
            false => Curves {
                edges: Vec::new(),
                parameters: Vec::new(),
            },
        };
        let n_basis = layer.coefficients.shape[2];
        let places = config.places(number + 1);
        let n_subnodes = config.widths[number + 1].n_subnodes();
        let mut add = |name: &str, tensor: Numbers| named.push((format!("layers.{number}.{name}"), tensor.into_data()));
        // A factor that is missing beside a longer product is 1.
        let spread = |tensor: Numbers, missing: f64| tensor.spread(&places, n_subnodes, missing);
        add("coefficients", spread(layer.coefficients, 0.0).transposed());
        add("base", spread(layer.base, 0.0));
        let keep = spread(layer.keep, 0.0);
        if keep.values.contains(&0.0) {
            add("keep", keep);
        }
        add("knots", layer.knots);
        if !curves.edges.is_empty() {
            add("curves", self.numbers(vec![curves.parameters.len()], curves.parameters));
        }
        add("subnode_scale", spread(layer.scale, 1.0));
        add("subnode_bias", spread(layer.bias, 1.0));
        let n_nodes = config.widths[number + 1].n_nodes();
        add("scale", self.affine(number, "node_scale", n_nodes)?);
        add("bias", self.affine(number, "node_bias", n_nodes)?);
        let at = |mut edge: SymbolicEdge| {
            edge.subnode = places[edge.subnode];
            edge
        };
        Ok(LayerConfig {
            basis: BasisConfig::BSpline {
                degree: config.degrees[number],
                n_intervals: n_basis.saturating_sub(config.degrees[number]),
            },
            beyond: Beyond::Taper,
            affine: config.affine,
            curves: curves.edges.into_iter().map(at).collect(),
        })
    }

    fn edges(&self, config: &Config, number: usize) -> Result<Layer, KanFileError> {
        let (d_input, n_subnodes) = (config.widths[number].n_nodes(), config.n_subnodes(number + 1));
        let of_edges = |name: &str, shape: &[usize]| self.take(&format!("act_fun.{number}.{name}"), shape);
        let n_knots = self.last_size(&format!("act_fun.{number}.grid"))?;
        let n_basis = n_knots.saturating_sub(config.degrees[number] + 1);
        let edges = [d_input, n_subnodes];
        let mask = of_edges("mask", &edges)?;
        let scale = of_edges("scale_sp", &edges)?;
        let has_base = f64::from(u8::from(config.base == Base::Silu));
        let of_spline = |at: usize, value: f64| value * mask.values[at / n_basis] * scale.values[at / n_basis];
        Ok(Layer {
            knots: of_edges("grid", &[d_input, n_knots])?,
            coefficients: of_edges("coef", &[d_input, n_subnodes, n_basis])?.with(of_spline),
            base: of_edges("scale_base", &edges)?.with(|at, value| has_base * value * mask.values[at]),
            keep: mask.with(|_, mask| f64::from(u8::from(mask != 0.0))),
            scale: self.affine(number, "subnode_scale", n_subnodes)?,
            bias: self.affine(number, "subnode_bias", n_subnodes)?,
        })
    }

    /// A factor or a summand of subnodes or nodes; neutral for a layer that `expand_depth` added.
    fn affine(&self, number: usize, name: &str, n: usize) -> Result<Numbers, KanFileError> {
        let of_layer = |tensor: &str| {
            let (name, layer) = tensor.rsplit_once('_')?;
            let is_affine = ["node_scale", "node_bias", "subnode_scale", "subnode_bias"].contains(&name);
            layer.parse::<usize>().ok().filter(|_| is_affine)
        };
        let last = self.names().filter_map(of_layer).max();
        if last.is_some_and(|last| last < number) {
            let neutral = f64::from(u8::from(name.ends_with("scale")));
            return Ok(self.numbers(vec![n], vec![neutral; n]));
        }
        self.take(&format!("{name}_{number}"), &[n])
    }

    /// Moves edges with formulas out of the splines: `mask (c f(a x + b) + d)` from `mask`, `[n_subnodes, d_input]`,
    /// and `affine`, `[n_subnodes, d_input, 4]`.
    fn curves(&self, config: &Config, number: usize, layer: &mut Layer) -> Result<Curves, KanFileError> {
        let [d_input, n_subnodes] = [layer.keep.shape[0], layer.keep.shape[1]];
        let of_curves = |name: &str, shape: &[usize]| self.take(&format!("symbolic_fun.{number}.{name}"), shape);
        let mask = of_curves("mask", &[n_subnodes, d_input])?;
        let affine = of_curves("affine", &[n_subnodes, d_input, 4])?;
        let mut curves = Curves {
            edges: Vec::new(),
            parameters: Vec::new(),
        };
        for (at, &mask) in mask.values.iter().enumerate().filter(|(_, mask)| **mask != 0.0) {
            let (subnode, input) = (at / d_input, at % d_input);
            let place = format!("the edge of layer {number} from input {input} to subnode {subnode}");
            let name = config.functions[number].get(subnode).and_then(|row| row.get(input));
            let function = name.and_then(|name| function(name)).ok_or_else(|| {
                let name = name.map_or("without a name", String::as_str);
                unsupported(self.path, format!("the function {name} on {place}"))
            })?;
            let own = &affine.values[4 * at..][..4];
            if function == Function::Zero {
                layer.bias.values[subnode] += layer.scale.values[subnode] * mask * (own[2] * 0.0 + own[3]);
                continue;
            }
            let edge = input * n_subnodes + subnode;
            if layer.has_spline(edge) {
                return Err(unsupported(self.path, format!("a spline and a formula on {place}")));
            }
            layer.keep.values[edge] = 0.0;
            curves.edges.push(SymbolicEdge {
                input,
                subnode,
                shape: Shape::Function(function),
            });
            curves.parameters.extend([own[0], own[1], mask * own[2], mask * own[3]]);
        }
        Ok(curves)
    }
}

impl Layer {
    /// Whether the mask of the spline or of the base function of an edge is more than 0.
    fn has_spline(&self, edge: usize) -> bool {
        let n_basis = self.coefficients.shape[2];
        let coefficients = &self.coefficients.values[edge * n_basis..][..n_basis];
        self.base.values[edge] != 0.0 || coefficients.iter().any(|value| *value != 0.0)
    }
}

/// The function with this name in pykan, which has two names for roots.
fn function(name: &str) -> Option<Function> {
    let name = match name {
        "x^0.5" => "sqrt",
        "1/x^0.5" => "1/sqrt(x)",
        name => name,
    };
    name.parse().ok()
}
