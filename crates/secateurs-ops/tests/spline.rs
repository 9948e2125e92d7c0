//! Splines on edges against the recursion in `f64`, values and gradients, on every device and in both precisions.

mod oracle;

use burn::tensor::{DType, Device, Tensor, TensorData};
use oracle::{assert_close, check, numbers, tensor, values};
use proptest::prelude::*;
use secateurs_ops::{self as ops, Beyond, SplineBasis, SplineWeights, plain};
use secateurs_testkit::{device, naive};

const BOUND: f64 = 2e-5;

/// Ascending knots for `n` inputs: interior ones from about -1 to 1, uneven, and `degree` beyond each end.
fn knots(n: usize, n_intervals: usize, degree: usize, seed: u64) -> Vec<f32> {
    let steps = numbers(n * (n_intervals + 2 * degree + 1), seed);
    let of_input = |steps: &[f32]| {
        let mut at = -1.0 - degree as f32 * 2.0 / n_intervals as f32;
        let mut knots = Vec::new();
        for step in steps {
            knots.push(at);
            at += (1.0 + 0.4 * step) * 2.0 / n_intervals as f32;
        }
        knots
    };
    steps
        .chunks_exact(n_intervals + 2 * degree + 1)
        .flat_map(of_input)
        .collect()
}

/// `B_m(x)` with what the policy says beyond the interior knots.
fn basis_function(knots: &[f64], degree: usize, beyond: Beyond, m: usize, x: f64) -> f64 {
    let (low, high) = (knots[degree], knots[knots.len() - 1 - degree]);
    let at = x.clamp(low, high);
    // The derivative inside the last interval, one-sided at its ends.
    let slope = |at: f64| {
        let step = 1e-6 * (high - low);
        let (a, b) = if at == low { (at, at + step) } else { (at - step, at) };
        let value = |x: f64| naive::b_spline(knots, m, degree, x);
        // Of the parabola through three points, exact for the degrees in use up to rounding.
        let middle = value((a + b) / 2.0);
        let sign = if at == low { 1.0 } else { -1.0 };
        sign * (4.0 * middle - 3.0 * value(at) - value(if at == low { b } else { a })) / (b - a)
    };
    match beyond {
        Beyond::Taper => naive::b_spline(knots, m, degree, x),
        Beyond::Clamp => naive::b_spline(knots, m, degree, at),
        Beyond::Linear if at == x => naive::b_spline(knots, m, degree, x),
        Beyond::Linear => naive::b_spline(knots, m, degree, at) + (x - at) * slope(at),
    }
}

struct Case {
    batch: usize,
    d_input: usize,
    d_output: usize,
    n_intervals: usize,
    degree: usize,
    beyond: Beyond,
    knots: Vec<f32>,
}

impl Case {
    fn n_basis(&self) -> usize {
        self.n_intervals + self.degree
    }

    fn basis(&self, device: &Device, dtype: DType) -> SplineBasis {
        let shape = [self.d_input, self.knots.len() / self.d_input];
        SplineBasis {
            knots: tensor(&self.knots, shape, device).cast(dtype),
            degree: self.degree,
            beyond: self.beyond,
        }
    }

    fn apply(&self, t: &[Tensor<1>], dtype: DType) -> Tensor<1> {
        let basis = self.basis(&t[0].device(), dtype);
        let weights = SplineWeights {
            coefficients: t[1].clone().reshape([self.d_input, self.n_basis(), self.d_output]),
            base: t[2].clone().reshape([self.d_input, self.d_output]),
        };
        let x = t[0].clone().reshape([self.batch, self.d_input]);
        ops::spline_linear(x, &basis, weights).reshape([self.batch * self.d_output])
    }

    fn formula(&self, t: &[Vec<f64>]) -> Vec<f64> {
        let knots: Vec<f64> = self.knots.iter().map(|&knot| f64::from(knot)).collect();
        let n_knots = knots.len() / self.d_input;
        let mut y = vec![0.0; self.batch * self.d_output];
        for (b, x) in t[0].chunks_exact(self.d_input).enumerate() {
            for (i, &x) in x.iter().enumerate() {
                let knots = &knots[i * n_knots..][..n_knots];
                for m in 0..self.n_basis() {
                    let value = basis_function(knots, self.degree, self.beyond, m, x);
                    for o in 0..self.d_output {
                        y[b * self.d_output + o] += value * t[1][(i * self.n_basis() + m) * self.d_output + o];
                    }
                }
                for o in 0..self.d_output {
                    y[b * self.d_output + o] += naive::silu(x) * t[2][i * self.d_output + o];
                }
            }
        }
        y
    }
}

fn beyond() -> impl Strategy<Value = Beyond> {
    prop_oneof![Just(Beyond::Taper), Just(Beyond::Clamp), Just(Beyond::Linear)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn spline_linear(
        (batch, d_input) in (1usize..6, 1usize..4),
        d_output in 1usize..40,
        (n_intervals, degree) in (1usize..7, 1usize..4),
        beyond in beyond(),
        seed: u64,
    ) {
        let knots = knots(d_input, n_intervals, degree, seed ^ 3);
        let case = Case { batch, d_input, d_output, n_intervals, degree, beyond, knots };
        // Kinks of degree 1 and at clamped ends would spoil the differences: points stay off the knots.
        let x: Vec<f32> = numbers(batch * d_input, seed)
            .into_iter()
            .map(|x| {
                let near = |knot: &&f32| (x - **knot).abs() < 1e-3;
                if case.knots.iter().any(|knot| near(&knot)) { x + 3e-3 } else { x }
            })
            .collect();
        let n_basis = case.n_basis();
        let inputs = [x, numbers(d_input * n_basis * d_output, seed ^ 1), numbers(d_input * d_output, seed ^ 2)];
        check(&inputs, |t| case.apply(t, DType::F32), |t| case.formula(t), BOUND);
    }
}

/// Results and gradients of a weighted sum for the input, the coefficients and the base.
fn run(
    inputs: [Tensor<1>; 3],
    layer: impl Fn(Tensor<2>, SplineWeights) -> Tensor<2>,
    [batch, d_input, n_basis, d_output]: [usize; 4],
) -> Vec<Vec<f64>> {
    let leaves = inputs.map(|x| x.detach().require_grad());
    let [x, coefficients, base] = leaves.clone();
    let weights = SplineWeights {
        coefficients: coefficients.reshape([d_input, n_basis, d_output]),
        base: base.reshape([d_input, d_output]),
    };
    let y = layer(x.reshape([batch, d_input]), weights);
    let factors = tensor(&numbers(batch * d_output, 5), [batch, d_output], &y.device()).cast(y.dtype());
    let gradients = (y.clone() * factors).sum().backward();
    let mut all = vec![values(y)];
    all.extend(leaves.map(|leaf| values(leaf.grad(&gradients).expect("tracked"))));
    all
}

/// Shapes that cross blocks of rows and tiles of outputs, every degree, both precisions: fused against plain.
#[test]
fn fused_and_plain_agree_over_blocks_tiles_and_degrees() {
    let device = Device::flex().autodiff();
    let shapes = [(600, 3, 300, 5), (37, 5, 129, 20), (300, 40, 1, 3), (5, 2, 17, 1)];
    for (batch, d_input, d_output, n_intervals) in shapes {
        for degree in 0..=5 {
            for (dtype, bound) in [(DType::F32, 1e-4), (DType::F64, 1e-12)] {
                for beyond in [Beyond::Taper, Beyond::Clamp, Beyond::Linear] {
                    let n_basis = n_intervals + degree;
                    let knots = knots(d_input, n_intervals, degree, 7);
                    let shape = [d_input, knots.len() / d_input];
                    let knots = tensor(&knots, shape, &device).cast(dtype);
                    let basis = SplineBasis { knots, degree, beyond };
                    let random = |n: usize, seed: u64| tensor(&numbers(n, seed), [n], &device).cast(dtype);
                    let inputs = [
                        random(batch * d_input, 1),
                        random(d_input * n_basis * d_output, 2),
                        random(d_input * d_output, 3),
                    ];
                    let dims = [batch, d_input, n_basis, d_output];
                    let got = run(inputs.clone(), |x, w| ops::spline_linear(x, &basis, w), dims);
                    let expected = run(inputs, |x, w| plain::spline_linear(x, &basis, w), dims);
                    for (what, (got, expected)) in
                        ["y", "x", "coefficients", "base"].iter().zip(got.iter().zip(&expected))
                    {
                        assert_close(
                            got,
                            expected,
                            bound,
                            &format!("{what} {dims:?} {degree} {beyond:?} {dtype:?}"),
                        );
                    }
                }
            }
        }
    }
}

fn all_basis(x: &[f64], knots: &[f64], degree: usize, beyond: Beyond) -> Vec<Vec<f64>> {
    let device = Device::flex();
    let double = |values: &[f64], shape: [usize; 2]| {
        Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), (&device, DType::F64))
    };
    let basis = SplineBasis {
        knots: double(knots, [1, knots.len()]),
        degree,
        beyond,
    };
    let points = double(x, [x.len(), 1]);
    let fused = values(ops::spline_basis(points.clone(), &basis));
    let plain = values(plain::spline_basis(points, &basis));
    assert_close(&fused, &plain, 1e-12, "fused against plain");
    fused.chunks_exact(basis.n_basis()).map(<[f64]>::to_vec).collect()
}

#[test]
fn basis_functions_sum_to_one_between_the_interior_knots_and_taper_beyond() {
    let knots: Vec<f64> = (0..12).map(|k| f64::from(k) * 0.5 - 2.5).collect(); // interior -1 to 1.5 for degree 3
    for (x, expected) in [(-1.0, 1.0), (0.3, 1.0), (1.499, 1.0), (3.1, 0.0), (-2.6, 0.0)] {
        let sum: f64 = all_basis(&[x], &knots, 3, Beyond::Taper)[0].iter().sum();
        assert!((sum - expected).abs() < 1e-12, "at {x}: {sum}");
    }
    let sum: f64 = all_basis(&[2.0], &knots, 3, Beyond::Taper)[0].iter().sum();
    assert!(sum > 0.1 && sum < 0.9, "tapering: {sum}");
    for beyond in [Beyond::Clamp, Beyond::Linear] {
        for x in [-40.0, -1.0, 1.5, 40.0] {
            let sum: f64 = all_basis(&[x], &knots, 3, beyond)[0].iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{beyond:?} at {x}: {sum}");
        }
    }
}

#[test]
fn repeated_knots_and_points_on_knots_are_the_limits_of_the_recursion() {
    let knots = [-1.0, -0.5, 0.0, 0.25, 0.25, 0.25, 1.0, 1.0, 1.5, 2.0];
    let x: Vec<f64> = (-22..45).map(|x| f64::from(x) / 20.0).chain(knots).collect();
    for degree in 0..=3 {
        let got = all_basis(&x, &knots, degree, Beyond::Taper);
        for (x, got) in x.iter().zip(got) {
            let expected: Vec<f64> = (0..got.len()).map(|m| naive::b_spline(&knots, m, degree, *x)).collect();
            assert_close(&got, &expected, 1e-12, &format!("degree {degree} at {x}"));
        }
    }
}

#[test]
fn equal_knots_of_a_constant_column_give_zero_and_nan_stays_nan() {
    let got = all_basis(&[3.0, 2.0], &[3.0; 8], 2, Beyond::Taper);
    assert!(got.iter().flatten().all(|value| *value == 0.0), "{got:?}");
    let device = Device::flex();
    let basis = SplineBasis {
        knots: Tensor::from_floats([[-1.0, 0.0, 1.0, 2.0]], &device),
        degree: 1,
        beyond: Beyond::Clamp,
    };
    let x = Tensor::<2>::from_floats([[f32::NAN]], &device);
    assert!(
        values(ops::spline_basis(x.clone(), &basis))
            .iter()
            .all(|value| value.is_nan())
    );
    let weights = SplineWeights {
        coefficients: Tensor::ones([1, 2, 3], &device),
        base: Tensor::zeros([1, 3], &device),
    };
    assert!(
        values(ops::spline_linear(x, &basis, weights))
            .iter()
            .all(|value| value.is_nan())
    );
}

#[test]
fn an_empty_batch_has_an_empty_result() {
    let device = device();
    let basis = SplineBasis {
        knots: Tensor::from_floats([[-1.0, 0.0, 1.0, 2.0]], &device),
        degree: 1,
        beyond: Beyond::Taper,
    };
    let x = Tensor::<2>::zeros([0, 1], &device);
    assert_eq!(ops::spline_basis(x, &basis).dims(), [0, 1, 2]);
}
