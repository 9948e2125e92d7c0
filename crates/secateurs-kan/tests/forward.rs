//! Layers, products and masks against the formulas in `f64`, on every device.

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use proptest::prelude::*;
use secateurs_kan::{BasisConfig, Beyond, Kan, KanConfig, KanLayer, Width, Wiring};
use secateurs_testkit::{devices, laws, naive};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

fn points(n: usize, seed: u64) -> Vec<f64> {
    (0..n)
        .map(|i| ((i as f64 + 0.37) * (1.9 + seed as f64 % 7.0)).sin() * 1.2)
        .collect()
}

/// The functions of an input from their definitions.
fn basis(config: BasisConfig, knots: &[f64], x: f64) -> Vec<f64> {
    match config {
        BasisConfig::BSpline { degree, n_intervals } => (0..degree + n_intervals)
            .map(|m| naive::b_spline(knots, m, degree, x))
            .collect(),
        BasisConfig::Chebyshev { degree } => (0..=degree).map(|n| (n as f64 * x.tanh().acos()).cos()).collect(),
        BasisConfig::GaussianRbf { n_centres } => (0..n_centres)
            .map(|n| {
                let distance = 4.0 / (n_centres - 1) as f64;
                (-((x + 2.0 - n as f64 * distance) / distance).powi(2)).exp()
            })
            .collect(),
    }
}

/// One layer for one row.
fn layer(layer: &KanLayer, config: BasisConfig, x: &[f64]) -> Vec<f64> {
    let (coefficients, base) = (values(layer.coefficients.val()), values(layer.base.val()));
    let present = layer.present();
    let width = layer.width();
    let (n_subnodes, n_basis) = (width.n_subnodes(), config.n_basis());
    let knots: Vec<f64> = match config {
        BasisConfig::BSpline { degree, n_intervals } => (0..=n_intervals + 2 * degree)
            .map(|k| -1.0 + (k as f64 - degree as f64) * 2.0 / n_intervals as f64)
            .collect(),
        _ => Vec::new(),
    };
    let mut sums = vec![0.0; n_subnodes];
    for (i, &x) in x.iter().enumerate() {
        let functions = basis(config, &knots, x);
        for (s, sum) in sums.iter_mut().enumerate() {
            if present[i * n_subnodes + s] {
                *sum += base[i * n_subnodes + s] * naive::silu(x);
                for (m, function) in functions.iter().enumerate() {
                    *sum += coefficients[(i * n_basis + m) * n_subnodes + s] * function;
                }
            }
        }
    }
    let nodes = &layer.nodes;
    let [scale, bias] = [&nodes.subnode_scale, &nodes.subnode_bias].map(|p| values(p.val()));
    let u: Vec<f64> = (0..n_subnodes).map(|s| sums[s] * scale[s] + bias[s]).collect();
    let [scale, bias] = [&nodes.scale, &nodes.bias].map(|p| values(p.val()));
    (0..width.n_nodes())
        .map(|n| width.subnodes(n).map(|s| u[s]).product::<f64>() * scale[n] + bias[n])
        .collect()
}

fn affine(kan: Kan) -> Kan {
    let shaken = |p: Param<Tensor<1>>, by: f64| {
        let value = p.val();
        let n = value.dims()[0];
        let data: Vec<f64> = (0..n).map(|i| by * (i as f64 + 1.0).cos()).collect();
        let shake = Tensor::from_data(TensorData::new(data, [n]), (&value.device(), value.dtype()));
        Param::from_tensor(value + shake)
    };
    let layers = kan.layers.into_iter().map(|mut layer| {
        layer.nodes.subnode_scale = shaken(layer.nodes.subnode_scale, 0.3);
        layer.nodes.subnode_bias = shaken(layer.nodes.subnode_bias, 0.2);
        layer.nodes.scale = shaken(layer.nodes.scale, -0.4);
        layer.nodes.bias = shaken(layer.nodes.bias, 0.1);
        layer
    });
    Kan::from(layers.collect::<Vec<_>>())
}

fn bases() -> impl Strategy<Value = BasisConfig> {
    prop_oneof![
        (1usize..6, 1usize..6).prop_map(|(degree, n_intervals)| BasisConfig::BSpline { degree, n_intervals }),
        (1usize..6).prop_map(|degree| BasisConfig::Chebyshev { degree }),
        (2usize..9).prop_map(|n_centres| BasisConfig::GaussianRbf { n_centres }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn networks_compute_their_formula(
        basis in bases(),
        (d_input, sums, products, arity) in (1usize..4, 0usize..3, 0usize..3, 2usize..4),
        sparse: bool,
        seed: u64,
    ) {
        prop_assume!(sums + products > 0);
        let hidden = Width { sums, products, arity };
        let wiring = if sparse { Wiring::Sparse } else { Wiring::Dense };
        let config = KanConfig::new([Width::sums(d_input), hidden, Width::sums(2)], basis).unwrap().with_wiring(wiring);
        let x = points(5 * d_input, seed);
        for device in devices() {
            let kan = affine(config.init(seed, &device));
            let rows = kan.tensor(&x, d_input).unwrap();
            let got = values(kan.forward(rows.clone()));
            let x = values(rows.clone());
            let expected: Vec<f64> = x
                .chunks_exact(d_input)
                .flat_map(|x| kan.layers.iter().fold(x.to_vec(), |x, of| layer(of, basis, &x)))
                .collect();
            laws::close(&got, &expected, 1e-3, 1.0);
            let activations = kan.activations(rows);
            laws::close(&values(activations[1].output.clone()), &got, 1e-4, 1.0);
            let edges = activations[0].edges.clone().sum_dim(0).reshape([5, hidden.n_subnodes()]);
            laws::close(&values(edges), &values(activations[0].sums.clone()), 1e-5, 1.0);
        }
    }
}

#[test]
fn relative_deviations_are_those_of_the_edges() {
    for basis in [
        BasisConfig::BSpline {
            degree: 3,
            n_intervals: 4,
        },
        BasisConfig::Chebyshev { degree: 3 },
    ] {
        let config = KanConfig::new([3, 4], basis).unwrap().with_dtype(FloatDType::F64);
        let kan = config.with_wiring(Wiring::Sparse).init(5, &Device::flex());
        let x = kan.tensor(&points(60, 2), 3).unwrap();
        let statistics = &kan.statistics(x.clone()).unwrap()[0];
        let expected: Vec<f64> = (0..12)
            .map(|at| statistics.edge_deviations[at] / (statistics.input_deviations[at / 4] + 0.1))
            .collect();
        let layer = &kan.layers[0];
        let got = values(layer.relative_deviations(&layer.covariance(x)));
        laws::close(&got, &expected, 1e-9, 1.0);
        assert!(expected.iter().any(|v| *v > 0.1) && expected.contains(&0.0));
    }
}

#[test]
fn new_splines_are_small_at_the_knots_and_networks_repeat_by_seed() {
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 5,
    };
    let config = KanConfig::new([4, 3], basis).unwrap().with_dtype(FloatDType::F64);
    let [a, b, c] = [1, 1, 2].map(|seed| values(config.init(seed, &Device::flex()).layers[0].coefficients.val()));
    assert_eq!(a, b);
    assert_ne!(a, c);
    // At the interior knots |spline| <= 0.5 * 0.3 / 5 / sqrt(4).
    let knots: Vec<f64> = (0..12).map(|k| -1.0 + (f64::from(k) - 3.0) * 0.4).collect();
    let mut largest: f64 = 0.0;
    for k in 3..8 {
        for edge in 0..12 {
            let value: f64 = (0..8)
                .map(|m| naive::b_spline(&knots, m, 3, knots[k]) * a[(edge / 3 * 8 + m) * 3 + edge % 3])
                .sum();
            largest = largest.max(value.abs());
        }
    }
    assert!(largest <= 0.015 + 1e-12 && largest > 0.01, "{largest}");
}

#[test]
fn what_lies_beyond_the_grid_is_a_choice() {
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 3,
    };
    let config = KanConfig::new([1, 1], basis).unwrap().with_dtype(FloatDType::F64);
    let mut kans =
        [Beyond::Taper, Beyond::Clamp, Beyond::Linear].map(|b| config.clone().with_beyond(b).init(3, &Device::flex()));
    for kan in &mut kans {
        kan.layers[0].base = Param::from_tensor(kan.layers[0].base.val().zeros_like());
    }
    let at = |kan: &Kan, x: f64| values(kan.forward(kan.tensor(&[x], 1).unwrap()))[0];
    let [taper, clamp, linear] = kans;
    assert_eq!(at(&taper, 50.0), 0.0);
    assert_eq!(at(&clamp, 50.0), at(&clamp, 1.0));
    let slope = (at(&linear, 1.0) - at(&linear, 1.0 - 1e-7)) / 1e-7;
    assert!((at(&linear, 3.0) - at(&linear, 1.0) - 2.0 * slope).abs() < 1e-5);
}

#[test]
fn impossible_networks_are_refused() {
    let spline = |degree, n_intervals| BasisConfig::BSpline { degree, n_intervals };
    let message = |widths: &[usize], basis| KanConfig::new(widths.to_vec(), basis).unwrap_err().to_string();
    assert!(message(&[2], spline(3, 3)).contains("at least two layers"));
    assert!(message(&[2, 0, 1], spline(3, 3)).contains("[0, 0]"));
    assert_eq!(message(&[2, 1], spline(6, 3)), "degree must be from 1 to 5, got 6");
    assert_eq!(message(&[2, 1], spline(3, 0)), "n_intervals must be at least 1, got 0");
    assert_eq!(
        message(&[2, 1], BasisConfig::GaussianRbf { n_centres: 1 }),
        "n_centres must be at least 2, got 1"
    );
    let multiplying = Width::sums(1).with_products(1);
    assert!(KanConfig::new([multiplying, Width::sums(1)], spline(3, 3)).is_err());
}
