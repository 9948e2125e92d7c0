//! Shapley values against their definition, their axioms, and how sampling errs.

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Tensor};
use secateurs_kan::{
    Baseline, BasisConfig, Kan, KanConfig, KanError, Payoff, PruneConfig, Sampling, ShapleyConfig, Stay, Width,
    prune_nodes_by, shapley,
};
use secateurs_testkit::{laws, naive};

const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

fn network(widths: Vec<Width>) -> (Kan, Tensor<2>) {
    let d_input = widths[0].n_nodes();
    let mut config = KanConfig::new(widths, SPLINE).unwrap().with_dtype(FloatDType::F64);
    config.noise = 3.0;
    let kan = config.init(4, &Device::flex());
    let x: Vec<f64> = (0..30 * d_input)
        .map(|i| ((i * i) as f64 * 0.7 + i as f64).sin())
        .collect();
    let x = kan.tensor(&x, d_input).unwrap();
    (kan, x)
}

/// Outputs with only some nodes of a layer active, the others at the means of their edges or at zero.
fn outputs(kan: &Kan, x: &Tensor<2>, (layer, baseline): (usize, Baseline), present: &[bool]) -> Vec<f64> {
    let nodes = kan.layers[..layer].iter().fold(x.clone(), |x, layer| layer.forward(x));
    let edges = kan.layers[layer].activations(nodes).edges;
    let [_, rows, n_subnodes] = edges.dims();
    let mut sums = Tensor::<2>::zeros([rows, n_subnodes], (&edges.device(), edges.dtype()));
    for (node, present) in present.iter().enumerate() {
        let edge = edges.clone().narrow(0, node, 1).squeeze_dim::<2>(0);
        sums = match (present, baseline) {
            (true, _) => sums + edge,
            (false, Baseline::Mean) => sums + edge.mean_dim(0),
            (false, Baseline::Zero) => sums,
        };
    }
    values(kan.forward_from(layer + 1, kan.layers[layer].nodes.forward(sums)))
}

fn mean_absolute(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.map(f64::abs).sum::<f64>() / n
}

#[test]
fn exact_values_are_those_of_the_definition() {
    let (kan, x) = network(vec![
        Width::sums(2),
        Width::sums(3).with_products(1),
        Width::sums(2),
        Width::sums(2),
    ]);
    let targets = vec![0.3; 60];
    for layer in 0..3 {
        let n = kan.layers[layer].d_input();
        for baseline in [Baseline::Mean, Baseline::Zero] {
            let at = |present: &[bool]| outputs(&kan, &x, (layer, baseline), present);
            let score = |payoff| {
                let config = ShapleyConfig {
                    baseline,
                    payoff,
                    sampling: Sampling::Exact,
                };
                shapley(&kan, layer, x.clone(), &config).unwrap().unscaled
            };
            let of_each: Vec<Vec<f64>> = (0..60).map(|k| naive::shapley(n, |present| at(present)[k])).collect();
            let expected: Vec<f64> = (0..n)
                .map(|i| mean_absolute(of_each.iter().map(|phi| phi[i])))
                .collect();
            laws::close(&score(Payoff::PerSample), &expected, 1e-9, 1e-6);
            let mean = |present: &[bool], o: usize| at(present).iter().skip(o).step_by(2).sum::<f64>() / 30.0;
            let of_each: Vec<Vec<f64>> = (0..2).map(|o| naive::shapley(n, |present| mean(present, o))).collect();
            let expected: Vec<f64> = (0..n)
                .map(|i| mean_absolute(of_each.iter().map(|phi| phi[i])))
                .collect();
            laws::close(&score(Payoff::MeanOutput), &expected, 1e-9, 1e-6);
            let loss = |present: &[bool]| at(present).iter().map(|y| (y - 0.3).powi(2)).sum::<f64>() / 60.0;
            let expected = naive::shapley(n, |present| -loss(present));
            laws::close(&score(Payoff::NegativeLoss(&targets)), &expected, 1e-9, 1e-6);
            // What all together are worth is shared out.
            let shared: f64 = expected.iter().sum();
            let worth = loss(&vec![false; n]) - loss(&vec![true; n]);
            assert!((shared - worth).abs() < 1e-9);
        }
    }
}

#[test]
fn in_the_last_layer_a_node_is_worth_what_it_adds() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(5), Width::sums(1)]);
    let hidden = kan.layers[0].forward(x.clone());
    let edges = kan.layers[1].activations(hidden).edges;
    let expected: Vec<f64> = (0..5)
        .map(|node| {
            let edge = values(edges.clone().narrow(0, node, 1));
            let mean = edge.iter().sum::<f64>() / 30.0;
            mean_absolute(edge.iter().map(|value| value - mean))
        })
        .collect();
    for sampling in [Sampling::Auto, Sampling::Antithetic { pairs: 1, seed: 3 }] {
        let config = ShapleyConfig {
            sampling,
            ..ShapleyConfig::default()
        };
        let got = shapley(&kan, 1, x.clone(), &config).unwrap();
        laws::close(&got.unscaled, &expected, 1e-9, 1e-6);
        assert!(got.scores.values().contains(&1.0) && got.scores.values().iter().all(|score| *score <= 1.0));
    }
}

/// A constant moved from one edge of a sum to another changes no output.
#[test]
fn scores_over_the_mean_do_not_see_where_constants_are() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(3), Width::sums(2), Width::sums(1)]);
    // Keep the hidden values on the grid, where basis functions sum to one.
    let kan = kan.with_grids_following(x.clone(), 1.0).unwrap();
    let mut moved = kan.clone();
    let mut c: Vec<f64> = values(moved.layers[1].coefficients.val()); // [3, 6, 2]
    for m in 0..6 {
        c[m * 2] += 1.5;
        c[(6 + m) * 2] -= 1.5;
    }
    let c = kan.tensor(&c, 12).unwrap().reshape([3, 6, 2]);
    moved.layers[1].coefficients = Param::from_tensor(c);
    // The largest value lies on the last interior knot, where the functions still sum to one.
    laws::close(
        &values(moved.forward(x.clone())),
        &values(kan.forward(x.clone())),
        1e-9,
        1.0,
    );
    let scores = |kan: &Kan, baseline| {
        let config = ShapleyConfig {
            baseline,
            ..ShapleyConfig::default()
        };
        shapley(kan, 1, x.clone(), &config).unwrap().unscaled
    };
    laws::close(
        &scores(&moved, Baseline::Mean),
        &scores(&kan, Baseline::Mean),
        1e-8,
        1e-3,
    );
    let (a, b) = (scores(&moved, Baseline::Zero), scores(&kan, Baseline::Zero));
    assert!(a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 0.05), "{a:?} {b:?}");
}

#[test]
fn sampling_comes_closer_with_more_orders_and_knows_how_close() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(8), Width::sums(3), Width::sums(1)]);
    let targets: Vec<f64> = (0..30).map(|row| f64::from(row) / 15.0 - 1.0).collect();
    let config = |sampling| ShapleyConfig {
        payoff: Payoff::NegativeLoss(&targets),
        sampling,
        ..ShapleyConfig::default()
    };
    let of = |sampling| shapley(&kan, 1, x.clone(), &config(sampling)).unwrap();
    let exact = of(Sampling::Exact).unscaled;
    let error = |pairs: usize| {
        let (mut squares, mut expected) = (0.0, 0.0);
        for seed in 0..20 {
            let got = of(Sampling::Antithetic { pairs, seed });
            let errors = got.unscaled.iter().zip(&exact).map(|(a, b)| (a - b).powi(2));
            squares += errors.sum::<f64>();
            expected += got.standard_errors.iter().map(|error| error * error).sum::<f64>();
        }
        (squares.sqrt(), expected.sqrt())
    };
    let ((few, said_few), (many, said_many)) = (error(4), error(64));
    // A quarter of the error with sixteen times as many; 20 seeds leave some spread.
    assert!((2.8..5.7).contains(&(few / many)), "{few} {many}");
    for (error, said) in [(few, said_few), (many, said_many)] {
        assert!((0.7..1.4).contains(&(error / said)), "{error} was said to be {said}");
    }
    assert_eq!(
        of(Sampling::Antithetic { pairs: 3, seed: 1 }),
        of(Sampling::Antithetic { pairs: 3, seed: 1 })
    );
}

#[test]
fn orders_walked_one_way_err_more_than_pairs_of_as_many_permutations() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(8), Width::sums(3), Width::sums(1)]);
    let of = |sampling| {
        let config = ShapleyConfig {
            payoff: Payoff::MeanOutput,
            sampling,
            ..ShapleyConfig::default()
        };
        shapley(&kan, 1, x.clone(), &config).unwrap()
    };
    let exact = of(Sampling::Exact).unscaled;
    let square = |sampling| {
        let got = of(sampling);
        let errors = got.unscaled.iter().zip(&exact).map(|(a, b)| (a - b).powi(2));
        (errors.sum::<f64>(), got.n_coalitions)
    };
    let sums = |sampling: fn(u64) -> Sampling| {
        let all: Vec<(f64, usize)> = (0..20).map(|seed| square(sampling(seed))).collect();
        (all.iter().map(|(square, _)| square).sum::<f64>(), all[0].1)
    };
    let (plain, of_plain) = sums(|seed| Sampling::Plain { permutations: 16, seed });
    let (paired, of_pairs) = sums(|seed| Sampling::Antithetic { pairs: 8, seed });
    assert_eq!(of_plain, of_pairs);
    assert!(paired < 0.7 * plain, "{paired} {plain}");
}

#[test]
fn pruning_goes_bottom_up_and_keeps_the_mean() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(4), Width::sums(4), Width::sums(1)]);
    let config = ShapleyConfig::default();
    let pruned = |stay: Stay| prune_nodes_by(kan.clone(), x.clone(), &config, &PruneConfig::new(stay)).unwrap();
    let (half, scores) = pruned(Stay::Share(0.5));
    let widths: Vec<usize> = half.kan.widths().iter().map(Width::n_nodes).collect();
    assert_eq!((widths, half.removed.len(), scores.len()), (vec![2, 2, 2, 1], 4, 2));
    for gone in &half.removed {
        let of_layer = scores[gone.layer - 1].values();
        let better = of_layer.iter().filter(|score| **score > gone.score).count();
        assert!(better >= 2, "{gone:?} of {of_layer:?}");
    }
    let paths: Vec<&str> = half.units.iter().map(|unit| unit.path.as_str()).collect();
    assert_eq!(paths, ["layers.0.nodes", "layers.1.nodes"]);
    let (all, _) = pruned(Stay::Above(-1.0));
    assert!(all.removed.is_empty());
    laws::close(
        &values(all.kan.forward(x.clone())),
        &values(kan.forward(x.clone())),
        1e-12,
        1.0,
    );
    let (one, _) = pruned(Stay::Share(0.0));
    let one = one.kan;
    assert_eq!(one.widths()[1].n_nodes(), 1);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(3), Width::sums(1)]);
    let message = |layer, config: ShapleyConfig<'_>| shapley(&kan, layer, x.clone(), &config).unwrap_err().to_string();
    let default = ShapleyConfig::default();
    assert_eq!(message(2, default), "there is no layer with outgoing edges 2, only 2");
    let none = ShapleyConfig {
        sampling: Sampling::Antithetic { pairs: 0, seed: 0 },
        ..default
    };
    assert_eq!(message(1, none), "number of pairs must be at least 1, got 0");
    let short = ShapleyConfig {
        payoff: Payoff::NegativeLoss(&[1.0]),
        ..default
    };
    assert_eq!(message(1, short), "targets: expected 30 values, got 1");
    for stay in [Stay::Share(1.5), Stay::Share(f64::NAN), Stay::Above(f64::NAN)] {
        let refused = prune_nodes_by(kan.clone(), x.clone(), &default, &PruneConfig::new(stay));
        assert!(matches!(refused, Err(KanError::OutOfRange { .. })), "{stay:?}");
    }
    // A score that fails behind the seam is the crate's own error again.
    let behind = prune_nodes_by(kan, x, &none, &PruneConfig::above(0.5)).unwrap_err();
    assert_eq!(behind.to_string(), "number of pairs must be at least 1, got 0");
}
