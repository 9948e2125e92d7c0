//! Converts a network to plain values.

use burn::tensor::{Tensor, TensorData};

use super::{KanState, LayerConfig, STATE_VERSION, Side, StateConfig};
use crate::layers::basis::{Basis, BasisConfig};
use crate::layers::layer::KanLayer;
use crate::layers::network::Kan;
use crate::scaling::scale::Scale;

impl Kan {
    /// Converts the network to plain values.
    pub fn to_state(&self) -> KanState {
        let tensors = self.layers.iter().enumerate();
        let tensors = tensors.flat_map(|(number, layer)| name_tensors(layer, number));
        let sides = [
            (Side::Inputs, &self.scales.inputs),
            (Side::Outputs, &self.scales.outputs),
        ];
        let open = sides.iter().filter(|(_, scales)| scales.is_none());
        let scales = sides
            .iter()
            .flat_map(|(side, scales)| scale_tensors(*side, scales.as_deref()));
        KanState {
            config: StateConfig {
                version: STATE_VERSION,
                widths: self.widths(),
                layers: self.layers.iter().map(config).collect(),
                open: open.map(|(side, _)| *side).collect(),
            },
            tensors: tensors.chain(scales).collect(),
        }
    }
}

/// Tensors of the scales of a side; none for the identity.
fn scale_tensors(side: Side, scales: Option<&[Scale]>) -> Vec<(String, TensorData)> {
    let scales = scales.unwrap_or_default();
    if scales.iter().all(|scale| *scale == Scale::default()) {
        return Vec::new();
    }
    let tensor = |name: &str, number: fn(Scale) -> f64| {
        let numbers: Vec<f64> = scales.iter().map(|scale| number(*scale)).collect();
        (
            format!("{}.{name}", side.name()),
            TensorData::new(numbers, [scales.len()]),
        )
    };
    vec![tensor("centre", Scale::centre), tensor("size", Scale::size)]
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

fn name_tensors(layer: &KanLayer, number: usize) -> Vec<(String, TensorData)> {
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
