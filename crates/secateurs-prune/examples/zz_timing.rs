//! tmp
use burn::tensor::{Distribution, Tensor};
use secateurs_importance::Wanda;
use secateurs_prune::{Alps, Compensate, Gram, LAdmm, LayerProblem, MaskOnly, SparseGpt};
use secateurs_tensor::{GramAccumulator, Pattern, Scope, WeightMatrix};
use secateurs_testkit::device;
use std::time::Instant;
/// Inputs
const SITES: [(usize, &[usize]); 4] = [
    (576, &[576, 192, 192]),
    (576, &[576]),
    (576, &[1536, 1536]),
    (1536, &[576]),
];

struct Site {
    statistics: GramAccumulator,
    weights: Vec<WeightMatrix>,
}

/// Inputs whose spectrum falls like that of a language model's hidden states, with channels of unequal scale.
fn statistics(d_input: usize) -> GramAccumulator {
    let device = device();
    let decay: Vec<f32> = (1..=d_input).map(|rank| (rank as f32).powf(-0.5)).collect();
    let decay = Tensor::<1>::from_floats(decay.as_slice(), &device).unsqueeze::<2>();
    let normal = Distribution::Normal(0.0, 1.0);
    let mixing = Tensor::<2>::random([d_input, d_input], normal, &device);
    let scales = (Tensor::<2>::random([1, d_input], normal, &device) * 0.5).exp();
    let mut statistics = GramAccumulator::new(d_input);
    for _ in 0..8 {
        let signals = Tensor::<2>::random([1024, d_input], normal, &device) * decay.clone();
        statistics
            .observe(&(signals.matmul(mixing.clone()) * scales.clone()))
            .expect("finite inputs");
    }
    statistics
}

fn block() -> Vec<Site> {
    let weight = |d_output, d_input| {
        let values = Tensor::<2>::random([d_input, d_output], Distribution::Normal(0.0, 0.05), &device());
        WeightMatrix::from_linear(&values)
    };
    let site = |(d_input, outputs): (usize, &[usize])| Site {
        statistics: statistics(d_input),
        weights: outputs.iter().map(|d_output| weight(*d_output, d_input)).collect(),
    };
    SITES.into_iter().map(site).collect()
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let block = block();
    let methods: [Box<dyn Compensate>; 4] = [
        Box::new(MaskOnly::new(Wanda, Scope::PerOutput)),
        Box::new(SparseGpt::default()),
        Box::new(LAdmm::default()),
        Box::new(Alps::default()),
    ];
    for method in &methods {
        if !method.name().contains(&only) {
            continue;
        }
        for text in ["50%", "70%", "2:4"] {
            let pattern: Pattern = text.parse().unwrap();
            let (c0, t0) = (cpu(), Instant::now());
            let grams: Vec<Gram> = block.iter().map(|s| Gram::new(&s.statistics)).collect();
            let mut lines = String::new();
            for (site, gram) in block.iter().zip(&grams) {
                for weight in &site.weights {
                    let (c1, t1) = (cpu(), Instant::now());
                    let problem = LayerProblem {
                        path: "x",
                        weight,
                        gram: Some(gram),
                        input_norms: None,
                        pattern,
                    };
                    let s = method.solve(&problem).unwrap();
                    lines += &format!(
                        "    {:?} wall {:.3} cpu {:.2} {:?}\n",
                        weight.dims(),
                        t1.elapsed().as_secs_f64(),
                        cpu() - c1,
                        s.events
                    );
                }
            }
            println!(
                "{} {text}: wall {:.3} cpu {:.2}\n{lines}",
                method.name(),
                t0.elapsed().as_secs_f64(),
                cpu() - c0
            );
        }
    }
}
