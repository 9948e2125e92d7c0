//! Edges that are curves with a formula.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use secateurs_formula::{Call, Curve, Exponent, Function, Shape};

use crate::Result;
use crate::scaling::precision::largest_power;

/// Least value of bases of negative powers and roots, and of distances from the ends of a domain.
const LEAST: f64 = 1e-12;

/// Place and kind of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SymbolicEdge {
    /// The input at which the edge begins.
    pub input: usize,
    /// The subnode at which the edge ends.
    pub subnode: usize,
    /// Kind of the curve.
    pub shape: Shape,
}

/// The curves of a layer, whose parameters learn with the rest of the network.
#[derive(Module, Debug)]
pub struct SymbolicEdges {
    /// The parameters of all curves, one after the other in the order of [`Shape`].
    pub parameters: Param<Tensor<1>>,
    #[module(skip)]
    edges: Vec<SymbolicEdge>,
}

impl SymbolicEdges {
    /// Creates curves at their places; none if there is no curve.
    pub(crate) fn new(curves: &[(SymbolicEdge, Curve)], device: &Device, dtype: DType) -> Option<Self> {
        let parameters: Vec<f64> = curves
            .iter()
            .flat_map(|(_, curve)| curve.parameters().to_vec())
            .collect();
        if curves.is_empty() {
            return None;
        }
        let data = TensorData::new(parameters.clone(), [parameters.len()]);
        Some(Self {
            parameters: Param::from_tensor(Tensor::from_data(data, (device, dtype))),
            edges: curves.iter().map(|(edge, _)| *edge).collect(),
        })
    }

    /// Places and kinds of the curves.
    pub fn edges(&self) -> &[SymbolicEdge] {
        &self.edges
    }

    /// The curves with their current parameters.
    ///
    /// # Errors
    ///
    /// If a parameter is NaN or infinite.
    pub fn curves(&self) -> Result<Vec<(SymbolicEdge, Curve)>> {
        let data = self.parameters.val().to_data();
        let mut parameters = data.iter::<f64>();
        let curve = |edge: &SymbolicEdge| {
            let own = parameters.by_ref().take(edge.shape.n_parameters()).collect();
            Ok((*edge, Curve::new(edge.shape, own)?))
        };
        self.edges.iter().map(curve).collect()
    }

    /// The curves between some of the inputs and some of the subnodes; none if there is none.
    pub(crate) fn select(&self, inputs: &[usize], subnodes: &[usize]) -> Option<Self> {
        let place = |of: &[usize], index: usize| of.iter().position(|other| *other == index);
        self.moved(|edge| {
            let (input, subnode) = (place(inputs, edge.input)?, place(subnodes, edge.subnode)?);
            Some(SymbolicEdge {
                input,
                subnode,
                ..*edge
            })
        })
    }

    /// Moves the curves to new places, and drops those without one.
    pub(crate) fn moved(&self, to: impl Fn(&SymbolicEdge) -> Option<SymbolicEdge>) -> Option<Self> {
        let parameters = self.parameters.val().detach();
        let mut first = 0;
        let (mut edges, mut own) = (Vec::new(), Vec::new());
        for edge in &self.edges {
            let n = edge.shape.n_parameters();
            if let Some(edge) = to(edge) {
                edges.push(edge);
                own.push(parameters.clone().narrow(0, first, n));
            }
            first += n;
        }
        (!edges.is_empty()).then(|| Self {
            parameters: Param::from_tensor(Tensor::cat(own, 0)),
            edges,
        })
    }

    /// The value of each curve: maps `[batch, d_input]` to `[batch, n_edges]`.
    pub(crate) fn values(&self, x: &Tensor<2>) -> Tensor<2> {
        let parameters = self.parameters.val();
        let mut first = 0;
        let columns = self.edges.iter().map(|edge| {
            let n = edge.shape.n_parameters();
            let own = parameters.clone().narrow(0, first, n);
            first += n;
            value(edge.shape, x.clone().narrow(1, edge.input, 1), own)
        });
        Tensor::cat(columns.collect(), 1)
    }

    /// Sums of the curves at each subnode: `[batch, n_subnodes]`.
    pub(crate) fn sums(&self, x: &Tensor<2>, n_subnodes: usize) -> Tensor<2> {
        let mut to = vec![0.0; self.edges.len() * n_subnodes];
        for (at, edge) in self.edges.iter().enumerate() {
            to[at * n_subnodes + edge.subnode] = 1.0;
        }
        let to = TensorData::new(to, [self.edges.len(), n_subnodes]);
        self.values(x).matmul(Tensor::from_data(to, (&x.device(), x.dtype())))
    }

    /// Values of the curves on each edge: `[d_input, batch, n_subnodes]`.
    pub(crate) fn on_edges(&self, x: &Tensor<2>, n_subnodes: usize) -> Tensor<3> {
        let [batch, d_input] = x.dims();
        let n_edges = self.edges.len();
        let mut to = vec![0.0; d_input * n_edges * n_subnodes];
        for (at, edge) in self.edges.iter().enumerate() {
            to[(edge.input * n_edges + at) * n_subnodes + edge.subnode] = 1.0;
        }
        let to = TensorData::new(to, [d_input, n_edges, n_subnodes]);
        let to = Tensor::<3>::from_data(to, (&x.device(), x.dtype()));
        let values = self.values(x).unsqueeze_dim::<3>(0).expand([d_input, batch, n_edges]);
        values.matmul(to)
    }
}

/// The value of a curve: maps `[batch, 1]` and its parameters to `[batch, 1]`.
fn value(shape: Shape, x: Tensor<2>, parameters: Tensor<1>) -> Tensor<2> {
    let parameter = |n: usize| parameters.clone().narrow(0, n, 1).unsqueeze::<2>();
    match shape {
        Shape::Function(function) => {
            let u = x * parameter(0) + parameter(1);
            of(function, u) * parameter(2) + parameter(3)
        }
        Shape::Polynomial(degree) => {
            let degree = usize::from(degree);
            let highest = x.zeros_like() + parameter(degree);
            (0..degree).rev().fold(highest, |sum, n| sum * x.clone() + parameter(n))
        }
    }
}

/// Computes [`Function::of`] on tensors.
fn of(function: Function, u: Tensor<2>) -> Tensor<2> {
    match function {
        Function::Zero => u.zeros_like(),
        Function::Identity => u,
        Function::Power(exponent) => power(u, exponent),
        Function::Call(call) => called(call, u),
        Function::Gaussian => (-(u.clone() * u)).exp(),
    }
}

fn power(u: Tensor<2>, exponent: Exponent) -> Tensor<2> {
    let halves = exponent.halves;
    let whole = |u: Tensor<2>, n: i8| (1..n).fold(u.clone(), |product, _| product * u.clone());
    match (exponent.is_whole(), halves) {
        (_, 0) => u.ones_like(),
        (true, 2..) => whole(u, halves / 2),
        (true, _) => {
            let sign = u.clone().sign().mask_fill(u.clone().equal_elem(0.0), 1.0);
            whole(sign / u.abs().clamp_min(LEAST), -halves / 2)
        }
        (false, _) => {
            let root = u.clamp_min(LEAST).sqrt();
            match halves {
                1.. => whole(root, halves),
                _ => whole(root.recip(), -halves),
            }
        }
    }
}

fn called(call: Call, u: Tensor<2>) -> Tensor<2> {
    // What single precision can tell from 1.
    let edge = match u.dtype() {
        DType::F64 => LEAST,
        _ => 1e-6,
    };
    let largest = largest_power(u.dtype());
    let inside = |u: Tensor<2>| u.clamp(edge - 1.0, 1.0 - edge);
    match call {
        Call::Exp => u.clamp_max(largest).exp(),
        Call::Log => u.clamp_min(LEAST).log(),
        Call::Abs => u.abs(),
        Call::Sign => u.sign(),
        Call::Sin => u.sin(),
        Call::Cos => u.cos(),
        Call::Tan => u.tan(),
        Call::Tanh => u.tanh(),
        Call::Arcsin => inside(u).asin(),
        Call::Arccos => inside(u).acos(),
        Call::Arctan => u.atan(),
        Call::Arctanh => inside(u).atanh(),
    }
}
