//! A gate and its experts.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use rand::rngs::StdRng;

use crate::assignment::indices;
use crate::error::{MoeError, Result};
use crate::expert::{Expert, mix};
use crate::router::{Router, RouterKind};
use crate::routing::Routing;

/// A layer of experts with a linear gate.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_moe::{GatedMlp, MoeLayer, RouterKind, TopK};
///
/// let device = secateurs_testkit::device();
/// let experts = (0..4).map(|_| GatedMlp::new(8, 16, &device)).collect();
/// let layer = MoeLayer::new(8, experts, RouterKind::TopK(TopK::new(2)), &device);
/// let (y, _routing) = layer.forward(Tensor::ones([3, 8], &device), None)?;
/// assert_eq!(y.dims(), [3, 8]);
/// assert_eq!(layer.keep(&[0, 2, 3])?.experts.len(), 3);
/// # Ok::<(), secateurs_moe::MoeError>(())
/// ```
#[derive(Module, Debug)]
pub struct MoeLayer<E> {
    /// The gate, `d_model -> n_experts * slots_per_expert`, without bias.
    pub gate: Linear,
    /// The experts.
    pub experts: Vec<E>,
    /// The router.
    #[module(skip)]
    pub router: RouterKind,
}

impl<E: Module + Expert> MoeLayer<E> {
    /// A layer with a gate of burn's default initialisation.
    pub fn new(d_model: usize, experts: Vec<E>, router: RouterKind, device: &Device) -> Self {
        let n_logits = experts.len() * router.slots_per_expert();
        Self {
            gate: LinearConfig::new(d_model, n_logits).with_bias(false).init(device),
            experts,
            router,
        }
    }

    /// Mixed answers of the experts, and the routing.
    ///
    /// # Shapes
    ///
    /// `[n_tokens, d_model] -> [n_tokens, d_model]`
    ///
    /// # Errors
    ///
    /// Those of the router.
    pub fn forward(&self, tokens: Tensor<2>, randomness: Option<&mut StdRng>) -> Result<(Tensor<2>, Routing)> {
        let routing = self.router.route(self.logits(tokens.clone()), randomness)?;
        Ok((mix(tokens, &routing, &self.experts)?, routing))
    }

    /// Logits of the gate, `[n_tokens, n_experts * slots_per_expert]`.
    pub fn logits(&self, tokens: Tensor<2>) -> Tensor<2> {
        secateurs_ops::linear(tokens, self.gate.weight.val())
    }

    /// Removes the experts that are not in `kept`, and their logits from the gate.
    ///
    /// # Errors
    ///
    /// If an expert is named twice or does not exist, or too few are left for the router.
    pub fn keep(self, kept: &[usize]) -> Result<Self> {
        let n_experts = self.experts.len();
        let router = self.router.keep(kept, n_experts)?;
        let gate = keep_logits(self.gate, kept, router.slots_per_expert());
        let experts = keep_items(self.experts, kept)?;
        Ok(Self { gate, experts, router })
    }
}

/// The items at the positions `kept`, in that order.
///
/// # Errors
///
/// If a place is named twice or does not exist.
pub fn keep_items<T>(items: Vec<T>, kept: &[usize]) -> Result<Vec<T>> {
    let n_items = items.len();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let take = |&place: &usize| {
        let item = items.get_mut(place).and_then(Option::take);
        item.ok_or(MoeError::NoExpert {
            expert: place,
            n_experts: n_items,
        })
    };
    kept.iter().map(take).collect()
}

/// The gate with only the logits of the experts in `kept`, in that order.
pub fn keep_logits(mut gate: Linear, kept: &[usize], slots_per_expert: usize) -> Linear {
    let logits = kept
        .iter()
        .flat_map(|&expert| expert * slots_per_expert..(expert + 1) * slots_per_expert);
    let places = |device: &Device| indices(logits.clone(), device);
    let weight = gate.weight.val();
    let weight = weight.clone().select(1, places(&weight.device()));
    // A parameter of its own, not a function of the one before.
    gate.weight = Param::from_tensor(weight.detach());
    gate.bias = gate.bias.map(|bias| {
        let bias = bias.val();
        Param::from_tensor(bias.clone().select(0, places(&bias.device())).detach())
    });
    gate
}
