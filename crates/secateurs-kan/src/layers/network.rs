//! A Kolmogorov-Arnold network: layers one after the other.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_ops::{Beyond, MAX_DEGREE};

use crate::layers::basis::{BSpline, Basis, BasisConfig, Chebyshev, GaussianRbf};
use crate::layers::grid::Grid;
use crate::layers::layer::{KanLayer, LayerActivations};
use crate::layers::nodes::{Affine, Nodes, Width};
use crate::scaling::scale::Scale;
use crate::scaling::scales::{Scales, check};
use crate::training::fit_columns::interpolating;
use crate::{KanError, Result};

/// The edges of a new network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wiring {
    /// All edges between neighbouring layers.
    #[default]
    Dense,
    /// Edges from each input and each output to the nearest on the other side, both spread over the unit interval.
    Sparse,
}

/// The configuration of a new network.
#[derive(Debug, Clone, PartialEq)]
pub struct KanConfig {
    widths: Vec<Width>,
    basis: BasisConfig,
    /// Scale of the inputs; taken from the first data if there is none.
    scale: Option<Scale>,
    /// Behaviour of splines beyond their grid.
    pub beyond: Beyond,
    /// Width of the uniform noise at the knots of new splines, in units of `1 / n_intervals`; without it they are zero
    /// there.
    pub noise: f64,
    /// Mean of the weights of SiLU, times `1 / sqrt(d_input)`.
    pub base_mean: f64,
    /// The half width of the uniform distribution of the weights of SiLU, times `1 / sqrt(d_input)`.
    pub base_spread: f64,
    /// Edges of the network.
    pub wiring: Wiring,
    /// Whether scales and biases of nodes learn.
    pub affine: Affine,
    /// Precision of all tensors.
    pub dtype: FloatDType,
}

impl KanConfig {
    /// A network from inputs (the first width) to outputs (the last), with defaults as in pykan.
    ///
    /// # Errors
    ///
    /// If there are fewer than two widths, one is empty, the first has products, an arity is below 2, or a number of the
    /// basis is out of range.
    pub fn new<W: Into<Width>>(widths: impl IntoIterator<Item = W>, basis: BasisConfig) -> Result<Self> {
        let widths: Vec<Width> = widths.into_iter().map(Into::into).collect();
        let inputs_multiply = widths.first().is_some_and(|width| width.products > 0);
        let empty = |width: &Width| width.n_nodes() == 0 || width.arity < 2;
        if widths.len() < 2 || inputs_multiply || widths.iter().any(empty) {
            let widths = widths.iter().map(|width| [width.sums, width.products]).collect();
            return Err(KanError::EmptyLayer { widths });
        }
        let (what, range, got, good) = match basis {
            BasisConfig::BSpline { degree, .. } if !(1..=MAX_DEGREE).contains(&degree) => {
                ("degree", "from 1 to 5", degree, false)
            }
            BasisConfig::BSpline { n_intervals, .. } => ("n_intervals", "at least 1", n_intervals, n_intervals > 0),
            BasisConfig::Chebyshev { degree } => ("degree", "at least 1", degree, degree > 0),
            BasisConfig::GaussianRbf { n_centres } => ("n_centres", "at least 2", n_centres, n_centres > 1),
        };
        if !good {
            let got = got as f64;
            return Err(KanError::OutOfRange { what, range, got });
        }
        Ok(Self {
            widths,
            basis,
            scale: None,
            beyond: Beyond::Taper,
            noise: 0.3,
            base_mean: 0.0,
            base_spread: 1.0,
            wiring: Wiring::Dense,
            affine: Affine::Fixed,
            dtype: FloatDType::F32,
        })
    }

    /// Sets the precision.
    pub fn with_dtype(self, dtype: FloatDType) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the range of the inputs, whatever the data are: the interior knots of the first layer span it, and the
    /// network maps it to -1 to 1. A range that is empty or not finite leaves it as it is.
    pub fn with_range(self, range: [f64; 2]) -> Self {
        let scale = Scale::of_range(range).ok().filter(|_| range[0] < range[1]);
        Self {
            scale: scale.or(self.scale),
            ..self
        }
    }

    /// Sets the behaviour of splines beyond the grid.
    pub fn with_beyond(self, beyond: Beyond) -> Self {
        Self { beyond, ..self }
    }

    /// Sets the edges.
    pub fn with_wiring(self, wiring: Wiring) -> Self {
        Self { wiring, ..self }
    }

    /// Sets whether scales and biases learn.
    pub fn with_affine(self, affine: Affine) -> Self {
        Self { affine, ..self }
    }

    /// Nodes of each layer, inputs first.
    pub fn widths(&self) -> &[Width] {
        &self.widths
    }

    /// The functions on the edges.
    pub fn basis(&self) -> BasisConfig {
        self.basis
    }

    /// Creates a network with random parameters; the same for the same seed.
    pub fn init(&self, seed: u64, device: &Device) -> Kan {
        let mut rng = StdRng::seed_from_u64(seed);
        let layers = self
            .widths
            .windows(2)
            .map(|pair| self.layer(pair[0].n_nodes(), pair[1], &mut rng, device));
        let scales = Scales {
            inputs: self.scale.map(|scale| vec![scale; self.widths[0].n_nodes()]),
            outputs: None,
        };
        Kan {
            layers: layers.collect(),
            scales,
        }
    }

    fn layer(&self, d_input: usize, width: Width, rng: &mut StdRng, device: &Device) -> KanLayer {
        let dtype = DType::from(self.dtype);
        let n_subnodes = width.n_subnodes();
        let scale = 1.0 / (d_input as f64).sqrt();
        let mut uniform = |half: f64| (2.0 * rng.random::<f64>() - 1.0) * half;
        let n_basis = self.basis.n_basis();
        let coefficients: Vec<f64> = match self.basis {
            BasisConfig::BSpline { degree, n_intervals } => {
                let grid = self.grid(1, degree, n_intervals);
                let half = 0.5 * self.noise / n_intervals as f64 * scale;
                let noise: Vec<f64> = (0..(n_intervals + 1) * d_input * n_subnodes)
                    .map(|_| uniform(half))
                    .collect();
                interpolating(&grid, &noise, d_input, n_subnodes)
            }
            _ => {
                let half = 3f64.sqrt() * scale / n_basis as f64;
                (0..d_input * n_basis * n_subnodes).map(|_| uniform(half)).collect()
            }
        };
        let base: Vec<f64> = (0..d_input * n_subnodes)
            .map(|_| (self.base_mean + uniform(self.base_spread)) * scale)
            .collect();
        let tensor =
            |data: Vec<f64>| Tensor::<1>::from_data(TensorData::new(data.clone(), [data.len()]), (device, dtype));
        let keep = match self.wiring {
            Wiring::Dense => None,
            Wiring::Sparse => Some(tensor(nearest(d_input, n_subnodes)).reshape([d_input, n_subnodes])),
        };
        KanLayer {
            basis: match self.basis {
                BasisConfig::BSpline { degree, n_intervals } => Basis::BSpline(BSpline::new(
                    &self.grid(d_input, degree, n_intervals),
                    self.beyond,
                    device,
                    dtype,
                )),
                BasisConfig::Chebyshev { degree } => Basis::Chebyshev(Chebyshev::new(degree)),
                BasisConfig::GaussianRbf { n_centres } => {
                    Basis::GaussianRbf(GaussianRbf::new(n_centres, device, dtype))
                }
            },
            coefficients: Param::from_tensor(tensor(coefficients).reshape([d_input, n_basis, n_subnodes])),
            base: Param::from_tensor(tensor(base).reshape([d_input, n_subnodes])),
            keep,
            symbolic: None,
            nodes: Nodes::new(width, self.affine, device, dtype),
        }
    }

    fn grid(&self, d_input: usize, degree: usize, n_intervals: usize) -> Grid {
        Grid::uniform(d_input, degree, n_intervals, [-1.0, 1.0]).expect("the intervals were checked")
    }
}

/// A mask with 1 for edges between nearest neighbours of two rows of points at `(k + 0.5) / n`.
fn nearest(d_input: usize, d_output: usize) -> Vec<f64> {
    let mut keep = vec![0.0; d_input * d_output];
    let other = |k: usize, n: usize, m: usize| ((k as f64 + 0.5) / n as f64 * m as f64) as usize;
    for input in 0..d_input {
        keep[input * d_output + other(input, d_input, d_output)] = 1.0;
    }
    for output in 0..d_output {
        keep[other(output, d_output, d_input) * d_output + output] = 1.0;
    }
    keep
}

/// A Kolmogorov-Arnold network: layers one after the other, and the scales between them and the user's units.
///
/// Layers take and give numbers of everyday size: the first one takes `(x - centre) / size`, and outputs are
/// `centre + size y` of the last one's outputs `y`. All functions of a network take inputs and give outputs in the
/// units of the user, in the precision of the inputs; what is said of a layer by itself is in scaled numbers.
#[derive(Module, Debug)]
pub struct Kan {
    /// Layers from the inputs to the outputs.
    pub layers: Vec<KanLayer>,
    #[module(skip)]
    pub(crate) scales: Scales,
}

impl From<Vec<KanLayer>> for Kan {
    /// A network whose scales will be taken from data.
    fn from(layers: Vec<KanLayer>) -> Self {
        let scales = Scales::default();
        Self { layers, scales }
    }
}

impl Kan {
    /// Applies the network: maps `[batch, d_input]` to `[batch, d_output]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward_from(0, x)
    }

    /// Activations of every layer: the inputs of the first and the outputs of the last in the units of the user.
    pub fn activations(&self, x: Tensor<2>) -> Vec<LayerActivations> {
        let mut all: Vec<LayerActivations> = Vec::new();
        let mut input = self.scaled(x.clone());
        for layer in &self.layers {
            let activations = layer.activations(input);
            input = activations.output.clone();
            all.push(activations);
        }
        let output = self.unscaled(input, x.dtype());
        if let Some(last) = all.last_mut() {
            last.output = output;
        }
        if let Some(first) = all.first_mut() {
            first.input = x;
        }
        all
    }

    /// Computes the outputs from the nodes of one layer, `[batch, n_nodes]`; for layer 0 these are the inputs.
    pub fn forward_from(&self, layer: usize, nodes: Tensor<2>) -> Tensor<2> {
        let dtype = nodes.dtype();
        let nodes = if layer == 0 { self.scaled(nodes) } else { nodes };
        self.unscaled(self.forward_scaled(layer, nodes), dtype)
    }

    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.layers[0].d_input()
    }

    /// Number of outputs.
    pub fn d_output(&self) -> usize {
        self.layers[self.layers.len() - 1].width().n_nodes()
    }

    /// Nodes of each layer, inputs first.
    pub fn widths(&self) -> Vec<Width> {
        let first = Width::sums(self.d_input());
        std::iter::once(first)
            .chain(self.layers.iter().map(KanLayer::width))
            .collect()
    }

    /// Number of edges that were not pruned.
    pub fn n_edges(&self) -> usize {
        let of_layer = |layer: &KanLayer| layer.present().iter().filter(|present| **present).count();
        self.layers.iter().map(of_layer).sum()
    }

    /// Device and precision of the parameters.
    pub fn place(&self) -> (Device, DType) {
        let base = self.layers[0].base.val();
        (base.device(), base.dtype())
    }

    /// Rows of numbers as a tensor on the device of the parameters: `[rows, columns]`.
    ///
    /// In double precision where the device has it, whatever the precision of the network is: seconds since 1970 lose digits in
    /// single precision that they still have when they are scaled.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn tensor(&self, values: &[f64], columns: usize) -> Result<Tensor<2>> {
        check(values, columns)?;
        let (device, dtype) = self.place();
        let dtype = if device.supports_dtype(FloatDType::F64) {
            DType::F64
        } else {
            dtype
        };
        let rows = values.len() / columns.max(1);
        Ok(Tensor::from_data(
            TensorData::new(values.to_vec(), [rows, columns]),
            (&device, dtype),
        ))
    }
}
