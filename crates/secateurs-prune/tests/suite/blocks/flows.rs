//! Blocks that hand on more than one tensor.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use secateurs_importance::WandaPlusPlus;
use secateurs_prune::{BlockPlan, Flow, LayerMethod, MaskOnly, SparseGpt, prune_blocks};
use secateurs_tensor::{KeepMask, Observer, PathRules, Scope, read_weights};
use secateurs_testkit::laws;

use super::{Block, Blocks, pattern, tensor};

/// Reads a sequence and a summary of it, and changes both.
#[derive(Module, Debug)]
struct TwoStreams {
    tokens: Linear,
    summary: Linear,
}

impl Block for TwoStreams {
    type Flow = (Tensor<3>, Tensor<2>);

    fn run(&self, input: Self::Flow, observer: &mut dyn Observer) -> Self::Flow {
        let (tokens, summary) = input;
        let [batch, n_tokens, width] = tokens.dims();
        observer.observe(&["tokens.weight"], &tokens.clone().reshape([batch * n_tokens, width]));
        observer.observe(&["summary.weight"], &summary);
        let summary = self.summary.forward(summary);
        let shift = summary.clone().reshape([batch, 1, width]);
        (self.tokens.forward(tokens) + shift, summary)
    }
}

fn store() -> Blocks<TwoStreams> {
    let device = secateurs_testkit::device();
    let linear = || LinearConfig::new(8, 8).init(&device);
    let block = || TwoStreams {
        tokens: linear(),
        summary: linear(),
    };
    Blocks(vec![block(), block()])
}

fn inputs() -> Vec<(Tensor<3>, Tensor<2>)> {
    let device = secateurs_testkit::device();
    let flow = |seed| (tensor(seed, [2, 9, 8], &device), tensor(seed + 40, [2, 8], &device));
    (0..10).map(flow).collect()
}

#[test]
fn a_pair_of_tensors_flows_through_the_driver() {
    let by_score = MaskOnly::new(WandaPlusPlus::default(), Scope::PerOutput);
    for method in [&SparseGpt::default() as &dyn LayerMethod, &by_score] {
        let mut store = store();
        let (patterns, rules) = ([pattern("50%"); 2], PathRules::default());
        let plan = BlockPlan::new(method, &patterns, &rules);
        let report = prune_blocks(&mut store, inputs(), &plan, &mut |_| {}).expect("pruned");
        assert_eq!(
            (report.layers.len(), report.sparsity()),
            (4, 0.5),
            "{}",
            LayerMethod::name(method)
        );
        for (_, weight) in store.0.iter().flat_map(|block| read_weights(block, &rules)) {
            laws::prunes_exactly(KeepMask::of_nonzeros(&weight).as_slice(), 32);
        }
    }
}

/// The mean square of a pair is the mean over all its values, so that neither tensor counts by its share of tensors.
#[test]
fn a_pair_is_measured_as_one_tensor_of_all_values() {
    let device = secateurs_testkit::device();
    let pair = (
        Tensor::<1>::from_data([1.0, 2.0, 3.0], &device),
        Tensor::<2>::from_data([[4.0]], &device),
    );
    let square: f32 = pair.clone().mean_square().into_scalar();
    assert_eq!((square, pair.n_values()), (7.5, 4));
    let difference: f32 = pair.clone().minus(pair).mean_square().into_scalar();
    assert_eq!(difference, 0.0);
}

#[test]
fn pairs_join_sample_by_sample() {
    let device = secateurs_testkit::device();
    let part = |n: usize, width: usize| {
        (
            Tensor::<3>::ones([n, 4, width], &device),
            Tensor::<2>::ones([n, 2], &device),
        )
    };
    assert!(part(1, 3).can_join(&part(5, 3)));
    assert!(!part(1, 3).can_join(&part(1, 2)));
    let (first, second) = Flow::join(&[part(1, 3), part(2, 3)]);
    assert_eq!((first.dims(), second.dims()), ([3, 4, 3], [3, 2]));
}
