//! Nodes, which pass on the sums of edges or multiply them (MultKAN).

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use secateurs_formula::Expr;
use serde::{Deserialize, Serialize};

/// Number of nodes of one layer: sums first, then products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Width {
    /// Number of nodes that pass on one sum each.
    pub sums: usize,
    /// Number of nodes that multiply `arity` sums each.
    #[serde(default)]
    pub products: usize,
    /// Factors of a product.
    #[serde(default = "two")]
    pub arity: usize,
}

fn two() -> usize {
    2
}

impl Width {
    /// Nodes that are sums.
    pub fn sums(sums: usize) -> Self {
        Self {
            sums,
            products: 0,
            arity: 2,
        }
    }

    /// Nodes that are sums, and products of two factors.
    pub fn with_products(self, products: usize) -> Self {
        Self { products, ..self }
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.sums + self.products
    }

    /// Number of sums that edges lead to: one for each sum, `arity` for each product.
    pub fn n_subnodes(&self) -> usize {
        self.sums + self.arity * self.products
    }

    /// The subnodes of a node.
    pub fn subnodes(&self, node: usize) -> std::ops::Range<usize> {
        match node.checked_sub(self.sums) {
            None => node..node + 1,
            Some(product) => {
                let first = self.sums + product * self.arity;
                first..first + self.arity
            }
        }
    }

    /// The node of a subnode.
    pub fn node_of(&self, subnode: usize) -> usize {
        match subnode.checked_sub(self.sums) {
            None => subnode,
            Some(factor) => self.sums + factor / self.arity,
        }
    }
}

impl From<usize> for Width {
    fn from(sums: usize) -> Self {
        Self::sums(sums)
    }
}

/// Affine maps of subnodes and nodes, and the products between.
///
/// `u_s = scale_s sum_s + bias_s` for each subnode; a sum passes its `u` on, a product multiplies those of its factors; then
/// each node is `scale'_n v_n + bias'_n`.
#[derive(Module, Debug)]
pub struct Nodes {
    /// Scales of the subnodes: `[n_subnodes]`
    pub subnode_scale: Param<Tensor<1>>,
    /// Biases of the subnodes, to which the constants of removed edges are added: `[n_subnodes]`.
    pub subnode_bias: Param<Tensor<1>>,
    /// Scales of the nodes, `[n_nodes]`.
    pub scale: Param<Tensor<1>>,
    /// Biases of the nodes, `[n_nodes]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    width: Width,
    #[module(skip)]
    affine: Affine,
}

/// Whether affine parameters learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Affine {
    /// Fixed maps, except that pruning adds constants to biases.
    #[default]
    Fixed,
    /// Maps that learn with the rest.
    Trained,
}

impl Nodes {
    /// Nodes that change nothing: scales 1, biases 0.
    pub fn new(width: Width, affine: Affine, device: &Device, dtype: DType) -> Self {
        let constant = |n: usize, value: f64| parameter(Tensor::full([n], value, (device, dtype)), affine);
        let (n_subnodes, n_nodes) = (width.n_subnodes(), width.n_nodes());
        Self {
            subnode_scale: constant(n_subnodes, 1.0),
            subnode_bias: constant(n_subnodes, 0.0),
            scale: constant(n_nodes, 1.0),
            bias: constant(n_nodes, 0.0),
            width,
            affine,
        }
    }

    /// Numbers of nodes of each kind.
    pub fn width(&self) -> Width {
        self.width
    }

    /// Whether scales and biases learn.
    pub fn affine(&self) -> Affine {
        self.affine
    }

    /// Adds constants to the sums, before their affine map: `[n_subnodes]`.
    pub(crate) fn with_constants(self, constants: Tensor<1>) -> Self {
        let moved = self.subnode_scale.val().detach() * constants;
        let bias = self.subnode_bias.val().detach() + moved;
        Self {
            subnode_bias: parameter(bias, self.affine),
            ..self
        }
    }

    /// Selects some of the nodes, in the given order; sums must come before products.
    pub(crate) fn select(&self, nodes: &[usize]) -> Self {
        let (width, subnodes) = selected(self.width, nodes);
        let device = self.scale.val().device();
        let (of_nodes, of_subnodes) = (indices(nodes, &device), indices(&subnodes, &device));
        let pick = |parameter: &Param<Tensor<1>>, indices: &Tensor<1, burn::tensor::Int>| {
            self::parameter(parameter.val().detach().select(0, indices.clone()), self.affine)
        };
        Self {
            subnode_scale: pick(&self.subnode_scale, &of_subnodes),
            subnode_bias: pick(&self.subnode_bias, &of_subnodes),
            scale: pick(&self.scale, &of_nodes),
            bias: pick(&self.bias, &of_nodes),
            width,
            affine: self.affine,
        }
    }

    /// The nodes of sums that are expressions.
    pub(crate) fn expressions(&self, sums: Vec<Expr>) -> Vec<Expr> {
        let numbers = |parameter: &Param<Tensor<1>>| parameter.val().to_data().iter::<f64>().collect::<Vec<f64>>();
        let affine = |(expr, (scale, bias)): (Expr, (f64, f64))| expr.times(scale).plus(bias);
        let of_subnodes = numbers(&self.subnode_scale)
            .into_iter()
            .zip(numbers(&self.subnode_bias));
        let u: Vec<Expr> = sums.into_iter().zip(of_subnodes).map(affine).collect();
        let v = (0..self.width.n_nodes()).map(|node| Expr::product(u[self.width.subnodes(node)].to_vec()));
        let of_nodes = numbers(&self.scale).into_iter().zip(numbers(&self.bias));
        v.zip(of_nodes).map(affine).collect()
    }

    /// Maps sums, `[batch, n_subnodes]`, to nodes, `[batch, n_nodes]`.
    pub fn forward(&self, sums: Tensor<2>) -> Tensor<2> {
        let u = sums * self.subnode_scale.val().unsqueeze() + self.subnode_bias.val().unsqueeze();
        let Width { sums, products, arity } = self.width;
        let v = if products == 0 {
            u
        } else {
            let batch = u.dims()[0];
            let factor = |k: usize| {
                let factors = u
                    .clone()
                    .narrow(1, sums, products * arity)
                    .reshape([batch, products, arity]);
                factors.narrow(2, k, 1).reshape([batch, products])
            };
            let product = (1..arity).fold(factor(0), |product, k| product * factor(k));
            if sums == 0 {
                product
            } else {
                Tensor::cat(vec![u.clone().narrow(1, 0, sums), product], 1)
            }
        };
        v * self.scale.val().unsqueeze() + self.bias.val().unsqueeze()
    }
}

/// A parameter that learns or not.
pub(crate) fn parameter<const D: usize>(value: Tensor<D>, affine: Affine) -> Param<Tensor<D>> {
    Param::from_tensor(value).set_require_grad(affine == Affine::Trained)
}

/// The width of some nodes, and their subnodes.
pub(crate) fn selected(width: Width, nodes: &[usize]) -> (Width, Vec<usize>) {
    let sums = nodes.iter().filter(|&&node| node < width.sums).count();
    let selected = Width {
        sums,
        products: nodes.len() - sums,
        ..width
    };
    (selected, nodes.iter().flat_map(|&node| width.subnodes(node)).collect())
}

pub(crate) fn indices(indices: &[usize], device: &Device) -> Tensor<1, burn::tensor::Int> {
    let indices: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
    Tensor::from_data(burn::tensor::TensorData::new(indices.clone(), [indices.len()]), device)
}
