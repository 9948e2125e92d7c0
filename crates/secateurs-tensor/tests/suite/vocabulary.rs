//! `Sparsity`, `NmPattern`, `Pattern`, `Scope`.

use proptest::prelude::*;
use secateurs_tensor::{NmPattern, Pattern, Scope, Sparsity, TensorError};

#[test]
fn sparsity_lies_in_the_half_open_unit_interval() {
    for value in [0.0, 0.5, 0.999_999] {
        assert_eq!(Sparsity::new(value).unwrap().get(), value);
    }
    for value in [1.0, -1e-9, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(
            matches!(Sparsity::new(value), Err(TensorError::InvalidSparsity { .. })),
            "{value}"
        );
    }
    assert!(Sparsity::new(-0.0).unwrap().get().is_sign_positive());
}

#[test]
fn counts_floor_what_the_decimal_says() {
    let count = |s: f64, n: usize| Sparsity::new(s).unwrap().pruned_count(n);
    // 0.7 * 10, 0.29 * 100 and 0.57 * 100 fall below the integer in binary.
    assert_eq!((count(0.7, 10), count(0.29, 100), count(0.57, 100)), (7, 29, 57));
    assert_eq!(
        (count(0.5, 7), count(0.999, 10), count(0.9, 0), count(0.0, 5)),
        (3, 9, 0, 0)
    );
    assert_eq!(count(0.9, 1_000_000_007), 900_000_006);
    assert_eq!(count(1.0 - f64::EPSILON, 10), 10);
}

#[test]
fn sparsity_reads_fractions_and_percentages() {
    let read = |text: &str| text.parse::<Sparsity>();
    assert_eq!(read("0.5").unwrap(), read("50%").unwrap());
    assert_eq!(read(" 62.5 % ").unwrap().get(), 0.625);
    for text in ["", "%", "half", "100%", "1", "-1%", "nan", "2:4"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    assert_eq!(Sparsity::new(0.55).unwrap().to_string(), "55%");
    assert_eq!(Sparsity::new(0.0).unwrap().to_string(), "0%");
    assert_eq!(Sparsity::new(2.0 / 3.0).unwrap().to_string(), "66.666666667%");
}

#[test]
fn nm_keeps_one_to_all_of_a_group() {
    assert!(NmPattern::new(4, 4).is_ok());
    for (keep, group) in [(0, 4), (5, 4), (0, 0), (1, 0)] {
        assert!(
            matches!(NmPattern::new(keep, group), Err(TensorError::InvalidNm { .. })),
            "{keep}:{group}"
        );
    }
    let pattern: NmPattern = "1:4".parse().unwrap();
    assert_eq!((pattern.keep(), pattern.group(), pattern.sparsity()), (1, 4, 0.75));
    for text in ["", "2", "2:", ":4", "4:2", "2:4:8", "-2:4", "0:4", "2.0:4"] {
        assert!(text.parse::<NmPattern>().is_err(), "{text:?}");
    }
}

#[test]
fn nm_groups_must_tile_the_inputs() {
    let pattern = NmPattern::new(2, 4).unwrap();
    assert!(pattern.check(0).is_ok() && pattern.check(8).is_ok());
    let error = pattern.check(10).unwrap_err();
    assert!(
        matches!(error, TensorError::IndivisibleGroup { d_input: 10, group: 4 }),
        "{error}"
    );
}

#[test]
fn patterns_count_and_print() {
    let half: Pattern = "50%".parse().unwrap();
    let three_of_eight: Pattern = "3:8".parse().unwrap();
    assert_eq!(
        (half.to_string().as_str(), three_of_eight.to_string().as_str()),
        ("50%", "3:8")
    );
    assert_eq!(
        (half.pruned_count([3, 5]), three_of_eight.pruned_count([3, 16])),
        (7, 30)
    );
    assert_eq!(three_of_eight.sparsity(), 0.625);
}

#[test]
fn patterns_round_trip_and_refuse_what_is_invalid() {
    let read = |text: &str| serde_json::from_str::<Pattern>(text);
    for (json, pattern) in [("0.5", "50%"), ("\"2:4\"", "2:4"), ("0", "0"), ("\"50%\"", "0.5")] {
        let pattern: Pattern = pattern.parse().unwrap();
        assert_eq!(read(json).unwrap(), pattern);
        assert_eq!(read(&serde_json::to_string(&pattern).unwrap()).unwrap(), pattern);
    }
    for json in ["1.0", "1", "-0.5", "\"4:2\"", "\"x\"", "null", "[]", "{}"] {
        assert!(read(json).is_err(), "{json}");
    }
    assert!(read("1.5").unwrap_err().to_string().contains("[0, 1)"));
    assert!(serde_json::from_str::<Sparsity>("1.0").is_err());
    assert!(serde_json::from_str::<NmPattern>("\"5:4\"").is_err());
    assert_eq!(
        serde_json::to_string(&NmPattern::new(2, 4).unwrap()).unwrap(),
        "\"2:4\""
    );
}

#[test]
fn scopes_have_one_name_everywhere() {
    for (scope, name) in [
        (Scope::PerOutput, "per-output"),
        (Scope::PerLayer, "per-layer"),
        (Scope::Global, "global"),
    ] {
        assert_eq!(serde_json::to_string(&scope).unwrap(), format!("{name:?}"));
        assert_eq!(scope.to_string(), name);
        assert_eq!(name.parse::<Scope>().unwrap(), scope);
    }
    assert!("row".parse::<Scope>().is_err() && serde_json::from_str::<Scope>("\"row\"").is_err());
}

proptest! {
    #[test]
    fn counts_never_exceed_the_request(value in 0.0..1.0f64, n in 0usize..100_000_000) {
        let count = Sparsity::new(value).unwrap().pruned_count(n);
        prop_assert!(count as f64 <= n as f64 * value + 2e-6);
        prop_assert!(count as f64 + 1.0 > n as f64 * value - 1e-6);
    }

    #[test]
    fn sparsity_round_trips_exactly_through_serde(value in 0.0..1.0f64) {
        let sparsity = Sparsity::new(value).unwrap();
        let json = serde_json::to_string(&sparsity).unwrap();
        let back: Sparsity = serde_json::from_str(&json).unwrap();
        // The JSON reader may miss the last bit.
        prop_assert!((back.get() - value).abs() <= f64::EPSILON);
    }

    #[test]
    fn nm_round_trips_through_text(keep in 1usize..64, extra in 0usize..64) {
        let pattern = NmPattern::new(keep, keep + extra).unwrap();
        prop_assert_eq!(pattern.to_string().parse::<NmPattern>().unwrap(), pattern);
    }
}
