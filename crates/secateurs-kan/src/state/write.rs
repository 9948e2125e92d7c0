//! From a network to plain values.

use burn::tensor::{Tensor, TensorData};

use super::{KanState, LayerConfig, STATE_VERSION, Side, StateConfig};
use crate::layers::basis::{Basis, BasisConfig};
use crate::layers::layer::KanLayer;
use crate::layers::network::Kan;
use crate::scaling::unit::Unit;

impl Kan {
    /// The network as plain values.
    pub fn to_state(&self) -> KanState {
        let tensors = self.layers.iter().enumerate();
        let tensors = tensors.flat_map(|(number, layer)| named(layer, number));
        let sides = [
            (Side::Inputs, "inputs", &self.units.inputs),
            (Side::Outputs, "outputs", &self.units.outputs),
        ];
        let open = sides.iter().filter(|(_, _, units)| units.is_none());
        let units = sides
            .iter()
            .flat_map(|(_, name, units)| of_units(name, units.as_deref()));
        KanState {
            config: StateConfig {
                version: STATE_VERSION,
                widths: self.widths(),
                layers: self.layers.iter().map(config).collect(),
                open: open.map(|(side, ..)| *side).collect(),
            },
            tensors: tensors.chain(units).collect(),
        }
    }
}

/// None if numbers are as they are.
fn of_units(side: &str, units: Option<&[Unit]>) -> Vec<(String, TensorData)> {
    let units = units.unwrap_or_default();
    if units.iter().all(|unit| *unit == Unit::default()) {
        return Vec::new();
    }
    let tensor = |name: &str, number: fn(Unit) -> f64| {
        let numbers: Vec<f64> = units.iter().map(|unit| number(*unit)).collect();
        (format!("{side}.{name}"), TensorData::new(numbers, [units.len()]))
    };
    vec![tensor("centre", Unit::centre), tensor("size", Unit::size)]
}

fn config(layer: &KanLayer) -> LayerConfig {
    let n_basis = layer.coefficients.val().dims()[1];
    let (basis, beyond) = match &layer.basis {
        Basis::BSpline(splines) => {
            let grid = splines.grid();
            let (degree, n_intervals) = (grid.degree(), grid.n_intervals());
            (BasisConfig::BSpline { degree, n_intervals }, splines.beyond())
        }
        Basis::Chebyshev(_) => (BasisConfig::Chebyshev { degree: n_basis - 1 }, Default::default()),
        Basis::GaussianRbf(_) => (BasisConfig::GaussianRbf { n_centres: n_basis }, Default::default()),
    };
    LayerConfig {
        basis,
        beyond,
        affine: layer.nodes.affine(),
        curves: layer
            .symbolic
            .as_ref()
            .map_or_else(Vec::new, |curves| curves.edges().to_vec()),
    }
}

fn named(layer: &KanLayer, number: usize) -> Vec<(String, TensorData)> {
    let base = layer.base.val();
    let mut tensors = vec![
        ("coefficients", layer.coefficients.val().into_data()),
        ("base", base.clone().into_data()),
    ];
    if let Some(keep) = &layer.keep {
        tensors.push(("keep", keep.to_data()));
    }
    if let Basis::BSpline(splines) = &layer.basis {
        let grid = splines.grid();
        let knots = TensorData::new(grid.knots().to_vec(), [grid.d_input(), grid.n_knots()]);
        // In the precision of the layer, in which they are exact.
        let knots = Tensor::<2>::from_data(knots, (&base.device(), base.dtype()));
        tensors.push(("knots", knots.into_data()));
    }
    if let Some(curves) = &layer.symbolic {
        tensors.push(("curves", curves.parameters.val().into_data()));
    }
    let nodes = &layer.nodes;
    let vectors = [
        ("subnode_scale", &nodes.subnode_scale),
        ("subnode_bias", &nodes.subnode_bias),
        ("scale", &nodes.scale),
        ("bias", &nodes.bias),
    ];
    tensors.extend(vectors.map(|(name, vector)| (name, vector.val().into_data())));
    let path = |(name, data)| (format!("layers.{number}.{name}"), data);
    tensors.into_iter().map(path).collect()
}
