//! Parameters between modules and checkpoint files. A parameter's path in the module is its name in the file; a layout of
//! experts translates those of experts.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::llama::{ExpertLayout, LlamaConfig};
use secateurs_data::{Checkpoint, CheckpointWriter};

use super::model::Llama;
use crate::ModelError;

/// Loads a whole Llama.
///
/// # Errors
///
/// If the configuration is not a Llama's, a tensor is missing, of another shape than the configuration implies, not used, or
/// not finite.
pub fn load_llama(checkpoint: &Checkpoint, device: &Device) -> Result<(LlamaConfig, Llama), ModelError> {
    let config = LlamaConfig::open(checkpoint)?;
    let place = Place::new("", config.layout());
    let llama = fill(Llama::new(&config, device), place, &|name| {
        Ok(checkpoint.read_f32(name)?)
    })?;
    Ok((config, llama))
}

/// Writes every parameter of the model.
///
/// # Errors
///
/// If the writer refuses a tensor, or constants are in the place of experts.
pub fn save_llama(llama: &Llama, writer: &CheckpointWriter) -> Result<(), ModelError> {
    for (index, block) in llama.model.layers.iter().enumerate() {
        block.check_savable(index)?;
    }
    write_module(llama, Place::new("", llama.layout()), writer)
}

/// Where a module is in a model, from which the names of its parameters follow.
pub(crate) struct Place {
    path: Vec<String>,
    layout: Option<ExpertLayout>,
}

impl Place {
    /// The module at `path`, in a model of the given experts.
    pub(crate) fn new(path: &str, layout: Option<ExpertLayout>) -> Self {
        let components = path.split('.').filter(|component| !component.is_empty());
        Self {
            path: components.map(str::to_owned).collect(),
            layout,
        }
    }

    /// What the file calls this parameter.
    fn file_name(&self) -> String {
        let path = self.path.join(".");
        match self.layout {
            Some(layout) => layout.file_name(&path),
            None => path,
        }
    }
}

/// Reads every parameter of `module`.
pub(crate) fn fill<M: Module>(
    module: M,
    place: Place,
    read: &dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
) -> Result<M, ModelError> {
    let mut filler = Filler {
        read,
        place,
        error: None,
    };
    let module = module.map(&mut filler);
    filler.error.map_or(Ok(module), Err)
}

/// Writes every parameter of `module`.
pub(crate) fn write_module<M: Module>(module: &M, place: Place, writer: &CheckpointWriter) -> Result<(), ModelError> {
    let mut saver = Saver {
        writer,
        place,
        error: None,
    };
    module.visit(&mut saver);
    saver.error.map_or(Ok(()), Err)
}

/// Files hold linears as `[d_output, d_input]`, burn as `[d_input, d_output]`; embeddings agree.
fn is_linear(name: &str, rank: usize) -> bool {
    rank == 2 && !name.ends_with("embed_tokens.weight")
}

struct Filler<'a> {
    read: &'a dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
    place: Place,
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
        self.place.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        match self.tensor(&self.place.file_name(), shape.as_slice(), &param.lazy_device()) {
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
    place: Place,
    error: Option<ModelError>,
}

impl Saver<'_> {
    fn save<const D: usize>(&mut self, tensor: Tensor<D>) -> Result<(), ModelError> {
        let name = self.place.file_name();
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
        self.place.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.error.is_none() {
            self.error = self.save(param.val()).err();
        }
    }
}
