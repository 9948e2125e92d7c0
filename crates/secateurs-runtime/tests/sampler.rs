//! Choosing tokens.

use secateurs_runtime::{RuntimeError, Sampler, Sampling};

fn sampler(sampling: Sampling) -> Sampler {
    Sampler::new(sampling).expect("settings in range")
}

/// How often each of the tokens is chosen.
fn shares(sampling: Sampling, logits: &[f32], n: usize) -> Vec<f64> {
    let mut sampler = sampler(sampling);
    let mut counts = vec![0; logits.len()];
    for _ in 0..n {
        counts[sampler.choose(logits).expect("finite logits") as usize] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / n as f64).collect()
}

const N: usize = 40_000;

/// Four standard deviations of a share of `N` choices.
const BOUND: f64 = 0.01;

fn assert_shares(sampling: Sampling, logits: &[f32], expected: &[f64]) {
    for (got, expected) in shares(sampling, logits, N).iter().zip(expected) {
        assert!((got - expected).abs() < BOUND, "{got} is not {expected}");
        assert!(*expected > 0.0 || *got == 0.0);
    }
}

/// Logits of the probabilities 0.1, 0.4, 0.2, 0.3.
fn logits() -> Vec<f32> {
    [0.1f32, 0.4, 0.2, 0.3].map(f32::ln).to_vec()
}

#[test]
fn zero_temperature_takes_the_lowest_of_the_most_likely() {
    let mut sampler = sampler(Sampling::default());
    assert_eq!(sampler.choose(&[1.0, 3.0, 3.0, 2.0]).expect("finite"), 1);
    assert_eq!(sampler.choose(&[-5.0]).expect("finite"), 0);
}

#[test]
fn choices_follow_the_probabilities() {
    let warm = Sampling {
        temperature: 1.0,
        seed: 7,
        ..Sampling::default()
    };
    assert_shares(warm, &logits(), &[0.1, 0.4, 0.2, 0.3]);
    // Halving the temperature squares the probabilities: 1, 16, 4, 9 of 30.
    let cool = Sampling {
        temperature: 0.5,
        ..warm
    };
    assert_shares(cool, &logits(), &[1.0 / 30.0, 16.0 / 30.0, 4.0 / 30.0, 9.0 / 30.0]);
    let two = Sampling { top_k: 2, ..warm };
    assert_shares(two, &logits(), &[0.0, 4.0 / 7.0, 0.0, 3.0 / 7.0]);
    let all = Sampling { top_k: 4, ..warm };
    assert_shares(all, &logits(), &[0.1, 0.4, 0.2, 0.3]);
    // 0.4 + 0.3 does not reach 0.75, with 0.2 it does.
    let most = Sampling { top_p: 0.75, ..warm };
    assert_shares(most, &logits(), &[0.0, 4.0 / 9.0, 2.0 / 9.0, 3.0 / 9.0]);
    let one = Sampling { top_p: 0.3, ..warm };
    assert_shares(one, &logits(), &[0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn bad_settings_and_logits_are_refused() {
    let refused = |sampling| assert!(matches!(Sampler::new(sampling), Err(RuntimeError::Sampling { .. })));
    for temperature in [-1.0, f64::NAN, f64::INFINITY] {
        refused(Sampling {
            temperature,
            ..Sampling::default()
        });
    }
    for top_p in [0.0, -0.1, 1.1, f64::NAN] {
        refused(Sampling {
            top_p,
            ..Sampling::default()
        });
    }
    let broken = sampler(Sampling::default()).choose(&[0.0, f32::NAN]);
    assert!(matches!(broken, Err(RuntimeError::LogitNotFinite { token: 1, .. })));
}
