//! Scores made of gradients: the driver's masks are those of the formulas, with gradients by differences in f64.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use secateurs_importance::{
    Fisher, GradientCollector, GradientStats, Importance, Taylor, TaylorGradient, WandaPlusPlus,
};
use secateurs_prune::{BlockPlan, MaskOnly, PruneError, prune_blocks};
use secateurs_tensor::{NonNegative, PathRules, Scope};
use secateurs_testkit::naive;

use super::perceptrons::{HIDDEN, Loops, Part, Perceptron, WIDTH, survivors};
use super::{Block, Blocks, pattern, uniforms, widen};

const N_SAMPLES: usize = 5;
const N_TOKENS: usize = 4;
const STEP: f64 = 1e-5;

/// The whole model, whose paths are those of the driver.
#[derive(Module, Debug)]
struct Model {
    blocks: Vec<Perceptron>,
}

impl Model {
    fn new(device: &Device) -> Self {
        Self {
            blocks: vec![Perceptron::new(1, device), Perceptron::new(5, device)],
        }
    }

    fn loops(&self) -> Vec<Loops> {
        self.blocks.iter().map(Loops::of).collect()
    }
}

/// Samples of different sizes, so that a mean over samples is not one over tokens.
fn samples() -> Vec<Vec<f32>> {
    let scaled = |sample: usize| {
        let values = uniforms(100 + sample as u64, N_TOKENS * WIDTH);
        values.iter().map(|value| value * (1.0 + sample as f32)).collect()
    };
    (0..N_SAMPLES).map(scaled).collect()
}

fn flows(device: &Device) -> Vec<Tensor<2>> {
    let flow = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), device).reshape([N_TOKENS, WIDTH]);
    samples().into_iter().map(flow).collect()
}

fn wide_samples() -> Vec<Vec<f64>> {
    samples().iter().map(|sample| widen(sample)).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The loss of the model on one sample: the mean of the outputs, plus half of their squares.
fn naive_loss(blocks: &[Loops], sample: &[f64]) -> f64 {
    let output = blocks.iter().fold(sample.to_vec(), |flow, block| block.forward(&flow));
    output.iter().map(|value| value + 0.5 * value * value).sum::<f64>() / output.len() as f64
}

fn model_gradients(model: &Model) -> BTreeMap<String, GradientStats> {
    let mut collector = GradientCollector::new(PathRules::default());
    for flow in flows(&secateurs_testkit::device().autodiff()) {
        let output = model.blocks.iter().fold(flow, |flow, block| block.run(flow, &mut ()));
        let loss = (output.clone() + output.powi_scalar(2) * 0.5).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), model);
        collector.observe(model, &gradients).expect("finite gradients");
    }
    collector.into_stats()
}

/// Gradients of the model's loss for one linear, a sample each.
fn naive_model_gradients(blocks: &[Loops], block: usize, part: Part) -> Vec<Vec<f64>> {
    let of_sample = |sample: &Vec<f64>| {
        let loss = |weights: &[f64]| {
            let mut changed = blocks.to_vec();
            changed[block] = changed[block].with(part, weights);
            naive_loss(&changed, sample)
        };
        naive::gradient(loss, blocks[block].part(part), STEP)
    };
    wide_samples().iter().map(of_sample).collect()
}

/// Prunes the model by a score and returns it.
fn pruned(importance: impl Importance + 'static, scope: Scope, model: Model) -> Blocks<Perceptron> {
    let gradients = model_gradients(&Model::new(&secateurs_testkit::device().autodiff()));
    let mut store = Blocks(model.blocks);
    let (method, rules) = (MaskOnly::new(importance, scope), PathRules::default());
    let patterns = [pattern("50%"); 2];
    let plan = BlockPlan {
        model_gradients: Some(&gradients),
        ..BlockPlan::new(&method, &patterns, &rules)
    };
    let inputs = flows(&secateurs_testkit::device());
    let report = prune_blocks(&mut store, inputs, &plan, &mut |_| {}).expect("pruned");
    assert_eq!(report.sparsity(), 0.5);
    store
}

/// Compares the masks of a score of the model's gradients with those of its formula, and shows that `wrong`, a formula near
/// by, would not pass.
fn check_model_score(
    importance: impl Importance + 'static,
    right: impl Fn(&[f64], &[Vec<f64>]) -> Vec<f64>,
    wrong: impl Fn(&[f64], &[Vec<f64>]) -> Vec<f64>,
) {
    let model = Model::new(&secateurs_testkit::device());
    let blocks = model.loops();
    let store = pruned(importance, Scope::PerLayer, model);
    let mut n_told_apart = 0;
    for (index, part) in [0, 1]
        .into_iter()
        .flat_map(|index| Part::BOTH.map(|part| (index, part)))
    {
        let gradients = naive_model_gradients(&blocks, index, part);
        let weight = blocks[index].part(part);
        let keep = |scores: Vec<f64>| naive::keep_largest(&scores, weight.len() / 2);
        let expected = keep(right(weight, &gradients));
        assert_eq!(survivors(&store.0[index], part), expected, "block {index}, {part:?}");
        n_told_apart += usize::from(keep(wrong(weight, &gradients)) != expected);
    }
    assert!(n_told_apart > 0, "the wrong formula gives the same masks");
}

fn absolute(samples: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let absolute = |sample: &Vec<f64>| sample.iter().map(|value| value.abs()).collect();
    samples.iter().map(absolute).collect()
}

/// `|W|` times the mean absolute gradient, by the oracle of the mean.
fn taylor_absolute(weight: &[f64], samples: &[Vec<f64>]) -> Vec<f64> {
    naive::taylor(weight, &absolute(samples))
}

#[test]
fn taylor_prunes_what_its_formula_says() {
    check_model_score(Taylor::default(), naive::taylor, taylor_absolute);
    let absolute = Taylor {
        gradient: TaylorGradient::MeanAbsolute,
    };
    check_model_score(absolute, taylor_absolute, naive::taylor);
}

#[test]
fn fisher_prunes_what_its_formula_says() {
    // The square of the mean instead of the mean of the squares; then the weight not squared.
    check_model_score(Fisher, naive::fisher, naive::taylor);
    check_model_score(Fisher, naive::fisher, |weight, samples| {
        let roots: Vec<f64> = weight.iter().map(|value| value.abs().sqrt()).collect();
        naive::fisher(&roots, samples)
    });
}

const ALPHA: f64 = 3.0;

/// Regional gradients of `||block(X_n)||` for one linear, a sample each.
fn naive_regional(block: &Loops, part: Part, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let of_sample = |sample: &Vec<f64>| {
        let loss = |weights: &[f64]| norm(&block.with(part, weights).forward(sample));
        naive::gradient(loss, block.part(part), STEP)
    };
    inputs.iter().map(of_sample).collect()
}

/// The masks of Wanda++ for one block: `alpha` and `factor`, which multiplies the squared gradients.
fn naive_wanda_plus_plus(block: &Loops, part: Part, inputs: &[Vec<f64>], factor: f64) -> Vec<bool> {
    let read: Vec<f64> = match part {
        Part::Up => inputs.concat(),
        Part::Down => inputs.iter().flat_map(|sample| block.hidden(sample)).collect(),
    };
    let norms = naive::l2_norms(&read, part.d_input());
    let alpha = ALPHA * factor.sqrt();
    let scores = naive::wanda_plus_plus(block.part(part), &norms, &naive_regional(block, part, inputs), alpha);
    naive::keep_per_output(&scores, part.d_input(), part.d_input() / 2)
}

/// The second block reads what the pruned first one produces, and so do its gradients.
#[test]
fn wanda_plus_plus_prunes_what_its_formula_says() {
    let model = Model::new(&secateurs_testkit::device());
    let blocks = model.loops();
    let alpha = NonNegative::new(ALPHA).expect("in range");
    let store = pruned(WandaPlusPlus { alpha }, Scope::PerOutput, model);
    let mut inputs = wide_samples();
    // A factor of two in the gradient, a sum over samples for the mean, and no gradient at all.
    let mut n_told_apart = [0; 3];
    for (index, block) in blocks.iter().enumerate() {
        let mut after = block.clone();
        for part in Part::BOTH {
            let expected = naive_wanda_plus_plus(block, part, &inputs, 1.0);
            assert_eq!(survivors(&store.0[index], part), expected, "block {index}, {part:?}");
            for (count, factor) in n_told_apart.iter_mut().zip([4.0, N_SAMPLES as f64, 0.0]) {
                *count += usize::from(naive_wanda_plus_plus(block, part, &inputs, factor) != expected);
            }
            let kept = block.part(part).iter().zip(&expected);
            let weights: Vec<f64> = kept.map(|(value, keep)| if *keep { *value } else { 0.0 }).collect();
            after = after.with(part, &weights);
        }
        inputs = inputs.iter().map(|sample| after.forward(sample)).collect();
    }
    assert!(n_told_apart.iter().all(|count| *count > 0), "{n_told_apart:?}");
}

#[test]
fn a_missing_gradient_names_the_layer_and_the_method() {
    let device = secateurs_testkit::device();
    let mut some = model_gradients(&Model::new(&device.clone().autodiff()));
    some.remove("blocks.1.down.weight").expect("it was collected");
    let (method, rules) = (MaskOnly::new(Taylor::default(), Scope::PerLayer), PathRules::default());
    let patterns = [pattern("50%"); 2];
    // Layers are pruned in the order of their paths.
    for (gradients, missing) in [(None, "blocks.0.down.weight"), (Some(&some), "blocks.1.down.weight")] {
        let plan = BlockPlan {
            model_gradients: gradients,
            ..BlockPlan::new(&method, &patterns, &rules)
        };
        let mut store = Blocks(Model::new(&device).blocks);
        let error = prune_blocks(&mut store, flows(&device), &plan, &mut |_| {}).expect_err("a gradient is missing");
        assert!(
            matches!(&error, PruneError::NoGradients { path, method } if path == missing && method == "taylor"),
            "{error}"
        );
    }
}

/// A block whose second linear does not reach its output.
#[derive(Module, Debug)]
struct Idle {
    used: Perceptron,
    idle: burn::nn::Linear,
}

impl Block for Idle {
    type Flow = Tensor<2>;

    fn run(&self, input: Tensor<2>, observer: &mut dyn secateurs_tensor::Observer) -> Tensor<2> {
        observer.observe(&["idle.weight", "used.up.weight"], &input);
        observer.observe(&["used.down.weight"], &self.used.up.forward(input.clone()));
        self.used.run(input, &mut ())
    }
}

#[test]
fn a_weight_that_the_output_does_not_depend_on_has_no_regional_gradient() {
    let device = secateurs_testkit::device();
    let mut store = Blocks(vec![Idle {
        used: Perceptron::new(1, &device),
        idle: burn::nn::LinearConfig::new(WIDTH, HIDDEN).init(&device),
    }]);
    let (method, rules) = (
        MaskOnly::new(WandaPlusPlus::default(), Scope::PerOutput),
        PathRules::default(),
    );
    let patterns = [pattern("50%")];
    let plan = BlockPlan::new(&method, &patterns, &rules);
    let error = prune_blocks(&mut store, flows(&device), &plan, &mut |_| {}).expect_err("no gradient");
    assert!(
        matches!(&error, PruneError::NoGradients { path, .. } if path == "blocks.0.idle.weight"),
        "{error}"
    );
}

/// The norm has no gradient at zero; the scores are then Wanda's, which are zero too, and ties go by index.
#[test]
fn an_output_of_zeros_has_a_gradient_of_zeros() {
    let device = secateurs_testkit::device();
    let mut store = Blocks(vec![Perceptron::new(1, &device)]);
    let (method, rules) = (
        MaskOnly::new(WandaPlusPlus::default(), Scope::PerOutput),
        PathRules::default(),
    );
    let patterns = [pattern("50%")];
    let plan = BlockPlan::new(&method, &patterns, &rules);
    let zeros = vec![Tensor::zeros([N_TOKENS, WIDTH], &device)];
    let report = prune_blocks(&mut store, zeros, &plan, &mut |_| {}).expect("pruned");
    assert_eq!(report.sparsity(), 0.5);
    let keep = survivors(&store.0[0], Part::Up);
    assert_eq!(keep[..WIDTH], [false, false, false, true, true, true]);
}
