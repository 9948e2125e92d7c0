//! One layer: functions on edges, their sums, and nodes.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::layers::basis::{Basis, EdgeBasis, EdgeWeights};
use crate::layers::nodes::{Nodes, Width, indices, selected};
use crate::symbolic::edges::SymbolicEdges;

/// A layer: the function `phi_{i,s}(x_i) = keep_{i,s} (base_{i,s} silu(x_i) + sum_m c_{i,m,s} B_m(x_i))` of each edge,
/// or a curve with a formula, summed over inputs into subnodes, then [`Nodes`].
#[derive(Module, Debug)]
pub struct KanLayer {
    /// The functions that edges combine.
    pub basis: Basis,
    /// Coefficients `c`, `[d_input, n_basis, n_subnodes]`.
    pub coefficients: Param<Tensor<3>>,
    /// Weights of SiLU, `[d_input, n_subnodes]`.
    pub base: Param<Tensor<2>>,
    /// Mask, `[d_input, n_subnodes]`: 1 where an edge combines basis functions, 0 where it was pruned or is a curve;
    /// without a mask all edges combine them.
    pub keep: Option<Tensor<2>>,
    /// The edges that are curves.
    pub symbolic: Option<SymbolicEdges>,
    /// The nodes; they take the sums.
    pub nodes: Nodes,
}

/// Activations of a layer.
#[derive(Debug, Clone)]
pub struct LayerActivations {
    /// Inputs, `[batch, d_input]`.
    pub input: Tensor<2>,
    /// Values of each edge: `[d_input, batch, n_subnodes]`
    pub edges: Tensor<3>,
    /// Sums before their affine map: `[batch, n_subnodes]`
    pub sums: Tensor<2>,
    /// Outputs, `[batch, n_nodes]`.
    pub output: Tensor<2>,
}

/// Covariance of the basis functions of a layer over a batch; it changes only with the batch or the grids.
#[derive(Debug, Clone)]
pub struct Covariance {
    /// Covariance of the basis functions of each input, the base branch last: `[d_input, n_basis + 1, n_basis + 1]`
    functions: Tensor<3>,
    /// Deviations of the inputs, `[d_input, 1]`.
    input_deviations: Tensor<2>,
}

impl Covariance {
    /// Copies the covariance to another device.
    pub fn to_device(&self, device: &Device) -> Self {
        Self {
            functions: self.functions.clone().to_device(device),
            input_deviations: self.input_deviations.clone().to_device(device),
        }
    }
}

impl KanLayer {
    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.base.dims()[0]
    }

    /// The nodes of the layer.
    pub fn width(&self) -> Width {
        self.nodes.width()
    }

    /// Applies the layer: maps `[batch, d_input]` to `[batch, n_nodes]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.nodes.forward(self.sums(x))
    }

    /// Sums the edges: maps `[batch, d_input]` to `[batch, n_subnodes]`.
    fn sums(&self, x: Tensor<2>) -> Tensor<2> {
        let Some(symbolic) = &self.symbolic else {
            return self.basis.apply(x, self.weights());
        };
        let of_curves = symbolic.sums(&x, self.width().n_subnodes());
        // Without splines left, no time for them.
        if symbolic.edges().len() == self.d_input() * self.width().n_subnodes() {
            return of_curves;
        }
        self.basis.apply(x, self.weights()) + of_curves
    }

    /// The forward pass with all activations; takes `d_input` times as much memory.
    pub fn activations(&self, x: Tensor<2>) -> LayerActivations {
        let EdgeWeights { coefficients, base } = self.weights();
        let values = self.basis.values(x.clone()).swap_dims(0, 1); // [d_input, batch, n_basis]
        let silu: Tensor<3> = activation::silu(x.clone()).swap_dims(0, 1).unsqueeze_dim(2); // [d_input, batch, 1]
        let base: Tensor<3> = base.unsqueeze_dim(1); // [d_input, 1, n_subnodes]
        let edges = values.matmul(coefficients) + silu * base;
        let edges = match &self.symbolic {
            None => edges,
            Some(symbolic) => edges + symbolic.on_edges(&x, self.width().n_subnodes()),
        };
        let [_, batch, n_subnodes] = edges.dims();
        let sums = edges.clone().sum_dim(0).reshape([batch, n_subnodes]);
        LayerActivations {
            input: x,
            edges,
            output: self.nodes.forward(sums.clone()),
            sums,
        }
    }

    /// Parameters of the edges, zero where one was pruned.
    pub fn weights(&self) -> EdgeWeights {
        let (coefficients, base) = (self.coefficients.val(), self.base.val());
        match &self.keep {
            None => EdgeWeights { coefficients, base },
            Some(keep) => EdgeWeights {
                coefficients: coefficients * keep.clone().unsqueeze_dim(1),
                base: base * keep.clone(),
            },
        }
    }

    /// Covariance of the basis functions of the edges over a batch of inputs.
    pub fn covariance(&self, x: Tensor<2>) -> Covariance {
        let silu: Tensor<3> = activation::silu(x.clone()).unsqueeze_dim(2);
        let functions = Tensor::cat(vec![self.basis.values(x.clone()), silu], 2); // [batch, d_input, n_basis + 1]
        let n = functions.dims()[0].saturating_sub(1).max(1) as f64;
        let centred = (functions.clone() - functions.mean_dim(0)).swap_dims(0, 1); // [d_input, batch, n_basis + 1]
        let variance = (x.clone() - x.mean_dim(0)).powi_scalar(2).sum_dim(0) / n;
        Covariance {
            functions: centred.clone().swap_dims(1, 2).matmul(centred) / n,
            input_deviations: variance.clamp_min(TINY).sqrt().swap_dims(0, 1),
        }
    }

    /// Standard deviations of the combinations of basis functions over a batch, relative to the deviations of their
    /// inputs: `[d_input, n_subnodes]`.
    ///
    /// `sd(phi_{i,s}(x_i)) / (sd(x_i) + 0.1)`, where the variance of an edge is the quadratic form of its parameters in the
    /// covariance of the basis functions: no value of an edge is computed.
    pub fn relative_deviations(&self, covariance: &Covariance) -> Tensor<2> {
        let EdgeWeights { coefficients, base } = self.weights();
        let base: Tensor<3> = base.unsqueeze_dim(1);
        let parameters = Tensor::cat(vec![coefficients, base], 1); // [d_input, n_basis + 1, n_subnodes]
        let variance: Tensor<2> = (covariance.functions.clone().matmul(parameters.clone()) * parameters)
            .sum_dim(1)
            .squeeze_dim(1);
        variance.clamp_min(TINY).sqrt() / (covariance.input_deviations.clone() + 0.1)
    }

    /// Selects some of the inputs and of the nodes.
    pub(crate) fn select(&self, inputs: &[usize], nodes: &[usize]) -> Self {
        let (_, subnodes) = selected(self.width(), nodes);
        let device = self.base.val().device();
        let (inputs_at, subnodes_at) = (indices(inputs, &device), indices(&subnodes, &device));
        let pick = |tensor: Tensor<2>| tensor.select(0, inputs_at.clone()).select(1, subnodes_at.clone());
        let coefficients = self.coefficients.val().detach();
        let coefficients = coefficients.select(0, inputs_at.clone()).select(2, subnodes_at.clone());
        Self {
            basis: self.basis.select(inputs),
            coefficients: Param::from_tensor(coefficients),
            base: Param::from_tensor(pick(self.base.val().detach())),
            keep: self.keep.clone().map(pick),
            symbolic: self
                .symbolic
                .as_ref()
                .and_then(|symbolic| symbolic.select(inputs, &subnodes)),
            nodes: self.nodes.select(nodes),
        }
    }
}

/// Term that keeps the derivative of a square root finite; also the deviation of a constant edge.
const TINY: f64 = 1e-20;
