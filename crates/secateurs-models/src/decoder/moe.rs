//! The mixture of experts in the place of the SwiGLU layer.
//!
//! It is routed, mixed and cut by the functions of `secateurs-moe`, whose [`MoeLayer`](secateurs_moe::MoeLayer) it is not: it shows
//! the inputs of its linears to an observer, and constants take the place of experts without a change of parameter paths, as a file
//! has them. A burn module cannot lend its fields to another one, so that a `MoeLayer` inside would put its own name into every path.

use std::cell::RefCell;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use secateurs_data::llama::{ExpertsConfig, LlamaConfig};
use secateurs_moe::{
    GatedMlp, MoeError, Normalise, Router, RouterKind, Routing, TopK, answers, keep_items, keep_logits, mix,
};
use secateurs_tensor::Observer;

use super::tokens::project;

/// A mixture of SwiGLU experts: a gate gives every token a logit per expert, a router chooses experts by the logits,
/// and their answers are added up with their gates.
///
/// Parameters have the same paths whatever the file calls them: `gate.weight`, `experts.3.up_proj.weight`.
#[derive(Module, Debug)]
pub struct LlamaMoe {
    /// `d_model -> n_experts`
    pub gate: Linear,
    /// The experts; the router sends each token to some.
    pub experts: Vec<GatedMlp>,
    /// Decides which experts answer a token.
    #[module(skip)]
    pub router: RouterKind,
    /// The constant answer in the place of an expert, `[d_model]`; empty if every expert answers itself.
    #[module(skip)]
    constants: Vec<Option<Vec<f32>>>,
}

impl LlamaMoe {
    /// A mixture of the given shape with burn's default initialisation.
    pub fn new(config: &LlamaConfig, experts: &ExpertsConfig, device: &Device) -> Self {
        let gate = LinearConfig::new(config.d_model, experts.n_experts).with_bias(false);
        let expert = |_| GatedMlp::new(config.d_model, config.d_ffn, device);
        let normalise = match experts.normalised {
            true => Normalise::AfterSelection,
            false => Normalise::BeforeSelection,
        };
        Self {
            gate: gate.init(device),
            experts: (0..experts.n_experts).map(expert).collect(),
            router: RouterKind::TopK(TopK {
                normalise,
                ..TopK::new(experts.top_k)
            }),
            constants: Vec::new(),
        }
    }

    /// The gate's logit for every pair of a token and an expert.
    ///
    /// # Shapes
    ///
    /// `[n_tokens, d_model] -> [n_tokens, n_experts]`
    pub fn logits(&self, tokens: Tensor<2>) -> Tensor<2> {
        project(&self.gate, tokens)
    }

    /// Decides which experts answer which token.
    ///
    /// # Shapes
    ///
    /// `tokens`: `[n_tokens, d_model]`
    ///
    /// # Errors
    ///
    /// If there are no tokens or a logit is NaN or infinite.
    pub fn route(&self, tokens: Tensor<2>) -> Result<Routing, MoeError> {
        self.router.route(self.logits(tokens), None)
    }

    /// Adds up the answers of the experts to the tokens, times their gates.
    ///
    /// # Shapes
    ///
    /// `[n_tokens, d_model] -> [n_tokens, d_model]`
    ///
    /// # Errors
    ///
    /// As for [`route`](Self::route).
    pub fn forward(&self, tokens: Tensor<2>) -> Result<Tensor<2>, MoeError> {
        self.observed(tokens, &mut ()).map(|(mixed, _)| mixed)
    }

    /// Replaces every expert that is not in `kept` by its constant answer in `means`, `[n_experts][d_model]`; the
    /// router decides as before, and the weights of the replaced experts become zero.
    ///
    /// No file format has constants in the place of experts, so such a model cannot be saved.
    ///
    /// # Errors
    ///
    /// If there is not one mean of the model's width per expert.
    pub fn with_constants(mut self, kept: &[usize], means: &[Vec<f64>]) -> Result<Self, MoeError> {
        let [d_model, n_experts] = self.gate.weight.dims();
        MoeError::check_size("means", n_experts, means.len())?;
        for mean in means {
            MoeError::check_size("features", d_model, mean.len())?;
        }
        self.constants.resize(n_experts, None);
        for (index, mean) in means.iter().enumerate() {
            if kept.contains(&index) {
                continue;
            }
            self.constants[index] = Some(mean.iter().map(|value| *value as f32).collect());
            let expert = &mut self.experts[index];
            for linear in [&mut expert.gate_proj, &mut expert.up_proj, &mut expert.down_proj] {
                linear.weight = Param::from_tensor(linear.weight.val().zeros_like());
            }
        }
        Ok(self)
    }

    /// Whether a constant answers in the place of any expert.
    pub(crate) fn has_constants(&self) -> bool {
        self.constants.iter().any(Option::is_some)
    }

    /// The mixture of the experts in `kept` alone, in the order of `kept`.
    ///
    /// The gate loses the outputs of the others, so that a token goes to the best of the remaining ones.
    ///
    /// # Errors
    ///
    /// If an expert does not exist, or fewer are kept than answer a token.
    pub fn keep(self, kept: &[usize]) -> Result<Self, MoeError> {
        let router = self.router.keep(kept, self.experts.len())?;
        let constants = kept.iter().map(|&expert| self.constants.get(expert).cloned().flatten());
        Ok(Self {
            constants: constants.collect(),
            gate: keep_logits(self.gate, kept, 1),
            experts: keep_items(self.experts, kept)?,
            router,
        })
    }

    /// Applies the mixture as [`forward`](Self::forward) does; shows `observer` the input of the gate, and for each
    /// expert with tokens the inputs of its linears.
    pub(crate) fn observed(
        &self,
        tokens: Tensor<2>,
        observer: &mut dyn Observer,
    ) -> Result<(Tensor<2>, Routing), MoeError> {
        let routing = self.shown_route(tokens.clone(), observer)?;
        let observer = &RefCell::new(observer);
        let experts = self.experts.iter().enumerate().map(|(index, expert)| {
            let constant = self.constants.get(index).and_then(Option::as_ref);
            move |tokens: Tensor<2>| match constant {
                Some(answer) => repeat(answer, &tokens),
                None => project(&expert.down_proj, shown_inner(index, expert, tokens, observer)),
            }
        });
        let mixed = mix(tokens, &routing, &experts.collect::<Vec<_>>())?;
        Ok((mixed, routing))
    }

    /// Shows `observer` the same inputs as [`observed`](Self::observed) and stops before the last product.
    pub(crate) fn observe(&self, tokens: Tensor<2>, observer: &mut dyn Observer) -> Result<(), MoeError> {
        let Routing::Tokens(routing) = self.shown_route(tokens.clone(), observer)? else {
            // A mixture of all tokens is no token to stop at.
            return self.observed(tokens, observer).map(|_| ());
        };
        let observer = &RefCell::new(observer);
        let experts = self.experts.iter().enumerate();
        let experts =
            experts.map(|(index, expert)| move |tokens: Tensor<2>| shown_inner(index, expert, tokens, observer));
        answers(tokens, &routing, &experts.collect::<Vec<_>>()).map(|_| ())
    }

    fn shown_route(&self, tokens: Tensor<2>, observer: &mut dyn Observer) -> Result<Routing, MoeError> {
        observer.observe(&["moe.gate.weight"], &tokens);
        self.route(tokens)
    }
}

/// Repeats one answer for every token.
fn repeat(answer: &[f32], tokens: &Tensor<2>) -> Tensor<2> {
    let answer = Tensor::<1>::from_floats(answer, &tokens.device());
    answer.unsqueeze::<2>().repeat_dim(0, tokens.dims()[0])
}

/// The input of the last linear of expert `index`, `[n_routed, d_ffn]`, which the observer has seen as well.
fn shown_inner(index: usize, expert: &GatedMlp, tokens: Tensor<2>, observer: &RefCell<&mut dyn Observer>) -> Tensor<2> {
    let path = |linear: &str| format!("moe.experts.{index}.{linear}.weight");
    let show = |linears: &[String], input: &Tensor<2>| {
        let linears: Vec<&str> = linears.iter().map(String::as_str).collect();
        observer.borrow_mut().observe(&linears, input);
    };
    show(&[path("gate_proj"), path("up_proj")], &tokens);
    let gate = project(&expert.gate_proj, tokens.clone());
    let up = project(&expert.up_proj, tokens);
    let inner = secateurs_ops::swiglu(gate, up);
    show(&[path("down_proj")], &inner);
    inner
}
