//! Learners made of Kolmogorov-Arnold networks.

use burn::module::Module;
use burn::tensor::{DType, Device, FloatDType, Tensor};
use secateurs_kan::{
    BasisConfig, Beyond, Covariance, GridUpdates, Kan, KanConfig, KanError, Penalty, Scale, Scales, Width, Wiring,
};

use crate::Result;
use crate::learners::base::{Base, Network, Output};

/// Kolmogorov-Arnold networks with some hidden layers; without any, outcomes are sums of functions of one covariate
/// each (KAAM).
///
/// Defaults: splines keep the value at their end beyond the training rows (a new patient outside them should not lose the
/// constant that a spline holds), grids follow the data in the first 50 steps, and the penalty has entropies with weight 0.1.
#[derive(Debug, Clone, PartialEq)]
pub struct KanBase {
    /// Nodes of the hidden layers.
    pub hidden: Vec<Width>,
    /// The functions on the edges.
    pub basis: BasisConfig,
    /// Behaviour of splines beyond their grid.
    pub beyond: Beyond,
    /// Edges of the network.
    pub wiring: Wiring,
    /// Precision of all tensors.
    pub dtype: FloatDType,
    /// Penalty on the size of the networks, relative to the loss of outcomes in training units.
    pub penalty: Penalty,
    /// Steps at which grids move; none if they stay.
    pub grids: Option<GridUpdates>,
}

impl KanBase {
    /// Networks in double precision without penalty.
    pub fn new<W: Into<Width>>(hidden: impl IntoIterator<Item = W>, basis: BasisConfig) -> Self {
        Self {
            hidden: hidden.into_iter().map(Into::into).collect(),
            basis,
            beyond: Beyond::Clamp,
            wiring: Wiring::Dense,
            dtype: FloatDType::F64,
            penalty: Penalty {
                entropy: 0.1,
                ..Penalty::default()
            },
            grids: Some(GridUpdates::default()),
        }
    }

    /// Networks without hidden layer.
    pub fn additive(basis: BasisConfig) -> Self {
        Self::new(Vec::<Width>::new(), basis)
    }

    /// Sets a penalty of this weight.
    pub fn with_lambda(mut self, lambda: f64) -> Self {
        self.penalty.lambda = lambda;
        self
    }

    /// Sets grids that stay, for instance for further training of a pruned network.
    pub fn with_fixed_grids(self) -> Self {
        Self { grids: None, ..self }
    }
}

impl Base for KanBase {
    type Network = Kan;
    /// The covariance of the first layer; none without a penalty.
    type Prepared = Option<Covariance>;

    fn init(&self, d_input: usize, outputs: &[Output], seed: u64, device: &Device) -> Result<Kan> {
        let ends = [Width::sums(d_input), Width::sums(outputs.len())];
        let widths = ends[..1].iter().chain(&self.hidden).chain(&ends[1..]).copied();
        let config = KanConfig::new(widths, self.basis)?
            .with_beyond(self.beyond)
            .with_wiring(self.wiring)
            .with_dtype(self.dtype);
        Ok(config.init(seed, device))
    }

    fn prepared(&self, network: &Kan, x: &Tensor<2>) -> Option<Covariance> {
        (self.penalty.lambda != 0.0).then(|| network.valid().covariance(x.clone()))
    }

    fn penalty(&self, network: &Kan, x: Tensor<2>, first: &Option<Covariance>) -> Option<Tensor<1>> {
        let first = first.as_ref()?.to_device(&x.device());
        Some(self.penalty.with_covariance(network, x, &first))
    }

    fn before_step(&self, network: Kan, x: &Tensor<2>, step: usize) -> Result<(Kan, bool), KanError> {
        match &self.grids {
            Some(updates) => updates.before_step(network, x, step),
            None => Ok((network, false)),
        }
    }
}

impl Network for Kan {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        Kan::forward(self, x)
    }

    fn shape(&self) -> [usize; 2] {
        [self.d_input(), self.d_output()]
    }

    fn place(&self) -> (Device, DType) {
        Kan::place(self)
    }

    fn with_scales_of(self, x: &[f64]) -> Result<Self, KanError> {
        let Scales { inputs: None, outputs } = self.scales().clone() else {
            return Ok(self);
        };
        let inputs = Some(scales_of(x, self.d_input(), Scale::of_column)?);
        self.with_scales(Scales { inputs, outputs })
    }

    fn with_outputs_mapped(self, scale: &[f64], shift: &[f64]) -> Result<Self, KanError> {
        Kan::with_outputs_mapped(self, scale, shift)
    }
}

/// The scale of each column of rows.
pub(crate) fn scales_of(x: &[f64], columns: usize, scale: fn(&[f64]) -> Scale) -> Result<Vec<Scale>, KanError> {
    let rows = x.len() / columns.max(1);
    if rows == 0 || rows * columns != x.len() {
        return Err(KanError::Length {
            what: "rows",
            expected: rows.max(1) * columns,
            got: x.len(),
        });
    }
    let column = |index: usize| x.iter().skip(index).step_by(columns).copied().collect::<Vec<f64>>();
    Ok((0..columns).map(|index| scale(&column(index))).collect())
}
