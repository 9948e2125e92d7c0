//! Additive models beside normal equations by elimination, on columns that say nothing new, and on known effects.

use proptest::prelude::*;
use secateurs_causal::{
    AdditiveConfig, AdditiveLearner, Arm, CausalError, Ridge, Study, Summary, Synthetic, average_effect_error, pehe,
};
use secateurs_kan::Grid;
use secateurs_testkit::laws;

/// `x` with `a x = b`, by elimination with pivots.
fn eliminate(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs())).unwrap();
        a.swap(k, pivot);
        b.swap(k, pivot);
        let (done, below) = a.split_at_mut(k + 1);
        for (i, row) in below.iter_mut().enumerate() {
            let factor = row[k] / done[k][k];
            row.iter_mut().zip(&done[k]).for_each(|(to, from)| *to -= factor * from);
            b[k + 1 + i] -= factor * b[k];
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[k][j] * x[j]).sum();
        x[k] = (b[k] - known) / a[k][k];
    }
    x
}

fn normal_equations(f: &[Vec<f64>], y: &[f64], ridge: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let p = f[0].len();
    let gram = |i: usize, j: usize| f.iter().map(|row| row[i] * row[j]).sum::<f64>();
    let penalty = |i: usize| if i == 0 { 0.0 } else { ridge };
    let a = (0..p).map(|i| {
        (0..p)
            .map(|j| gram(i, j) + if i == j { penalty(i) } else { 0.0 })
            .collect()
    });
    let b = (0..p).map(|i| f.iter().zip(y).map(|(row, y)| row[i] * y).sum());
    (a.collect(), b.collect())
}

/// Intercept, covariates and splines of one row: columns of two values are 0 and 1, the others have mean 0 and deviation 1.
fn functions(row: &[f64], study: &Study) -> Vec<f64> {
    let mut all = vec![1.0];
    for (feature, &value) in row.iter().enumerate() {
        let column = study.covariate(feature);
        let mut distinct = column.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() < 8 {
            assert_eq!(distinct, [0.0, 1.0]);
            all.push(value);
            continue;
        }
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let deviation = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let [value, low, high] = [value, distinct[0], distinct[distinct.len() - 1]].map(|x| (x - mean) / deviation);
        all.push(value);
        let grid = Grid::uniform(1, 3, 3, [low, high]).unwrap();
        all.extend(grid.basis(0, value.clamp(low, high)));
    }
    all
}

fn naive(study: &Study, x: &[f64], ridge: f64) -> [Vec<f64>; 2] {
    [false, true].map(|arm| {
        let rows: Vec<usize> = (0..study.rows()).filter(|row| study.treated()[*row] == arm).collect();
        let f: Vec<Vec<f64>> = rows.iter().map(|row| functions(study.row(*row), study)).collect();
        let y: Vec<f64> = rows.iter().map(|row| study.outcome()[*row]).collect();
        let (a, b) = normal_equations(&f, &y, ridge);
        let c = eliminate(a, b);
        let predict = |row: &[f64]| functions(row, study).iter().zip(&c).map(|(f, c)| f * c).sum();
        x.chunks_exact(study.d_input()).map(predict).collect()
    })
}

fn model(learner: AdditiveLearner, ridge: f64) -> AdditiveConfig {
    AdditiveConfig::new(learner, Ridge::fixed(ridge).unwrap())
}

#[test]
fn both_arms_solve_their_normal_equations() {
    let study = Synthetic::new(150).study(3).unwrap();
    // Rows beyond the range of the training rows, too.
    let x: Vec<f64> = (0..40).map(|at| (f64::from(at) * 0.77).sin() * 1.5).collect();
    for ridge in [0.1, 10.0] {
        let got = model(AdditiveLearner::T, ridge)
            .fit(&study)
            .unwrap()
            .outcomes(&x)
            .unwrap();
        let [mu0, mu1] = naive(&study, &x, ridge);
        laws::close(&got.mu0, &mu0, 1e-7, 1.0);
        laws::close(&got.mu1, &mu1, 1e-7, 1.0);
    }
}

#[test]
fn the_effect_of_one_model_is_the_coefficient_of_the_treatment() {
    let study = Synthetic::new(150).study(4).unwrap();
    let f: Vec<Vec<f64>> = (0..study.rows())
        .map(|row| {
            let mut all = functions(study.row(row), &study);
            all.push(study.treatment()[row]);
            all
        })
        .collect();
    let (a, b) = normal_equations(&f, study.outcome(), 1.0);
    let expected = *eliminate(a, b).last().unwrap();
    let effects = model(AdditiveLearner::S, 1.0)
        .fit(&study)
        .unwrap()
        .effects(study.x())
        .unwrap();
    laws::close(&effects, &vec![expected; study.rows()], 1e-8, 1.0);
}

#[test]
fn cross_validation_takes_the_least_score() {
    let noisy = Synthetic {
        noise: 1.0,
        ..Synthetic::new(120)
    };
    let study = noisy.study(5).unwrap();
    let candidates = [1e-5, 1e-1, 1.0, 10.0, 1e5];
    let chosen = AdditiveConfig::new(AdditiveLearner::T, Ridge::by_gcv(candidates).unwrap());
    let chosen = chosen.fit(&study).unwrap();
    for (arm, treated) in [(Arm::Control, false), (Arm::Treated, true)] {
        let rows: Vec<usize> = (0..study.rows())
            .filter(|row| study.treated()[*row] == treated)
            .collect();
        let f: Vec<Vec<f64>> = rows.iter().map(|row| functions(study.row(*row), &study)).collect();
        let y: Vec<f64> = rows.iter().map(|row| study.outcome()[*row]).collect();
        let n = y.len() as f64;
        let score = |ridge: f64| {
            let (a, b) = normal_equations(&f, &y, ridge);
            let dot = |f: &[f64], c: &[f64]| f.iter().zip(c).map(|(f, c)| f * c).sum::<f64>();
            let c = eliminate(a.clone(), b);
            let rss: f64 = f.iter().zip(&y).map(|(f, y)| (y - dot(f, &c)).powi(2)).sum();
            // One row of H at a time: its diagonal is f' A^-1 f.
            let trace: f64 = f.iter().map(|f| dot(f, &eliminate(a.clone(), f.clone()))).sum();
            n * rss / (n - trace).powi(2)
        };
        let best = candidates.into_iter().min_by(|a, b| score(*a).total_cmp(&score(*b)));
        assert_eq!(Some(chosen.arm(arm).penalty()), best);
        assert!(
            ![1e-5, 1e5].contains(&chosen.arm(arm).penalty()),
            "the choice lies inside"
        );
    }
}

#[test]
fn terms_are_centred_and_sum_to_the_outcome() {
    let study = Synthetic::new(200).study(6).unwrap();
    let model = model(AdditiveLearner::T, 1.0).fit(&study).unwrap();
    let outcomes = model.outcomes(study.x()).unwrap();
    for (arm, mu) in [(Arm::Control, &outcomes.mu0), (Arm::Treated, &outcomes.mu1)] {
        let function = model.arm(arm);
        laws::close(&[Summary::of(mu).unwrap().mean], &[function.intercept()], 1e-10, 1.0);
        for term in function.terms() {
            let values: Vec<f64> = study.covariate(term.feature()).iter().map(|x| term.at(*x)).collect();
            assert!(Summary::of(&values).unwrap().mean.abs() < 1e-10);
            assert_eq!(
                term.is_linear(),
                term.feature() > 2,
                "binary covariates have no splines"
            );
        }
        let row = study.row(7);
        let terms: f64 = function.terms().iter().map(|term| term.at(row[term.feature()])).sum();
        laws::close(&[function.intercept() + terms], &[mu[7]], 1e-12, 1.0);
        assert_eq!(function.at(row).unwrap(), mu[7]);
    }
    let effect = model.arm(Arm::Treated).intercept() - model.arm(Arm::Control).intercept();
    let terms: f64 = (0..5).map(|j| model.effect_term(j, study.row(7)[j]).unwrap()).sum();
    laws::close(&[effect + terms], &[outcomes.effects()[7]], 1e-10, 1.0);
    assert!(matches!(model.effect_term(5, 0.0), Err(CausalError::Shape { .. })));
}

/// Splines follow the effect, lines cannot: sin(pi x) on [-1, 1] keeps a deviation of 0.44 beside its best line, x^2 one of 0.30.
#[test]
fn known_effects_are_found() {
    let (train, test) = (
        Synthetic::new(1000).study(1).unwrap(),
        Synthetic::new(1000).study(2).unwrap(),
    );
    let error = |config: AdditiveConfig| {
        let effects = config.fit(&train).unwrap().effects(test.x()).unwrap();
        (
            pehe(&effects, &test).unwrap(),
            average_effect_error(&effects, &test).unwrap(),
        )
    };
    let (additive, average) = error(model(AdditiveLearner::T, 0.1));
    let (lines, _) = error(model(AdditiveLearner::T, 0.1).lines());
    let (shared, _) = error(model(AdditiveLearner::S, 0.1));
    assert!(additive < 0.12, "additive: {additive}");
    assert!(average < 0.05, "average: {average}");
    assert!(
        lines > 4.0 * additive && shared > 4.0 * additive,
        "lines: {lines}, shared: {shared}"
    );
}

#[test]
fn columns_that_say_nothing_new_change_little() {
    let study = Synthetic::new(300).study(7).unwrap();
    let wide = |row: usize| {
        let x = study.row(row);
        // A constant, a copy, and a sum of two others.
        [x, &[3.0, x[0], x[1] + x[2]]].concat()
    };
    let x = (0..study.rows()).flat_map(wide).collect();
    let more = Study::new(x, 8, &study.treatment(), study.outcome().to_vec()).unwrap();
    let more = more.with_truth(study.truth().unwrap().clone()).unwrap();
    let config = model(AdditiveLearner::T, 0.1);
    let plain = pehe(&config.fit(&study).unwrap().effects(study.x()).unwrap(), &study).unwrap();
    let model = config.fit(&more).unwrap();
    let beside = pehe(&model.effects(more.x()).unwrap(), &more).unwrap();
    assert!(
        (beside - plain).abs() < 0.05,
        "{plain} without them, {beside} with them"
    );
    let constant = &model.arm(Arm::Control).terms()[5];
    assert!(constant.at(3.0).abs() < 1e-12, "a constant has no effect of its own");
}

#[test]
fn what_is_refused() {
    for penalty in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Ridge::fixed(penalty), Err(CausalError::OutOfRange { .. })));
    }
    assert!(matches!(Ridge::by_gcv([]), Err(CausalError::OutOfRange { .. })));
    let lonely = Study::new(vec![1.0, 2.0, 3.0], 1, &[0.0, 1.0, 0.0], vec![1.0, 2.0, 3.0]).unwrap();
    let refused = model(AdditiveLearner::T, 1.0).fit(&lonely);
    assert!(
        matches!(refused, Err(CausalError::TooFewRows { got: 1, .. })),
        "{refused:?}"
    );
    let study = Synthetic::new(50).study(1).unwrap();
    let model = model(AdditiveLearner::T, 1.0).fit(&study).unwrap();
    assert!(matches!(model.effects(&[0.0; 7]), Err(CausalError::Length { .. })));
    assert!(matches!(
        model.effects(&[0.0, 0.0, f64::NAN, 0.0, 0.0]),
        Err(CausalError::NotFinite { .. })
    ));
    assert!(matches!(
        model.arm(Arm::Control).at(&[0.0; 4]),
        Err(CausalError::Length { .. })
    ));
}

fn columns() -> impl Strategy<Value = Vec<f64>> {
    let n = 12;
    prop_oneof![
        proptest::collection::vec(-3.0..3.0f64, n),
        proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0)], n),
        (-1.0..1.0f64).prop_map(move |value| vec![value; n]),
        proptest::collection::vec(prop_oneof![Just(1e6), -1.0..1.0f64], n),
        (1.0..2.0f64).prop_map(move |value| (0..n).map(|k| value + k as f64 * f64::EPSILON).collect()),
    ]
}

proptest! {
    #[test]
    fn any_covariates_give_finite_effects(first in columns(), second in columns(), ridge in 1e-3..1e3f64) {
        let x: Vec<f64> = first.iter().zip(&second).flat_map(|(a, b)| [*a, *b]).collect();
        let treatment: Vec<f64> = (0..12).map(|row| f64::from(row % 2)).collect();
        let study = Study::new(x, 2, &treatment, first.clone()).unwrap();
        for learner in [AdditiveLearner::S, AdditiveLearner::T] {
            let fitted = match model(learner, ridge).fit(&study) {
                // A column of zeros and ones may be the treatment by chance.
                Err(CausalError::IsTreatment { .. }) => continue,
                fitted => fitted.unwrap(),
            };
            let effects = fitted.effects(study.x()).unwrap();
            prop_assert!(effects.iter().all(|effect| effect.is_finite()));
        }
    }
}
