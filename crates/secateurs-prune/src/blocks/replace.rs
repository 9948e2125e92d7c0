//! Puts pruned matrices back into a module.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use secateurs_tensor::{TensorError, WeightMatrix};

/// The module with the linear weights at the given paths replaced; all other parameters are untouched.
///
/// # Errors
///
/// If a path names no rank-2 parameter, or a matrix has other dimensions than its parameter.
pub fn replace_weights<M: Module>(module: M, weights: BTreeMap<String, WeightMatrix>) -> Result<M, TensorError> {
    let mut replacer = Replacer {
        weights,
        path: Vec::new(),
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
    path: Vec<String>,
    error: Option<TensorError>,
}

impl ModuleMapper for Replacer {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D != 2 {
            return param;
        }
        let path = self.path.join(".");
        let Some(weight) = self.weights.remove(&path) else {
            return param;
        };
        let shape = param.lazy_shape();
        let [d_output, d_input] = weight.dims();
        if shape.as_slice() != [d_input, d_output] {
            self.error = Some(TensorError::ParameterMismatch {
                path,
                expected: [shape[1], shape[0]],
                got: weight.dims(),
            });
            return param;
        }
        let id = param.id;
        let tensor = weight.into_linear(&param.lazy_device()).reshape(shape);
        param.transform_for_load(tensor, id)
    }
}
