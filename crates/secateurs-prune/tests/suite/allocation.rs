//! Sparsities of blocks.

use proptest::prelude::*;
use secateurs_prune::{Allocation, PruneError, owl_sparsities};
use secateurs_tensor::{Pattern, Sparsity};

fn sparsity(value: f64) -> Sparsity {
    Sparsity::new(value).expect("a valid sparsity")
}

#[test]
fn owl_is_its_formula() {
    // r = 0.16 * [0, 1, 0.25], mean r = 0.0666..; density = r - mean r + 0.3.
    let got = owl_sparsities(&[0.02, 0.06, 0.03], sparsity(0.7), 0.08).expect("valid");
    let mean_ratio = 0.16 * 1.25 / 3.0;
    for (got, ratio) in got.iter().zip([0.0, 0.16, 0.04]) {
        assert!((got.get() - (0.7 - (ratio - mean_ratio))).abs() < 1e-12);
    }
}

#[test]
fn equal_blocks_get_the_mean() {
    assert_eq!(
        owl_sparsities(&[0.1; 4], sparsity(0.6), 0.08).expect("valid"),
        vec![sparsity(0.6); 4]
    );
    assert_eq!(
        owl_sparsities(&[0.1, 0.2], sparsity(0.0), 0.08).expect("valid"),
        vec![sparsity(0.0); 2]
    );
}

#[test]
fn bad_allocations_are_refused() {
    let half = Pattern::Unstructured(sparsity(0.5));
    let by_hand = Allocation::PerBlock(vec![sparsity(0.5); 3]);
    assert!(matches!(
        by_hand.patterns(half, 4),
        Err(PruneError::AllocationCount { expected: 4, got: 3 })
    ));
    let groups: Pattern = "2:4".parse().expect("valid");
    assert!(matches!(
        by_hand.patterns(groups, 3),
        Err(PruneError::FixedPattern { .. })
    ));
    assert_eq!(Allocation::Uniform.patterns(groups, 2).expect("valid"), [groups; 2]);
    let owl = |fractions: Vec<f64>, lambda| Allocation::Owl { fractions, lambda }.patterns(half, 2);
    assert!(matches!(
        owl(vec![0.1, 1.5], 0.1),
        Err(PruneError::BadOutlierFraction { block: 1, .. })
    ));
    assert!(matches!(
        owl(vec![0.1, f64::NAN], 0.1),
        Err(PruneError::BadOutlierFraction { block: 1, .. })
    ));
    assert!(matches!(owl(vec![0.1, 0.2], -0.1), Err(PruneError::BadSetting { .. })));
    assert!(matches!(
        owl(vec![0.1; 3], 0.1),
        Err(PruneError::AllocationCount { expected: 2, got: 3 })
    ));
}

proptest! {
    /// The mean holds even where blocks are clamped, and more outliers never mean more sparsity.
    #[test]
    fn owl_keeps_the_mean(
        fractions in prop::collection::vec(0.0_f64..1.0, 1..40),
        mean in 0.01_f64..0.99,
        lambda in 0.0_f64..0.6,
    ) {
        let sparsities = owl_sparsities(&fractions, sparsity(mean), lambda).expect("valid");
        let got = sparsities.iter().map(|s| s.get()).sum::<f64>() / sparsities.len() as f64;
        prop_assert!((got - mean).abs() < 1e-9, "mean {got}, wanted {mean}");
        for (a, b) in sparsities.iter().zip(&fractions).flat_map(|a| sparsities.iter().zip(&fractions).map(move |b| (a, b))) {
            prop_assert!(a.0.get() >= 0.01 - 1e-12 && a.0.get() <= 0.99 + 1e-12);
            prop_assert!(a.1 > b.1 || a.0.get() >= b.0.get() - 1e-12);
        }
    }
}
