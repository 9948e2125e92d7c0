//! Experts, and how they run on their own tokens only.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use secateurs_ops::split_rows;

use crate::error::{MoeError, Result};
use crate::routing::{Routing, SlotRouting, TokenRouting};

/// An expert: any burn module, or a closure, that maps tokens to answers.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_moe::Expert;
///
/// let doubles = |tokens: Tensor<2>| tokens * 2.0;
/// let x = Tensor::<2>::ones([1, 2], &secateurs_testkit::device());
/// assert_eq!(doubles.answer(x).into_data().iter::<f32>().collect::<Vec<_>>(), [2.0, 2.0]);
/// ```
pub trait Expert {
    /// One answer per token.
    ///
    /// # Shapes
    ///
    /// `[n_tokens, d_input] -> [n_tokens, d_output]`, where `n_tokens` may be any number but 0.
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2>;
}

impl<F: Fn(Tensor<2>) -> Tensor<2>> Expert for F {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        self(tokens)
    }
}

/// The SwiGLU expert of Llama, Mixtral and OLMoE: `down(silu(gate(x)) * up(x))`.
#[derive(Module, Debug)]
pub struct GatedMlp {
    /// `d_model -> d_ffn`
    pub gate_proj: Linear,
    /// `d_model -> d_ffn`
    pub up_proj: Linear,
    /// `d_ffn -> d_model`
    pub down_proj: Linear,
}

impl GatedMlp {
    /// An expert with burn's default initialisation.
    pub fn new(d_model: usize, d_ffn: usize, device: &Device) -> Self {
        let linear = |d_input, d_output| LinearConfig::new(d_input, d_output).with_bias(false).init(device);
        Self {
            gate_proj: linear(d_model, d_ffn),
            up_proj: linear(d_model, d_ffn),
            down_proj: linear(d_ffn, d_model),
        }
    }
}

impl Expert for GatedMlp {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        let project = |linear: &Linear, x| secateurs_ops::linear(x, linear.weight.val());
        let inner = secateurs_ops::swiglu(project(&self.gate_proj, tokens.clone()), project(&self.up_proj, tokens));
        project(&self.down_proj, inner)
    }
}

/// The GELU expert `second(gelu(first(x)))`, with biases.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `d_model -> d_ffn`
    pub first: Linear,
    /// `d_ffn -> d_model`
    pub second: Linear,
}

impl Mlp {
    /// An expert with burn's default initialisation.
    pub fn new(d_model: usize, d_ffn: usize, device: &Device) -> Self {
        Self {
            first: LinearConfig::new(d_model, d_ffn).init(device),
            second: LinearConfig::new(d_ffn, d_model).init(device),
        }
    }
}

impl Expert for Mlp {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        self.second.forward(activation::gelu(self.first.forward(tokens)))
    }
}

/// Mixes the answers of the experts: `y_t = sum_e gate_te f_e(x_t)` over the experts that `t` was sent to.
///
/// Each expert sees its own tokens only; one without tokens does not run. A token without experts gets zeros.
///
/// # Shapes
///
/// `tokens`: `[n_tokens, d_model]`; result alike.
///
/// # Errors
///
/// If the routing was made for another number of tokens or experts.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_moe::{Router, TopK, mix};
///
/// let device = secateurs_testkit::device();
/// let logits = Tensor::<2>::from_floats([[3.0, 0.0], [0.0, 3.0]], &device);
/// let routing = TopK::new(1).route(logits, None)?;
/// let experts = [1.0, 10.0].map(|factor| move |x: Tensor<2>| x * factor);
/// let y = mix(Tensor::ones([2, 1], &device), &routing, &experts)?;
/// assert_eq!(y.into_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 10.0]);
/// # Ok::<(), secateurs_moe::MoeError>(())
/// ```
pub fn mix<E: Expert>(tokens: Tensor<2>, routing: &Routing, experts: &[E]) -> Result<Tensor<2>> {
    match routing {
        Routing::Tokens(routing) => mix_tokens(tokens, routing, experts),
        Routing::Slots(routing) => mix_slots(tokens, routing, experts),
    }
}

fn mix_tokens<E: Expert>(tokens: Tensor<2>, routing: &TokenRouting, experts: &[E]) -> Result<Tensor<2>> {
    let shape = tokens.dims();
    let device = tokens.device();
    let answers = answers(tokens, routing, experts)?;
    let answers: Vec<Tensor<2>> = answers.into_iter().flatten().collect();
    if answers.is_empty() {
        return Ok(Tensor::zeros(shape, &device));
    }
    let gated = Tensor::cat(answers, 0) * routing.gates.clone().unsqueeze_dim(1); // [n_pairs, d_output]
    let d_output = gated.dims()[1];
    let nothing = Tensor::zeros([shape[0], d_output], &device);
    let indices = routing.assignment.token_indices(&device);
    Ok(nothing.select_assign(0, indices, gated, burn::tensor::IndexingUpdateOp::Add))
}

/// Answers of each expert to its tokens, `[n_routed, d_output]` each, not yet multiplied by gates; nothing for an
/// expert without tokens.
///
/// # Errors
///
/// If the routing was made for another number of tokens or experts.
pub fn answers<E: Expert>(tokens: Tensor<2>, routing: &TokenRouting, experts: &[E]) -> Result<Vec<Option<Tensor<2>>>> {
    let assignment = &routing.assignment;
    MoeError::check_size("tokens", assignment.n_tokens(), tokens.dims()[0])?;
    MoeError::check_size("experts", assignment.n_experts(), experts.len())?;
    if assignment.n_pairs() == 0 {
        return Ok(experts.iter().map(|_| None).collect());
    }
    let device = tokens.device();
    let dispatched = tokens.select(0, assignment.token_indices(&device)); // [n_pairs, d_model]
    let counts = assignment.counts();
    let used: Vec<usize> = counts.iter().copied().filter(|&count| count > 0).collect();
    let mut parts = split_rows(dispatched, &used).into_iter();
    let answer = |(expert, count): (&E, usize)| {
        (count > 0).then(|| expert.answer(parts.next().expect("there is a part for every expert in use")))
    };
    Ok(experts.iter().zip(counts).map(answer).collect())
}

fn mix_slots<E: Expert>(tokens: Tensor<2>, routing: &SlotRouting, experts: &[E]) -> Result<Tensor<2>> {
    let [n_slots, n_tokens] = routing.dispatch.dims();
    MoeError::check_size("tokens", n_tokens, tokens.dims()[0])?;
    MoeError::check_size("experts", n_slots / routing.slots_per_expert, experts.len())?;
    let slots = routing.dispatch.clone().matmul(tokens); // [n_slots, d_model]
    let parts = split_rows(slots, &vec![routing.slots_per_expert; experts.len()]);
    let answers = experts.iter().zip(parts).map(|(expert, slots)| expert.answer(slots));
    Ok(routing.combine.clone().matmul(Tensor::cat(answers.collect(), 0)))
}
