//! What pruning of students keeps, and what it leaves of the function.

mod student;

use secateurs_moe_theory::{Merging, Mixture, Pruning, Selection, Target, loss, merge_and_drop, prune};
use student::{mixture, naive_value, numbers, together};

#[test]
fn a_pursuit_finds_planted_experts() {
    let (teacher, others) = (Mixture::teacher(3, 20, 1).unwrap(), Mixture::student(4, 20, 2).unwrap());
    let student = together(&[&others, &teacher], vec![0.5, 0.1, -3.0, 0.2, 0.01, 0.7, -0.4]);
    let options = Pruning {
        rows: 3000,
        n_kept: 3,
        ..Pruning::default()
    };
    let (pruned, report) = prune(&student, Target::Mixture(&teacher), &options).unwrap();
    assert_eq!(report.kept, [4, 5, 6]);
    assert!(report.loss_before > 1.0 && report.loss_after < 1e-24, "{report:?}");
    assert!(pruned.weights().iter().all(|weight| (weight - 1.0).abs() < 1e-11));
    assert_eq!(pruned.routers(), teacher.routers());
    // A function says the same, and nothing more is chosen than is needed.
    let function = |x: &[f64]| naive_value(&teacher, x);
    let generous = Pruning {
        n_kept: 7,
        tolerance: 1e-12,
        ..options.clone()
    };
    let (_, from_function) = prune(&student, Target::Function(&function), &generous).unwrap();
    assert_eq!(from_function.kept, report.kept);
    // Of its own output the student needs all, and loses what is not kept.
    let (_, own) = prune(&student, Target::OwnOutput, &options).unwrap();
    assert!(
        own.kept.contains(&2) && own.loss_before == 0.0 && own.loss_after > 1e-3,
        "{own:?}"
    );
    // Twins of chosen experts have nothing to add.
    let twins = together(&[&teacher, &teacher], vec![0.5; 6]);
    let (_, report) = prune(&twins, Target::Mixture(&teacher), &Pruning { n_kept: 6, ..options }).unwrap();
    assert_eq!(report.kept, [0, 1, 2]);
}

#[test]
fn controls_keep_what_they_say_with_weights_of_least_squares() {
    let (teacher, others) = (Mixture::teacher(2, 10, 1).unwrap(), Mixture::student(4, 10, 2).unwrap());
    let student = together(&[&others, &teacher], vec![0.5, 0.1, -3.0, 0.2, 0.01, -0.7]);
    let pruned = |selection, seed| {
        let options = Pruning {
            rows: 2000,
            n_kept: 2,
            selection,
            seed,
            ..Pruning::default()
        };
        prune(&student, Target::Mixture(&teacher), &options).unwrap()
    };
    let (by_magnitude, report) = pruned(Selection::Magnitude, 0);
    assert_eq!(report.kept, [2, 5]);
    // Moving a fitted weight makes it worse on many fresh rows.
    let of = |weights: Vec<f64>| {
        let moved = by_magnitude.clone().with_weights(weights).unwrap();
        loss(&moved, Target::Mixture(&teacher), 20_000, 5).unwrap()
    };
    let weights = by_magnitude.weights().to_vec();
    let fitted = of(weights.clone());
    for (at, by) in [(0, 0.2), (0, -0.2), (1, 0.2), (1, -0.2)] {
        let mut moved = weights.clone();
        moved[at] += by;
        assert!(of(moved) > fitted);
    }
    let chosen: Vec<_> = (0..8).map(|seed| pruned(Selection::Random, seed).1.kept).collect();
    assert!(
        chosen
            .iter()
            .all(|kept| kept.len() == 2 && kept[0] < kept[1] && kept[1] < 6)
    );
    assert!(chosen.iter().any(|kept| *kept != chosen[0]));
}

#[test]
fn merging_planted_duplicates_and_opposites_leaves_the_function() {
    let base = Mixture::student(4, 12, 5).unwrap();
    let turned = |mixture: &Mixture| {
        let experts = mixture.experts().iter().map(|value| -value).collect();
        Mixture::new(12, mixture.routers().to_vec(), experts, vec![0.0; 4]).unwrap()
    };
    // The same again, and turned around: weights of 1 + .5 - .25, ..., and 0 for the third, which cancels.
    let weights = vec![1.0, 2.0, 1.5, -0.7, 0.5, -1.0, 0.5, 0.1, 0.25, 0.5, 2.0, 0.3];
    let student = together(&[&base, &base, &turned(&base)], weights);
    let options = Merging {
        tau: 1e-9,
        rows: 2000,
        ..Merging::default()
    };
    let (merged, report) = merge_and_drop(&student, Target::OwnOutput, &options).unwrap();
    assert_eq!(merged.n_experts(), 3);
    assert!(report.loss_before == 0.0 && report.loss_after < 1e-20, "{report:?}");
    for x in numbers(6, 240).chunks(12) {
        assert!((naive_value(&merged, x) - naive_value(&student, x)).abs() < 1e-10);
    }
    // Nothing is merged whose router differs, however alike the experts.
    let other = Mixture::student(4, 12, 6).unwrap();
    let apart = Mixture::new(
        12,
        [base.routers(), other.routers()].concat(),
        base.experts().repeat(2),
        vec![1.0; 8],
    );
    let (apart, _) = merge_and_drop(&apart.unwrap(), Target::OwnOutput, &options).unwrap();
    assert_eq!(apart.n_experts(), 8);
    // An expert that does less than tau goes, but the last one never.
    let faint = base.clone().with_weights(vec![1.0, 1e-3, 1.0, 1.0]).unwrap();
    let faint = merge_and_drop(
        &faint,
        Target::OwnOutput,
        &Merging {
            tau: 0.01,
            ..options.clone()
        },
    )
    .unwrap();
    assert_eq!(faint.1.kept, [0, 2, 3]);
    let all = merge_and_drop(&base, Target::OwnOutput, &Merging { tau: 1e9, ..options }).unwrap();
    assert_eq!(all.0.n_experts(), 1);
}

/// The law of units: as many experts as asked for; of equal weights the lower number goes first.
#[test]
fn equal_weights_go_by_number() {
    let equal = mixture(5, 4, 3).with_weights(vec![1.0, -1.0, 1.0, 2.0, -1.0]).unwrap();
    let options = Pruning {
        rows: 500,
        n_kept: 3,
        selection: Selection::Magnitude,
        ..Pruning::default()
    };
    let (_, report) = prune(&equal, Target::OwnOutput, &options).unwrap();
    assert_eq!(report.kept, [2, 3, 4]);
    let units = report.units;
    assert_eq!((units.before, units.requested, units.after), (5, 3, 3));
    let nan = equal.with_weights(vec![1.0, f64::NAN, 1.0, 1.0, 1.0]).unwrap();
    let teacher = Mixture::teacher(2, 4, 0).unwrap();
    let refused = prune(&nan, Target::Mixture(&teacher), &options).unwrap_err();
    assert_eq!(refused.to_string(), "the weight of expert 1 is NaN");
}
