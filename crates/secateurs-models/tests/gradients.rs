//! Derivatives with recomputed activations are those with all of them in memory.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor};
use secateurs_models::decoder::{Activations, Llama, LlamaConfig, Rope};
use secateurs_testkit::device;
use secateurs_train::{Gradients, MicroBatch, TrainError};

fn config(tied_head: bool) -> LlamaConfig {
    LlamaConfig {
        d_model: 24,
        d_ffn: 40,
        n_blocks: 3,
        n_heads: 6,
        n_kv_heads: 2,
        d_head: 4,
        vocab_size: 13,
        max_positions: 16,
        norm_eps: 1e-5,
        rope_theta: 100.0,
        rope_scaling: None,
        tied_head,
        experts: None,
    }
}

const BATCH: MicroBatch = MicroBatch {
    step: 0,
    micro: 0,
    index: 0,
};

fn gradients(
    llama: &Llama,
    config: &LlamaConfig,
    activations: Activations,
    device: &Device,
) -> Result<Gradients, TrainError> {
    let tokens = Tensor::<2, Int>::from_ints([[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 12]], device);
    llama.gradients(tokens, &Rope::new(config, 7, device), activations, BATCH)
}

/// Flattens gradients in the order of the module.
struct Flat {
    gradients: GradientsParams,
    path: Vec<String>,
    found: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor for Flat {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self
            .gradients
            .remove::<D>(param.id)
            .expect("every parameter has a gradient");
        let values = gradient
            .without_autodiff()
            .try_into_vec_as::<f32>()
            .expect("it can be read");
        self.found.push((self.path.join("."), values));
    }
}

fn flat(llama: &Llama, gradients: Gradients) -> Vec<(String, Vec<f32>)> {
    let mut flat = Flat {
        gradients: gradients.parameters,
        path: Vec::new(),
        found: Vec::new(),
    };
    llama.visit(&mut flat);
    flat.found
}

#[test]
fn recomputed_gradients_are_the_kept_ones() {
    let device = device().autodiff();
    for tied_head in [true, false] {
        let config = config(tied_head);
        let llama = Llama::new(&config, &device);
        let [kept, recomputed] = [Activations::Keep, Activations::Recompute]
            .map(|activations| gradients(&llama, &config, activations, &device).expect("the model can be trained"));
        assert!((kept.loss - recomputed.loss).abs() < 1e-5);
        let (kept, recomputed) = (flat(&llama, kept), flat(&llama, recomputed));
        assert_eq!(kept.len(), 2 + 3 * 9 + usize::from(!tied_head));
        for ((path, kept), (_, recomputed)) in kept.iter().zip(&recomputed) {
            let largest = kept.iter().fold(0.0f32, |max, value| max.max(value.abs()));
            assert!(largest > 0.0, "{path}");
            for (a, b) in kept.iter().zip(recomputed) {
                assert!((a - b).abs() <= 1e-4 * largest, "{path}: {a} and {b}");
            }
        }
    }
}

#[test]
fn a_model_that_cannot_be_trained_is_refused() {
    let config = config(true);
    let llama = Llama::new(&config, &device());
    for activations in [Activations::Keep, Activations::Recompute] {
        let refused = gradients(&llama, &config, activations, &device());
        assert!(
            matches!(refused, Err(TrainError::UntrackedLoss { step: 0 })),
            "{refused:?}"
        );
    }
}
