//! Constants in the place of experts: the removal of an expert must not remove its mean answer.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use super::evidence::ExpertEvidence;
use crate::error::{MoeError, Result};
use crate::expert::Expert;
use crate::layer::MoeLayer;

/// Replacement of removed experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// No replacement: the router chooses among the others.
    #[default]
    Nothing,
    /// The expert's mean answer `E[f | routed]`, still multiplied by its gate; the router decides as before.
    Mean,
}

/// An expert with one answer to every token.
#[derive(Module, Debug)]
pub struct Constant {
    /// `[d_model]`
    pub answer: Param<Tensor<1>>,
}

impl Constant {
    /// A constant with this answer.
    pub fn new(answer: &[f64], device: &Device) -> Self {
        let data = TensorData::new(answer.to_vec(), [answer.len()]).convert::<f32>();
        Self {
            answer: Param::from_tensor(Tensor::from_data(data, device)),
        }
    }
}

impl Expert for Constant {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        let n_tokens = tokens.dims()[0];
        self.answer.val().unsqueeze::<2>().repeat_dim(0, n_tokens)
    }
}

/// An expert, or a constant in its place.
#[derive(Module, Debug)]
pub enum ExpertOrConstant<E: Module> {
    /// The expert.
    Expert(E),
    /// The constant in its place.
    Constant(Constant),
}

impl<E: Module + Expert> Expert for ExpertOrConstant<E> {
    fn answer(&self, tokens: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Expert(expert) => expert.answer(tokens),
            Self::Constant(constant) => constant.answer(tokens),
        }
    }
}

/// Replaces every expert that is not in `kept` by its mean answer; the router decides as before.
///
/// An expert that answered no calibration token becomes zero.
///
/// # Errors
///
/// If the evidence is of another number of experts.
///
/// # References
///
/// MoNE, arXiv 2507.00390.
pub fn constants<E: Module + Expert>(
    layer: MoeLayer<E>,
    kept: &[usize],
    evidence: &ExpertEvidence,
) -> Result<MoeLayer<ExpertOrConstant<E>>> {
    MoeError::check_size("experts", layer.experts.len(), evidence.experts().len())?;
    let device = layer.gate.weight.device();
    let replace = |(index, (expert, sums)): (usize, (E, &super::ExpertSums))| {
        if kept.contains(&index) {
            ExpertOrConstant::Expert(expert)
        } else {
            ExpertOrConstant::Constant(Constant::new(&sums.mean_answer(), &device))
        }
    };
    let experts = layer.experts.into_iter().zip(evidence.experts()).enumerate();
    Ok(MoeLayer {
        experts: experts.map(replace).collect(),
        gate: layer.gate,
        router: layer.router,
    })
}
