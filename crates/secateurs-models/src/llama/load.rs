//! Parameters between modules and checkpoint files. A parameter's path in the module is its name in the file.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, CheckpointWriter};

use super::model::Llama;
use crate::ModelError;

/// Loads a whole Llama.
///
/// # Errors
///
/// If the configuration is not a Llama's, a tensor is missing, of another shape than the configuration implies, or
/// not finite.
pub fn load_llama(checkpoint: &Checkpoint, device: &Device) -> Result<(LlamaConfig, Llama), ModelError> {
    let config = LlamaConfig::from_json(checkpoint.config())?;
    let llama = fill(Llama::new(&config, device), "", &|name| Ok(checkpoint.read_f32(name)?))?;
    Ok((config, llama))
}

/// Writes every parameter of the model.
///
/// # Errors
///
/// If the writer refuses a tensor.
pub fn save_llama(llama: &Llama, writer: &CheckpointWriter) -> Result<(), ModelError> {
    write_module(llama, "", writer)
}

/// Reads every parameter of `module` by its path after `prefix`.
pub(crate) fn fill<M: Module>(
    module: M,
    prefix: &str,
    read: &dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
) -> Result<M, ModelError> {
    let mut filler = Filler {
        read,
        path: path_of(prefix),
        error: None,
    };
    let module = module.map(&mut filler);
    filler.error.map_or(Ok(module), Err)
}

/// Writes every parameter of `module` by its path after `prefix`.
pub(crate) fn write_module<M: Module>(module: &M, prefix: &str, writer: &CheckpointWriter) -> Result<(), ModelError> {
    let mut saver = Saver {
        writer,
        path: path_of(prefix),
        error: None,
    };
    module.visit(&mut saver);
    saver.error.map_or(Ok(()), Err)
}

fn path_of(prefix: &str) -> Vec<String> {
    prefix
        .split('.')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Files hold linears as `[d_output, d_input]`, burn as `[d_input, d_output]`; embeddings agree.
fn is_linear(name: &str, rank: usize) -> bool {
    rank == 2 && !name.ends_with("embed_tokens.weight")
}

struct Filler<'a> {
    read: &'a dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
    path: Vec<String>,
    error: Option<ModelError>,
}

impl Filler<'_> {
    fn tensor<const D: usize>(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor<D>, ModelError> {
        let values = (self.read)(name)?;
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(ModelError::NotFinite {
                name: name.to_owned(),
                index,
                value: values[index],
            });
        }
        if values.len() != shape.iter().product::<usize>() {
            let (expected, got) = (shape.to_vec(), vec![values.len()]);
            return Err(ModelError::Shape {
                name: name.to_owned(),
                expected,
                got,
            });
        }
        if !is_linear(name, D) {
            return Ok(Tensor::from_data(TensorData::new(values, shape), device));
        }
        let in_file = [shape[1], shape[0]]; // [d_output, d_input]
        Ok(Tensor::<D>::from_data(TensorData::new(values, in_file), device).swap_dims(0, 1))
    }
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        match self.tensor(&self.path.join("."), shape.as_slice(), &param.lazy_device()) {
            Ok(tensor) => {
                let id = param.id;
                param.transform_for_load(tensor, id)
            }
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

struct Saver<'a> {
    writer: &'a CheckpointWriter,
    path: Vec<String>,
    error: Option<ModelError>,
}

impl Saver<'_> {
    fn save<const D: usize>(&mut self, tensor: Tensor<D>) -> Result<(), ModelError> {
        let name = self.path.join(".");
        let tensor = if is_linear(&name, D) {
            tensor.swap_dims(0, 1)
        } else {
            tensor
        };
        let values = tensor.into_data().convert::<f32>().try_into_vec::<f32>();
        let values = values.expect("data was converted to f32");
        Ok(self.writer.write(&name, &values)?)
    }
}

impl ModuleVisitor for Saver<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.error.is_none() {
            self.error = self.save(param.val()).err();
        }
    }
}
