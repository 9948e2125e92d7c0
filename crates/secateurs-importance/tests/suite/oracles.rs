//! Scores against their formulas in f64.

use proptest::prelude::*;
use secateurs_importance::{Importance, LayerView, Magnitude, Random, Ria, Wanda};
use secateurs_tensor::{NonNegative, WeightMatrix};
use secateurs_testkit::{laws, naive};

use crate::widen;

proptest! {
    #[test]
    fn scores_are_their_formulas(
        weights in prop::collection::vec(prop_oneof![4 => -10.0_f32..10.0, 1 => Just(0.0_f32)], 24),
        norms in prop::collection::vec(prop_oneof![4 => 0.0_f32..100.0, 1 => Just(0.0_f32)], 6),
        power in 0.0_f64..2.0,
    ) {
        let weight = WeightMatrix::new(weights, [4, 6]).expect("the length fits");
        let layer = LayerView::of_weight("layer", &weight).with_input_norms(&norms);
        let (w, n) = (widen(weight.values()), widen(&norms));
        let score = |importance: &dyn Importance| widen(importance.score(&layer).expect("scored").values());
        laws::close(&score(&Magnitude), &naive::magnitude(&w), 0.0, 0.0);
        laws::close(&score(&Wanda), &naive::wanda(&w, &n), 1e-6, 0.0);
        let ria = score(&Ria { activation_power: NonNegative::new(power).expect("in range") });
        laws::close(&ria, &naive::ria(&w, &n, power), 1e-5, 1e-6);
    }

    #[test]
    fn random_scores_lie_in_the_unit_interval_and_ignore_weights(seed in any::<u64>(), value in -5.0_f32..5.0) {
        let [a, b] = [value, 1.0].map(|value| WeightMatrix::new(vec![value; 40], [5, 8]).expect("the length fits"));
        let random = Random::new(seed);
        let [a, b] = [&a, &b].map(|weight| random.score(&LayerView::of_weight("layer", weight)).expect("scored"));
        prop_assert_eq!(&a, &b);
        prop_assert!(a.values().iter().all(|score| (0.0..1.0).contains(score)));
    }
}

/// A mask from random scores has no structure that a seed or a path could show: every weight has the same chance.
#[test]
fn random_scores_are_fair() {
    let weight = WeightMatrix::new(vec![1.0; 64], [8, 8]).expect("the length fits");
    let mut sums = vec![0.0; 64];
    for seed in 0..2000 {
        let path = format!("layers.{}.weight", seed % 7);
        let scores = Random::new(seed)
            .score(&LayerView::of_weight(&path, &weight))
            .expect("scored");
        sums.iter_mut()
            .zip(scores.values())
            .for_each(|(sum, score)| *sum += f64::from(*score) / 2000.0);
    }
    // The standard deviation of such a mean is 0.0065.
    laws::close(&sums, &[0.5; 64], 0.06, 0.0);
}
