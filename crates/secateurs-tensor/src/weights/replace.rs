//! Puts matrices back into a module.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

use crate::error::{Result, TensorError};
use crate::weights::layout::WeightLayout;
use crate::weights::matrix::WeightMatrix;
use crate::weights::place::Place;

/// The module with the weights at the given paths replaced; all other parameters are untouched.
///
/// The inverse of [`read_weights`](crate::read_weights): linears (rank 2) and 2-d convolutions (rank 4). What is attached to a
/// replaced parameter is dropped.
///
/// # Errors
///
/// [`TensorError::UnknownParameter`] if a path names no such weight, [`TensorError::ParameterMismatch`] if a matrix has
/// other dimensions than its parameter.
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use secateurs_tensor::{PathRules, WeightMatrix, read_weights, replace_weights};
///
/// let linear = LinearConfig::new(2, 1).init(&secateurs_testkit::device());
/// let weight = WeightMatrix::new(vec![0.5, -3.0], [1, 2])?;
/// let linear = replace_weights(linear, [("weight".to_owned(), weight.clone())].into())?;
/// assert_eq!(read_weights(&linear, &PathRules::default()), [("weight".to_owned(), weight)]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn replace_weights<M: Module>(module: M, weights: BTreeMap<String, WeightMatrix>) -> Result<M> {
    let mut replacer = Replacer {
        weights,
        place: Place::default(),
        error: None,
    };
    let module = module.map(&mut replacer);
    match (replacer.error, replacer.weights.into_keys().next()) {
        (Some(error), _) => Err(error),
        (None, Some(path)) => Err(TensorError::UnknownParameter { path }),
        (None, None) => Ok(module),
    }
}

struct Replacer {
    weights: BTreeMap<String, WeightMatrix>,
    place: Place,
    error: Option<TensorError>,
}

impl ModuleMapper for Replacer {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.place.path();
        if !self.place.holds_weight(D) {
            return param;
        }
        let Some(weight) = self.weights.remove(&path) else {
            return param;
        };
        // Not the lazy shape: a column-major linear layer transposes when it is initialised.
        let layout = WeightLayout::of(&param.val().dims()).expect("a place of weights holds matrices");
        if weight.dims() != layout.dims() {
            self.error = Some(TensorError::ParameterMismatch {
                path,
                expected: layout.dims(),
                got: weight.dims(),
            });
            return param;
        }
        param.map(|dense| overwrite(&dense, &weight, layout))
    }
}

/// A tensor like `dense` with the values of `weight`.
fn overwrite<const D: usize>(dense: &Tensor<D>, weight: &WeightMatrix, layout: WeightLayout) -> Tensor<D> {
    let values = layout.to_stored(weight.values());
    let tensor = Tensor::from_data(TensorData::new(values, dense.dims()), &dense.device());
    tensor.set_require_grad(dense.is_require_grad())
}
