//! Converts plain values to a network and checks everything.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use secateurs_formula::Curve;

use super::shapes::Shapes;
use super::{KanState, LayerConfig, STATE_VERSION, Side, StateConfig};
use crate::layers::basis::{BSpline, Basis, BasisConfig};
use crate::layers::grid::Grid;
use crate::layers::layer::KanLayer;
use crate::layers::network::{Kan, KanConfig};
use crate::layers::nodes::{Width, parameter};
use crate::scaling::scale::Scale;
use crate::scaling::scales::Scales;
use crate::symbolic::edges::{SymbolicEdge, SymbolicEdges};
use crate::{KanError, Result};

impl Kan {
    /// Converts plain values to a network.
    ///
    /// # Errors
    ///
    /// If the version is another, the configuration contradicts itself, a tensor is missing, unknown, of a wrong shape
    /// or element type or holds NaN or an infinite number, knots do not ascend, or `keep` holds anything but 0 and 1.
    pub fn from_state(state: KanState, device: &Device) -> Result<Self> {
        let KanState { config, tensors } = state;
        if config.version != STATE_VERSION {
            return Err(KanError::StateVersion {
                got: config.version,
                expected: STATE_VERSION,
            });
        }
        let shapes = Shapes::of(&config)?;
        let mut tensors = Tensors::new(tensors, device)?;
        let layers = shapes.iter().enumerate();
        let layers = layers.map(|(number, shapes)| layer(&config, number, shapes, &mut tensors));
        let kan = Self::from(layers.collect::<Result<Vec<_>>>()?);
        let scales = Scales {
            inputs: scales(&config, Side::Inputs, kan.d_input(), &mut tensors)?,
            outputs: scales(&config, Side::Outputs, kan.d_output(), &mut tensors)?,
        };
        tensors.finish()?;
        kan.with_scales(scales)
    }
}

/// The scales of one side; none if they will be taken from data, and the identity if there are no tensors for them.
fn scales(config: &StateConfig, side: Side, count: usize, tensors: &mut Tensors<'_>) -> Result<Option<Vec<Scale>>> {
    if config.open.contains(&side) {
        return Ok(None);
    }
    let [centre, size] = ["centre", "size"].map(|number| format!("{}.{number}", side.name()));
    if !tensors.left.contains_key(&centre) && !tensors.left.contains_key(&size) {
        return Ok(Some(vec![Scale::default(); count]));
    }
    let (centres, sizes) = (
        tensors.take_numbers(&centre, [count])?,
        tensors.take_numbers(&size, [count])?,
    );
    let pairs = centres.into_iter().zip(sizes);
    Ok(Some(
        pairs
            .map(|(centre, size)| Scale::new(centre, size))
            .collect::<Result<_>>()?,
    ))
}

/// Creates a layer and then replaces its parameters, so that configurations are checked in one place only.
fn layer(config: &StateConfig, number: usize, shapes: &Shapes, tensors: &mut Tensors<'_>) -> Result<KanLayer> {
    let LayerConfig {
        basis,
        beyond,
        affine,
        ref curves,
    } = config.layers[number];
    let named = |name: &str| format!("layers.{number}.{name}");
    // Tensors come first: their sizes are bounded by the bytes that were read; sizes in the configuration are not.
    let coefficients = tensors.take(&named("coefficients"), shapes.coefficients)?;
    let base = tensors.take(&named("base"), shapes.edges)?;
    let keep = tensors.take_if_there(&named("keep"), shapes.edges)?;
    let knots = shapes.knots.map(|shape| tensors.take::<2>(&named("knots"), shape));
    let subnode_scale = tensors.take(&named("subnode_scale"), shapes.subnodes)?;
    let subnode_bias = tensors.take(&named("subnode_bias"), shapes.subnodes)?;
    let scale = tensors.take(&named("scale"), shapes.nodes)?;
    let bias = tensors.take(&named("bias"), shapes.nodes)?;
    let parameters = match curves.as_slice() {
        [] => None,
        _ => Some(tensors.take(&named("curves"), shapes.curves)?),
    };
    let widths = [Width::sums(shapes.edges[0]), config.widths[number + 1]];
    let fresh = KanConfig::new(widths, basis)?
        .with_beyond(beyond)
        .with_affine(affine)
        .with_dtype(tensors.dtype);
    let mut layer = fresh.init(0, tensors.device).layers.remove(0);
    layer.coefficients = Param::from_tensor(coefficients);
    layer.base = Param::from_tensor(base);
    layer.keep = keep.map(|keep| zeros_and_ones(keep, &named("keep"))).transpose()?;
    layer.nodes.subnode_scale = parameter(subnode_scale, affine);
    layer.nodes.subnode_bias = parameter(subnode_bias, affine);
    layer.nodes.scale = parameter(scale, affine);
    layer.nodes.bias = parameter(bias, affine);
    if let (Some(knots), BasisConfig::BSpline { degree, .. }) = (knots.transpose()?, basis) {
        let values = knots.into_data().iter().collect();
        let grid = Grid::from_knots(values, shapes.edges[0], degree)?;
        layer.basis = Basis::BSpline(BSpline::new(&grid, beyond, tensors.device, DType::from(tensors.dtype)));
    }
    if let Some(parameters) = parameters {
        check_places(curves, number, &layer)?;
        layer.symbolic = symbolic(curves, parameters)?;
    }
    Ok(layer)
}

/// Checks that every curve is on an edge of its own that combines no basis functions.
fn check_places(curves: &[SymbolicEdge], number: usize, layer: &KanLayer) -> Result<()> {
    let (d_input, n_subnodes) = (layer.d_input(), layer.width().n_subnodes());
    let mut taken = layer.present();
    for &SymbolicEdge { input, subnode, .. } in curves {
        let inside = input < d_input && subnode < n_subnodes;
        if !inside || std::mem::replace(&mut taken[input * n_subnodes + subnode], true) {
            return Err(KanError::CurvePlace {
                layer: number,
                input,
                subnode,
            });
        }
    }
    Ok(())
}

fn symbolic(edges: &[SymbolicEdge], parameters: Tensor<1>) -> Result<Option<SymbolicEdges>> {
    let (device, dtype) = (parameters.device(), parameters.dtype());
    let parameters: Vec<f64> = parameters.into_data().iter().collect();
    let mut left = parameters.into_iter();
    let curve = |edge: &SymbolicEdge| {
        let own = left.by_ref().take(edge.shape.n_parameters()).collect();
        Ok((*edge, Curve::new(edge.shape, own)?))
    };
    let curves: Vec<_> = edges.iter().map(curve).collect::<Result<_>>()?;
    Ok(SymbolicEdges::new(&curves, &device, dtype))
}

fn zeros_and_ones(keep: Tensor<2>, name: &str) -> Result<Tensor<2>> {
    let values: Vec<f64> = keep.to_data().iter().collect();
    match values.iter().position(|&value| value != 0.0 && value != 1.0) {
        None => Ok(keep),
        Some(index) => Err(KanError::TensorValue {
            name: name.to_owned(),
            index,
            value: values[index],
        }),
    }
}

/// Tensors to be taken one by one until none is left.
struct Tensors<'a> {
    left: BTreeMap<String, TensorData>,
    dtype: FloatDType,
    device: &'a Device,
}

impl<'a> Tensors<'a> {
    fn new(tensors: Vec<(String, TensorData)>, device: &'a Device) -> Result<Self> {
        let of_layers = |(name, _): &&(String, TensorData)| name.starts_with("layers.");
        let expected = tensors
            .iter()
            .find(of_layers)
            .map_or(DType::F32, |(_, data)| data.dtype());
        let mut left = BTreeMap::new();
        for (name, data) in tensors {
            // Scales are in double precision whatever the layers are.
            let is_scale = !name.starts_with("layers.") && data.dtype() == DType::F64;
            if !is_scale && (data.dtype() != expected || !expected.is_float()) {
                let got = data.dtype();
                return Err(KanError::TensorType { name, expected, got });
            }
            if left.contains_key(&name) {
                return Err(KanError::UnknownTensor { name });
            }
            left.insert(name, data);
        }
        Ok(Self {
            left,
            dtype: FloatDType::from(expected),
            device,
        })
    }

    fn take<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let missing = || KanError::MissingTensor { name: name.to_owned() };
        self.take_if_there(name, shape)?.ok_or_else(missing)
    }

    fn take_if_there<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Option<Tensor<D>>> {
        let Some(data) = self.take_checked(name, &shape)? else {
            return Ok(None);
        };
        let at = (self.device, DType::from(self.dtype));
        Ok(Some(Tensor::from_data(data, at)))
    }

    /// Takes a tensor that must exist.
    fn take_numbers(&mut self, name: &str, shape: [usize; 1]) -> Result<Vec<f64>> {
        let missing = || KanError::MissingTensor { name: name.to_owned() };
        let data = self.take_checked(name, &shape)?.ok_or_else(missing)?;
        Ok(data.iter().collect())
    }

    /// Takes a tensor of this shape without NaN and infinity, if it exists.
    fn take_checked(&mut self, name: &str, shape: &[usize]) -> Result<Option<TensorData>> {
        let Some(data) = self.left.remove(name) else {
            return Ok(None);
        };
        if data.shape().to_vec() != shape {
            return Err(KanError::TensorShape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                got: data.shape().to_vec(),
            });
        }
        if let Some((index, value)) = data.iter::<f64>().enumerate().find(|(_, value)| !value.is_finite()) {
            let name = name.to_owned();
            return Err(KanError::TensorValue { name, index, value });
        }
        Ok(Some(data))
    }

    fn finish(self) -> Result<()> {
        match self.left.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(KanError::UnknownTensor { name }),
        }
    }
}
