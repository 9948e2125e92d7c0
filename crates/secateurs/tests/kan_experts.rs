//! Experts may be any module: here Kolmogorov-Arnold networks, routed, trained and pruned.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Distribution, Tensor};
use secateurs::kan::{BasisConfig, Kan, KanConfig};
use secateurs::moe::prune::{ExpertEvidence, Reap, keep_experts, scores_of};
use secateurs::moe::{Expert, MoeLayer, RouterKind, Routing, TopK, answers};
use secateurs_testkit::device;

#[derive(Module, Debug)]
struct KanExpert {
    kan: Kan,
}

impl Expert for KanExpert {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        self.kan.forward(tokens)
    }
}

#[test]
fn experts_may_be_kans() {
    let device = device().autodiff();
    device.seed(1);
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 4,
    };
    let expert = |seed| KanExpert {
        kan: KanConfig::new([2, 1], basis)
            .expect("the shape is valid")
            .init(seed, &device)
            .train(),
    };
    let mut layer = MoeLayer::new(2, (0..4).map(expert).collect(), RouterKind::TopK(TopK::new(2)), &device);
    let x = Tensor::<2>::random([256, 2], Distribution::Uniform(-1.0, 1.0), &device);
    let target = x.clone().narrow(1, 0, 1) * x.clone().narrow(1, 1, 1).sign();
    let mut optimizer: ModuleOptimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..60 {
        let (y, _) = layer.forward(x.clone(), None).expect("finite logits");
        let loss = (y - target.clone()).powi_scalar(2).mean();
        losses.push(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &layer);
        layer = optimizer.step(3e-2, layer, gradients);
    }
    assert!(losses[59] < 0.3 * losses[0], "{} to {}", losses[0], losses[59]);

    let (y, routing) = layer.forward(x.clone(), None).expect("finite logits");
    assert_eq!(y.dims(), [256, 1]);
    let Routing::Tokens(routing) = routing else {
        unreachable!("top-k sends tokens")
    };
    let mut evidence = ExpertEvidence::new(4, 1);
    let answers = answers(x.clone(), &routing, &layer.experts).expect("the sizes agree");
    evidence.observe(&routing, &answers).expect("answers are finite");
    let scores = scores_of(&Reap, &evidence).expect("tokens were seen");
    let kept = keep_experts(&scores, 1, layer.router.needs()).expect("three are enough");
    let pruned = layer.keep(kept.indices()).expect("the experts exist");
    let (y, _) = pruned.forward(x, None).expect("finite logits");
    assert!(y.into_data().iter::<f32>().all(f32::is_finite));
}
