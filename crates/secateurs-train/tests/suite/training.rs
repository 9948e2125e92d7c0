//! What is trained in these tests, and how it is looked at.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_tensor::{MaskSet, PathRules, Pattern};
use secateurs_train::{
    AdmmSettings, Constraint, Gradients, MicroBatch, PenaltySchedule, StateSlice, StepReport, TrainConfig, TrainError,
    Trainer,
};

/// Two linear layers and an embedding that nothing prunes.
#[derive(Module, Debug)]
pub struct Net {
    pub embed: Param<Tensor<2>>,
    pub first: Linear,
    pub second: Linear,
}

pub const INPUTS: usize = 8;
pub const OUTPUTS: usize = 6;

impl Net {
    pub fn new(device: &Device) -> Self {
        let matrix = |outer, inner, speed: f32| {
            let values: Vec<f32> = (0..outer * inner)
                .map(|i| 0.3 * (1.0 + i as f32 * speed).sin())
                .collect();
            Tensor::from_data(TensorData::new(values, [outer, inner]), device)
        };
        let layer = |d_input, d_output, speed| {
            let mut linear = LinearConfig::new(d_input, d_output).init(device);
            linear.weight = Param::from_tensor(matrix(d_input, d_output, speed));
            linear.bias = Some(Param::from_tensor(Tensor::ones([d_output], device) * 0.1));
            linear
        };
        Self {
            embed: Param::from_tensor(matrix(4, INPUTS, 0.37)),
            first: layer(INPUTS, 16, 1.91),
            second: layer(16, OUTPUTS, 2.53),
        }
    }

    pub fn loss(&self, batch: MicroBatch) -> Tensor<1> {
        let hidden = self.first.forward(self.embed.val()).powi_scalar(2);
        let wanted = 0.1 * (batch.index % 5) as f32;
        (self.second.forward(hidden) - wanted).powi_scalar(2).mean()
    }
}

pub fn objective(net: &Net, batch: MicroBatch) -> Result<Gradients, TrainError> {
    Gradients::of(net.loss(batch), net, batch)
}

pub fn device() -> Device {
    secateurs_testkit::device().autodiff()
}

pub fn pattern(text: &str) -> Pattern {
    text.parse().expect("a valid pattern")
}

pub fn admm(text: &str) -> AdmmSettings {
    AdmmSettings {
        interval: 4,
        penalty: PenaltySchedule::constant(0.5),
        ..AdmmSettings::new(pattern(text), PathRules::default())
    }
}

pub fn config(steps: usize, admm: AdmmSettings) -> TrainConfig {
    TrainConfig::new(steps, 0.01, Constraint::Admm(admm))
}

pub fn trained(config: TrainConfig) -> (Net, MaskSet) {
    let mut trainer = Trainer::new(Net::new(&device()), config).expect("the settings are valid");
    while !trainer.is_done() {
        trainer.step(&mut objective).expect("trains");
    }
    trainer.finish().expect("finite")
}

pub fn state<M: Module>(trainer: &Trainer<M>) -> BTreeMap<String, Vec<u8>> {
    let mut pieces = BTreeMap::new();
    trainer.visit_state(&mut |name, slice| {
        let bytes = match slice {
            StateSlice::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            StateSlice::Bf16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            StateSlice::U8(values) => values.to_vec(),
        };
        assert!(pieces.insert(name.to_owned(), bytes).is_none(), "{name} occurs twice");
    });
    pieces
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|raw| f32::from_le_bytes(*raw))
        .collect()
}

/// `f(x) = sum_i a_i (x_i - t_i)^2 / 2`, and the vectors involved, one output.
pub struct Quadratic {
    pub a: Vec<f32>,
    pub t: Vec<f32>,
    pub start: Vec<f32>,
}

impl Quadratic {
    pub fn new(n: usize) -> Self {
        let wave = |i: usize, f: f32| (i as f32 * f).sin();
        Self {
            a: (0..n).map(|i| 1.0 + 0.5 * wave(i, 0.9)).collect(),
            t: (0..n).map(|i| wave(i, 1.7) + 0.3 * wave(i, 0.21)).collect(),
            start: (0..n).map(|i| wave(i, 2.3)).collect(),
        }
    }

    pub fn linear(&self, device: &Device) -> Linear {
        let n = self.start.len();
        let mut linear = LinearConfig::new(n, 1).with_bias(false).init(device);
        let data = TensorData::new(self.start.clone(), [n, 1]);
        linear.weight = Param::from_tensor(Tensor::from_data(data, device));
        linear
    }

    pub fn column(&self, values: &[f32], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), device)
    }

    /// Trains and gives the trainer after its last step.
    pub fn train(&self, config: TrainConfig) -> (Trainer<Linear>, Vec<StepReport>) {
        let device = device();
        let (a, t) = (self.column(&self.a, &device), self.column(&self.t, &device));
        let mut trainer = Trainer::new(self.linear(&device), config).expect("the settings are valid");
        let mut reports = Vec::new();
        while !trainer.is_done() {
            let report = trainer.step(&mut |linear, batch| {
                let error = linear.weight.val() - t.clone();
                Gradients::of((a.clone() * error.powi_scalar(2)).sum() * 0.5, linear, batch)
            });
            reports.push(report.expect("trains"));
        }
        (trainer, reports)
    }
}

pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}
