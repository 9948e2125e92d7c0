//! Gradients collected from burn.

use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Distribution, Tensor};
use secateurs_importance::{
    Fisher, GradientCollector, GradientStats, ImportanceError, ModulePlan, ModuleStatistics, Taylor, prune_module_with,
    score_module,
};
use secateurs_tensor::{PathRules, Scope, WeightMatrix};
use secateurs_testkit::laws;

use crate::widen;

fn loss(linear: &Linear, inputs: &Tensor<2>) -> Tensor<1> {
    linear.forward(inputs.clone()).powi_scalar(2).sum()
}

fn samples(n: usize) -> Vec<Tensor<2>> {
    let device = secateurs_testkit::device().autodiff();
    (0..n)
        .map(|_| Tensor::random([3, 6], Distribution::Default, &device))
        .collect()
}

fn collect(linear: &Linear, samples: &[Tensor<2>]) -> GradientCollector {
    let mut collector = GradientCollector::new(PathRules::default());
    for inputs in samples {
        let gradients = GradientsParams::from_grads(loss(linear, inputs).backward(), linear);
        collector.observe(linear, &gradients).expect("finite gradients");
    }
    collector
}

/// For a quadratic loss the first two terms of the Taylor series are the whole change; here one weight is removed and
/// the loss measured, and the first-order score must match up to the second-order term, which is known.
#[test]
fn taylor_is_the_change_of_the_loss() {
    let device = secateurs_testkit::device().autodiff();
    let linear = LinearConfig::new(6, 4).with_bias(false).init(&device);
    let samples = samples(1);
    let statistics = ModuleStatistics {
        gradients: collect(&linear, &samples).into_stats(),
        ..ModuleStatistics::default()
    };
    let scores = score_module(&linear, &Taylor::default(), &PathRules::default(), &statistics).expect("scored");
    let weight = WeightMatrix::from_linear(&linear.weight.val());
    let before: f32 = loss(&linear, &samples[0]).into_scalar();
    let inputs: Vec<f32> = samples[0].clone().try_into_vec_as::<f32>().expect("readable");
    for (index, value) in weight.values().iter().enumerate() {
        let mut without = weight.clone();
        without.values_mut()[index] = 0.0;
        let mut changed = linear.clone();
        changed.weight = changed.weight.map(|_| without.clone().into_linear(&device));
        let after: f32 = loss(&changed, &samples[0]).into_scalar();
        let energy: f32 = inputs.iter().skip(index % 6).step_by(6).map(|x| x * x).sum();
        let first_order = after - before - value * value * energy;
        laws::close(
            &[f64::from(scores[0].1.values()[index])],
            &[f64::from(first_order.abs())],
            1e-3,
            0.1,
        );
    }
}

#[test]
fn fisher_is_half_the_mean_square_gradient_times_the_square() {
    let device = secateurs_testkit::device().autodiff();
    let linear = LinearConfig::new(6, 4).init(&device);
    let samples = samples(5);
    let each: Vec<Vec<f32>> = samples
        .iter()
        .map(|inputs| {
            let gradient = linear
                .weight
                .val()
                .grad(&loss(&linear, inputs).backward())
                .expect("tracked");
            WeightMatrix::from_linear(&gradient).into_values()
        })
        .collect();
    let statistics = ModuleStatistics {
        gradients: collect(&linear, &samples).into_stats(),
        ..ModuleStatistics::default()
    };
    let scores = score_module(&linear, &Fisher, &PathRules::default(), &statistics).expect("scored");
    let weight = WeightMatrix::from_linear(&linear.weight.val());
    let expected: Vec<f64> = widen(weight.values())
        .iter()
        .enumerate()
        .map(|(i, w)| 0.5 * w * w * each.iter().map(|g| f64::from(g[i]).powi(2)).sum::<f64>() / 5.0)
        .collect();
    laws::close(&widen(scores[0].1.values()), &expected, 1e-4, 1e-3);
    let rules = PathRules::default();
    let pattern = "50%".parse().expect("valid");
    let plan = ModulePlan {
        importance: &Fisher,
        pattern,
        scope: Scope::PerLayer,
        rules: &rules,
    };
    let (_, _, report) = prune_module_with(linear, &plan, &statistics).expect("pruned");
    assert_eq!(report.sparsity(), 0.5);
}

#[test]
fn merged_collectors_are_one_collector() {
    let device = secateurs_testkit::device().autodiff();
    let linear = LinearConfig::new(6, 4).init(&device);
    let samples = samples(5);
    let whole = collect(&linear, &samples);
    let mut parts = collect(&linear, &samples[..2]);
    parts.merge(&collect(&linear, &samples[2..])).expect("the same layers");
    let [whole, parts] =
        [whole.into_stats(), parts.into_stats()].map(|mut stats| stats.remove("weight").expect("seen"));
    assert_eq!(parts.n_samples(), 5);
    laws::close(&widen(parts.mean()), &widen(whole.mean()), 1e-5, 1e-2);
    laws::close(&widen(parts.mean_absolute()), &widen(whole.mean_absolute()), 1e-5, 1e-2);
    laws::close(&widen(parts.mean_square()), &widen(whole.mean_square()), 1e-5, 1e-2);
}

#[test]
fn a_gradient_that_is_not_finite_leaves_the_means() {
    let mut stats = GradientStats::new([1, 2]);
    stats
        .observe("a", &WeightMatrix::new(vec![1.0, 2.0], [1, 2]).expect("fits"))
        .expect("finite");
    let before = stats.clone();
    let outcome = stats.observe("a", &WeightMatrix::new(vec![1.0, f32::NAN], [1, 2]).expect("fits"));
    assert!(matches!(
        outcome,
        Err(ImportanceError::NonFiniteGradient {
            output: 0,
            input: 1,
            ..
        })
    ));
    assert_eq!(stats, before);
}
