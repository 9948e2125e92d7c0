//! `ActivationStats`, `GramAccumulator`, `Observer`.

use burn::tensor::{DType, Tensor};
use proptest::prelude::*;
use secateurs_tensor::{ActivationStats, GramAccumulator, Observer, TensorError};
use secateurs_testkit::{device, laws, naive};

use crate::{Mixer, as_f64, tensor};

/// Relative to the product of the inputs' norms, which bounds every entry.
const F32_PRODUCT: f64 = 2e-6;

fn observed(values: &[f32], d_input: usize) -> GramAccumulator {
    let mut gram = GramAccumulator::new(d_input);
    gram.observe(&tensor(values, [values.len() / d_input, d_input], &device()))
        .unwrap();
    gram
}

/// Entry `[i, j]` may err by `F32_PRODUCT * ||X_i|| * ||X_j||`.
fn check_gram(gram: &[f64], values: &[f32], d_input: usize) {
    let inputs = as_f64(values);
    let expected = naive::gram(&inputs, d_input);
    let norms = naive::l2_norms(&inputs, d_input);
    for (index, (got, expected)) in gram.iter().zip(&expected).enumerate() {
        let bound = F32_PRODUCT * norms[index / d_input] * norms[index % d_input];
        assert!(
            (got - expected).abs() <= bound,
            "entry {index}: {got} against {expected}, bound {bound}"
        );
    }
    laws::symmetric(gram, d_input);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn gram_matches_its_formula(n_tokens in 1usize..90, d_input in 1usize..40, seed in any::<u64>()) {
        let values = Mixer(seed).uniforms(n_tokens * d_input);
        let gram = observed(&values, d_input);
        check_gram(gram.gram(), &values, d_input);
        prop_assert_eq!((gram.n_tokens(), gram.d_input()), (n_tokens, d_input));
    }

    #[test]
    fn halves_merge_to_the_whole(n_tokens in 2usize..200, split in 0.0..1.0f64, seed in any::<u64>()) {
        let d_input = 17;
        let values = Mixer(seed).uniforms(n_tokens * d_input);
        let (first, second) = values.split_at((split * n_tokens as f64) as usize * d_input);
        let mut merged = observed(first, d_input);
        merged.merge(&observed(second, d_input)).unwrap();
        let whole = observed(&values, d_input);
        prop_assert_eq!(merged.n_tokens(), n_tokens);
        laws::symmetric(merged.gram(), d_input);
        // Entries are sums of up to 200 products below 1.
        laws::close(merged.gram(), whole.gram(), 1e-6, n_tokens as f64);
    }

    #[test]
    fn norms_and_means_match_their_formulas(n_tokens in 1usize..600, d_input in 1usize..20, seed in any::<u64>()) {
        let values = Mixer(seed).uniforms(n_tokens * d_input);
        let mut stats = ActivationStats::new(d_input);
        stats.observe(&tensor(&values, [n_tokens, d_input], &device())).unwrap();
        let inputs = as_f64(&values);
        laws::close(&as_f64(&stats.l2_norms()), &naive::l2_norms(&inputs, d_input), 1e-7, 0.0);
        laws::close(&as_f64(&stats.mean()), &naive::mean(&inputs, d_input), 1e-7, 1e-6);
        laws::close(&as_f64(&observed(&values, d_input).l2_norms()), &naive::l2_norms(&inputs, d_input), 1e-6, 0.0);
    }
}

#[test]
fn wide_inputs_are_computed_in_panels() {
    // Neither the tokens (two chunks) nor the inputs (three panels, mirrored in halves) divide evenly.
    let (n_tokens, d_input) = (1030, 389);
    let values = Mixer(7).uniforms(n_tokens * d_input);
    check_gram(observed(&values, d_input).gram(), &values, d_input);
}

#[test]
fn long_streams_keep_f64_sums() {
    // In f32 the sum would stop growing at 2^24.
    let mut gram = GramAccumulator::new(1);
    let mut stats = ActivationStats::new(1);
    let inputs = Tensor::<2>::ones([1 << 16, 1], &device());
    for _ in 0..300 {
        gram.observe(&inputs).unwrap();
        stats.observe(&inputs).unwrap();
    }
    let n_tokens = 300 << 16;
    assert_eq!(gram.gram(), [f64::from(n_tokens)]);
    assert_eq!(stats.l2_norms(), [f64::from(n_tokens).sqrt() as f32]);
    assert_eq!(
        (gram.n_tokens(), stats.n_tokens()),
        (n_tokens as usize, n_tokens as usize)
    );
}

#[test]
fn squares_beyond_f32_do_not_overflow() {
    let values = [3e20f32, 1.0, -4e20, 2.0];
    let gram = observed(&values, 2);
    laws::close(gram.gram(), &naive::gram(&as_f64(&values), 2), 1e-14, 0.0);
    laws::close(&as_f64(&gram.l2_norms()), &[5e20, 5f64.sqrt()], 1e-6, 0.0);
}

#[test]
fn non_finite_activations_change_nothing() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut gram = observed(&[1.0, 2.0, 3.0, 4.0], 2);
        let mut stats = ActivationStats::new(2);
        let (gram_before, stats_before) = (gram.clone(), stats.clone());
        let inputs = tensor(&[1.0, 2.0, 3.0, bad, bad, 0.0], [3, 2], &device());
        for error in [gram.observe(&inputs).unwrap_err(), stats.observe(&inputs).unwrap_err()] {
            assert!(
                matches!(error, TensorError::NonFiniteActivation { token: 1, input: 1, .. }),
                "{error}"
            );
        }
        assert_eq!((gram, stats), (gram_before, stats_before));
    }
}

#[test]
fn widths_must_agree() {
    let inputs = Tensor::<2>::ones([4, 3], &device());
    let mut gram = GramAccumulator::new(2);
    let mut stats = ActivationStats::new(2);
    for result in [
        gram.observe(&inputs),
        gram.merge(&GramAccumulator::new(3)),
        stats.observe(&inputs),
        stats.merge(&ActivationStats::new(3)),
    ] {
        assert!(matches!(
            result,
            Err(TensorError::InputMismatch { expected: 2, got: 3 })
        ));
    }
}

#[test]
fn nothing_observed_is_zero() {
    let mut stats = ActivationStats::new(2);
    assert_eq!(
        (stats.mean(), stats.l2_norms(), stats.n_tokens()),
        (vec![0.0; 2], vec![0.0; 2], 0)
    );
    let half = ActivationStats::new(2);
    stats.merge(&half).unwrap();
    assert_eq!(GramAccumulator::new(2).l2_norms(), [0.0; 2]);
    assert!(GramAccumulator::new(0).l2_norms().is_empty());
}

#[test]
fn statistics_merge_like_one_stream() {
    let values = Mixer(5).uniforms(50 * 4);
    let mut whole = ActivationStats::new(4);
    whole.observe(&tensor(&values, [50, 4], &device())).unwrap();
    let mut parts = ActivationStats::new(4);
    for part in values.chunks(20 * 4) {
        let mut one = ActivationStats::new(4);
        one.observe(&tensor(part, [part.len() / 4, 4], &device())).unwrap();
        parts.merge(&one).unwrap();
    }
    assert_eq!(parts.n_tokens(), 50);
    laws::close(&as_f64(&parts.l2_norms()), &as_f64(&whole.l2_norms()), 1e-6, 0.0);
}

#[test]
fn half_precision_and_autodiff_activations_are_observed() {
    let values = [1.0, 2.0, -3.0, 0.5];
    let expected = observed(&values, 2);
    let tracked = tensor(&values, [2, 2], &device().autodiff()).require_grad();
    let half = tensor(&values, [2, 2], &device()).cast(DType::F16);
    for inputs in [tracked, half] {
        let mut gram = GramAccumulator::new(2);
        gram.observe(&inputs).unwrap();
        assert_eq!(gram, expected);
    }
}

/// Counts calls and tokens.
#[derive(Default)]
struct Counter {
    calls: Vec<(Vec<String>, usize)>,
}

impl Observer for Counter {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        self.calls
            .push((paths.iter().map(|path| (*path).to_owned()).collect(), inputs.dims()[0]));
    }
}

#[test]
fn observers_are_object_safe() {
    let inputs = Tensor::<2>::ones([3, 2], &device());
    let mut counter = Counter::default();
    let mut ignore = ();
    let observers: [&mut dyn Observer; 2] = [&mut counter, &mut ignore];
    for observer in observers {
        observer.observe(&["q_proj.weight", "k_proj.weight"], &inputs);
    }
    assert_eq!(
        counter.calls,
        [(vec!["q_proj.weight".to_owned(), "k_proj.weight".to_owned()], 3)]
    );
}
