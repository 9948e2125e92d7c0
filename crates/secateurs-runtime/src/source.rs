//! The source of a model's weights, by the list of its tensors.

use std::collections::HashMap;

use secateurs_data::llama::{LlamaConfig, LlamaRole, LlamaTensor};
use secateurs_sparse::PackedMatrix;

use crate::error::RuntimeError;
use crate::weights::{BlockWeights, LlamaWeights};

/// A source of the tensors of a dense model.
pub(crate) trait WeightSource {
    /// The values of a vector.
    fn vector(&self, tensor: &LlamaTensor) -> Result<Vec<f32>, RuntimeError>;

    /// A matrix of the given `[d_output, d_input]`.
    fn matrix(&self, tensor: &LlamaTensor, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError>;

    /// Reads all tensors of a block or outside the blocks; one after another by default.
    fn tensors(&self, planned: &[LlamaTensor]) -> Result<Vec<Weights>, RuntimeError> {
        planned.iter().map(|tensor| self.weights(tensor)).collect()
    }

    /// Reads one tensor.
    fn weights(&self, tensor: &LlamaTensor) -> Result<Weights, RuntimeError> {
        Ok(match tensor.plan.dims() {
            Some(dims) => Weights::Matrix(self.matrix(tensor, dims)?),
            None => Weights::Vector(self.vector(tensor)?),
        })
    }
}

/// The weights of one tensor.
pub(crate) enum Weights {
    Vector(Vec<f32>),
    Matrix(PackedMatrix),
}

impl LlamaWeights {
    /// Reads all tensors of a dense model; `listener` is called with the number of blocks done and their total.
    ///
    /// # Errors
    ///
    /// If the model is a mixture of experts, and the errors of the source.
    pub(crate) fn of_source(
        config: LlamaConfig,
        source: &dyn WeightSource,
        listener: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, RuntimeError> {
        config.check_dense("the engine")?;
        let mut blocks = Vec::with_capacity(config.n_blocks);
        for index in 0..config.n_blocks {
            blocks.push(ByRole::read(&config.block_tensors(index), source)?.into_block());
            listener(index + 1, config.n_blocks);
        }
        let mut outer = ByRole::read(&config.outer_tensors(), source)?;
        Ok(Self {
            blocks,
            embedding: outer.matrix(LlamaRole::Embedding),
            norm: outer.vector(LlamaRole::FinalNorm),
            head: (!config.tied_head).then(|| outer.matrix(LlamaRole::Head)),
            config,
        })
    }
}

/// Tensors by their role; each is taken once.
struct ByRole {
    vectors: HashMap<LlamaRole, Vec<f32>>,
    matrices: HashMap<LlamaRole, PackedMatrix>,
}

impl ByRole {
    fn read(planned: &[LlamaTensor], source: &dyn WeightSource) -> Result<Self, RuntimeError> {
        let (mut vectors, mut matrices) = (HashMap::new(), HashMap::new());
        for (tensor, weights) in planned.iter().zip(source.tensors(planned)?) {
            match weights {
                Weights::Vector(values) => drop(vectors.insert(tensor.role, values)),
                Weights::Matrix(matrix) => drop(matrices.insert(tensor.role, matrix)),
            }
        }
        Ok(Self { vectors, matrices })
    }

    fn into_block(mut self) -> BlockWeights {
        BlockWeights {
            attention_norm: self.vector(LlamaRole::AttentionNorm),
            query: self.matrix(LlamaRole::Query),
            key: self.matrix(LlamaRole::Key),
            value: self.matrix(LlamaRole::Value),
            output: self.matrix(LlamaRole::AttentionOutput),
            mlp_norm: self.vector(LlamaRole::MlpNorm),
            gate: self.matrix(LlamaRole::Gate),
            up: self.matrix(LlamaRole::Up),
            down: self.matrix(LlamaRole::Down),
        }
    }

    fn vector(&mut self, role: LlamaRole) -> Vec<f32> {
        let vector = self.vectors.remove(&role);
        vector.expect("every dense model has one vector of this role")
    }

    fn matrix(&mut self, role: LlamaRole) -> PackedMatrix {
        let matrix = self.matrices.remove(&role);
        matrix.expect("every dense model has one matrix of this role")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use secateurs_data::llama::planned_tensors;
    use secateurs_sparse::{Format, ValueType};

    use super::*;
    use crate::one_billion;

    /// A source of zeros that records the requests.
    #[derive(Default)]
    struct Recorder {
        names: RefCell<BTreeSet<String>>,
    }

    impl WeightSource for Recorder {
        fn vector(&self, tensor: &LlamaTensor) -> Result<Vec<f32>, RuntimeError> {
            self.names.borrow_mut().insert(tensor.plan.name.clone());
            Ok(vec![0.0; tensor.plan.n_values()])
        }

        fn matrix(&self, tensor: &LlamaTensor, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError> {
            self.names.borrow_mut().insert(tensor.plan.name.clone());
            let zeros = vec![0.0; tensor.plan.n_values()];
            Ok(PackedMatrix::pack(&zeros, dims, Format::Dense, ValueType::F32).expect("zeros can be packed"))
        }
    }

    #[test]
    fn what_is_read_is_what_is_planned() {
        for tied_head in [true, false] {
            let config = LlamaConfig {
                d_model: 8,
                d_ffn: 12,
                n_blocks: 3,
                n_heads: 2,
                n_kv_heads: 1,
                d_head: 4,
                vocab_size: 5,
                tied_head,
                ..one_billion()
            };
            let planned = planned_tensors(&config).into_iter().map(|tensor| tensor.name).collect();
            let recorder = Recorder::default();
            LlamaWeights::of_source(config, &recorder, &mut |_, _| {}).expect("zeros are weights");
            assert_eq!(recorder.names.into_inner(), planned);
        }
    }
}
