//! Derivatives of the mean token loss, with all activations in memory or block by block.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use secateurs_train::{Gradients, MicroBatch, TrainError};

use super::model::Llama;
use super::rope::Rope;
use crate::language_model::{Activations, losses_of};

impl Llama {
    /// The mean of [`token_losses`](Self::token_losses) and its derivatives by all parameters; an expert without tokens
    /// has none.
    ///
    /// The load-balancing loss of a mixture of experts is not part of it: see [`routed_losses`](Self::routed_losses).
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens]`
    ///
    /// # Errors
    ///
    /// If the model is on a device without autodiff.
    pub fn gradients(
        &self,
        tokens: Tensor<2, Int>,
        positions: &Rope,
        activations: Activations,
        batch: MicroBatch,
    ) -> Result<Gradients, TrainError> {
        match activations {
            Activations::Keep => Gradients::of(self.token_losses(tokens, positions).mean(), self, batch),
            Activations::Recompute => self.recomputed_gradients(tokens, positions, batch),
        }
    }

    fn recomputed_gradients(
        &self,
        tokens: Tensor<2, Int>,
        positions: &Rope,
        batch: MicroBatch,
    ) -> Result<Gradients, TrainError> {
        if !self.model.norm.weight.val().is_autodiff() {
            return Err(TrainError::UntrackedLoss { step: batch.step });
        }
        let plain = self.valid();
        let plain_positions = positions.valid();
        let mut inputs = vec![plain.model.embed_tokens.forward(tokens.clone().without_autodiff())];
        for block in &plain.model.layers {
            let input = inputs[inputs.len() - 1].clone();
            inputs.push(block.forward(input, &plain_positions, &mut ()));
        }
        drop(plain);

        let mut found = GradientsParams::new();
        let x = leaf(&mut inputs);
        let hidden = self.model.norm.forward(x.clone());
        let loss = losses_of(hidden, self.head(), tokens.clone()).mean();
        let value: f32 = loss.clone().without_autodiff().into_scalar();
        let mut grads = loss.backward();
        let mut upstream = x
            .grad_remove(&mut grads)
            .expect("the loss depends on the hidden states");
        collect(&mut found, &GradientsParams::from_module(&mut grads, self), self);
        for block in self.model.layers.iter().rev() {
            let x = leaf(&mut inputs);
            let out = block.forward(x.clone(), positions, &mut ());
            // The derivative of this number by `out` is `upstream`.
            let carrier = (out * Tensor::from_inner(upstream)).sum();
            let mut grads = carrier.backward();
            upstream = x.grad_remove(&mut grads).expect("a block depends on its input");
            collect(&mut found, &GradientsParams::from_module(&mut grads, block), block);
        }
        let embedded = self.model.embed_tokens.forward(tokens);
        let mut grads = (embedded * Tensor::from_inner(upstream)).sum().backward();
        let embedding = &self.model.embed_tokens;
        collect(
            &mut found,
            &GradientsParams::from_module(&mut grads, embedding),
            embedding,
        );
        Ok(Gradients {
            loss: value,
            parameters: found,
        })
    }
}

/// The last input, as a leaf whose derivative is wanted.
fn leaf(inputs: &mut Vec<Tensor<3>>) -> Tensor<3> {
    let input = inputs.pop().expect("there is an input for every block");
    Tensor::from_inner(input).require_grad()
}

/// Adds the gradients of a part of the model.
fn collect<M: Module>(found: &mut GradientsParams, new: &GradientsParams, part: &M) {
    part.visit(&mut Collector { found, new });
}

struct Collector<'a> {
    found: &'a mut GradientsParams,
    new: &'a GradientsParams,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(new) = self.new.get::<D>(param.id) {
            let sum = match self.found.remove::<D>(param.id) {
                Some(old) => old + new,
                None => new,
            };
            self.found.register(param.id, sum);
        }
    }
}
