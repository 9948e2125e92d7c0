//! Shapes that a configuration prescribes, computed without overflow: it may come from any file.

use super::{LayerConfig, StateConfig};
use crate::layers::basis::BasisConfig;
use crate::layers::nodes::Width;
use crate::{KanError, Result};

/// Shapes of the tensors of one layer.
pub(super) struct Shapes {
    pub(super) coefficients: [usize; 3],
    pub(super) edges: [usize; 2],
    /// Shape of the knots of splines.
    pub(super) knots: Option<[usize; 2]>,
    pub(super) subnodes: [usize; 1],
    pub(super) nodes: [usize; 1],
    /// Shape of the parameters of curves.
    pub(super) curves: [usize; 1],
}

impl Shapes {
    /// Computes the shapes of each layer; the widths and the numbers of each basis are checked where layers are made.
    pub(super) fn of(config: &StateConfig) -> Result<Vec<Self>> {
        let StateConfig { widths, layers, .. } = config;
        if widths.len() != layers.len() + 1 {
            return Err(KanError::Length {
                what: "widths of layers",
                expected: layers.len() + 1,
                got: widths.len(),
            });
        }
        let of_layer = |(pair, layer): (&[Width], &LayerConfig)| {
            Self::of_layer(pair[0], pair[1], layer).ok_or(KanError::OutOfRange {
                what: "the size of a layer",
                range: "what memory can hold",
                got: f64::INFINITY,
            })
        };
        widths.windows(2).zip(layers).map(of_layer).collect()
    }

    fn of_layer(before: Width, width: Width, layer: &LayerConfig) -> Option<Self> {
        let d_input = before.sums.checked_add(before.products)?;
        let n_nodes = width.sums.checked_add(width.products)?;
        let n_subnodes = width.products.checked_mul(width.arity)?.checked_add(width.sums)?;
        let (n_basis, n_knots) = match layer.basis {
            BasisConfig::BSpline { degree, n_intervals } => {
                let n_basis = degree.checked_add(n_intervals)?;
                (n_basis, Some(n_basis.checked_add(degree)?.checked_add(1)?))
            }
            BasisConfig::Chebyshev { degree } => (degree.checked_add(1)?, None),
            BasisConfig::GaussianRbf { n_centres } => (n_centres, None),
        };
        Some(Self {
            coefficients: [d_input, n_basis, n_subnodes],
            edges: [d_input, n_subnodes],
            knots: n_knots.map(|n_knots| [d_input, n_knots]),
            subnodes: [n_subnodes],
            nodes: [n_nodes],
            curves: [layer.curves.iter().map(|edge| edge.shape.n_parameters()).sum()],
        })
    }
}
