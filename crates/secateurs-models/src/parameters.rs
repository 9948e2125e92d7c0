//! Parameters between modules and checkpoint files, by the plan of a model's tensors.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_data::{CheckpointWriter, TensorKind, TensorPlan};

use crate::ModelError;

/// The tensors of a model, by the paths of its parameters.
#[derive(Debug, Clone)]
pub struct TensorMap {
    by_path: HashMap<String, TensorPlan>,
}

impl TensorMap {
    /// A map of these tensors.
    pub fn new(tensors: impl IntoIterator<Item = TensorPlan>) -> Self {
        let tensors = tensors.into_iter();
        Self {
            by_path: tensors.map(|tensor| (tensor.path.clone(), tensor)).collect(),
        }
    }

    /// The tensor of the parameter at `path`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unplanned`] if there is none.
    pub fn at(&self, path: &str) -> Result<&TensorPlan, ModelError> {
        let tensor = self.by_path.get(path);
        tensor.ok_or_else(|| ModelError::Unplanned { path: path.to_owned() })
    }

    /// Reads every parameter of the module at `path` of the model, which is empty for the whole model; `read` gives the
    /// values of a tensor by name.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unplanned`] for a parameter that is not in the plan, [`ModelError::NotFinite`],
    /// [`ModelError::Shape`], and the errors of `read`.
    pub fn fill<M: Module>(
        &self,
        module: M,
        path: &str,
        read: &dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
    ) -> Result<M, ModelError> {
        let mut filler = Filler {
            read,
            path: ParameterPath::new(self, path),
            error: None,
        };
        let module = module.map(&mut filler);
        filler.error.map_or(Ok(module), Err)
    }

    /// Writes every parameter of the module at `path` of the model, which is empty for the whole model.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unplanned`] for a parameter that is not in the plan, and the errors of the writer.
    pub fn write<M: Module>(&self, module: &M, path: &str, writer: &CheckpointWriter) -> Result<(), ModelError> {
        let mut saver = Saver {
            writer,
            path: ParameterPath::new(self, path),
            error: None,
        };
        module.visit(&mut saver);
        saver.error.map_or(Ok(()), Err)
    }
}

/// The path from the whole model to a parameter.
struct ParameterPath<'a> {
    tensors: &'a TensorMap,
    components: Vec<String>,
}

impl<'a> ParameterPath<'a> {
    fn new(tensors: &'a TensorMap, path: &str) -> Self {
        let components = path.split('.').filter(|component| !component.is_empty());
        Self {
            tensors,
            components: components.map(str::to_owned).collect(),
        }
    }

    fn enter(&mut self, name: &str) {
        self.components.push(name.to_owned());
    }

    fn leave(&mut self) {
        self.components.pop();
    }

    fn tensor(&self) -> Result<&'a TensorPlan, ModelError> {
        self.tensors.at(&self.components.join("."))
    }
}

struct Filler<'a> {
    read: &'a dyn Fn(&str) -> Result<Vec<f32>, ModelError>,
    path: ParameterPath<'a>,
    error: Option<ModelError>,
}

impl Filler<'_> {
    fn tensor<const D: usize>(&self, shape: &[usize], device: &Device) -> Result<Tensor<D>, ModelError> {
        let planned = self.path.tensor()?;
        let name = &planned.name;
        let values = (self.read)(name)?;
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(ModelError::NotFinite {
                name: name.clone(),
                index,
                value: values[index],
            });
        }
        if values.len() != shape.iter().product::<usize>() {
            let (expected, got) = (shape.to_vec(), vec![values.len()]);
            return Err(ModelError::Shape {
                name: name.clone(),
                expected,
                got,
            });
        }
        if planned.kind != TensorKind::Linear {
            return Ok(Tensor::from_data(TensorData::new(values, shape), device));
        }
        // Files hold linears as [d_output, d_input], burn as [d_input, d_output]; embeddings agree.
        let in_file = [shape[1], shape[0]];
        Ok(Tensor::<D>::from_data(TensorData::new(values, in_file), device).swap_dims(0, 1))
    }
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.leave();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        match self.tensor(shape.as_slice(), &param.lazy_device()) {
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
    path: ParameterPath<'a>,
    error: Option<ModelError>,
}

impl Saver<'_> {
    fn save<const D: usize>(&mut self, tensor: Tensor<D>) -> Result<(), ModelError> {
        let planned = self.path.tensor()?;
        let tensor = match planned.kind {
            TensorKind::Linear => tensor.swap_dims(0, 1),
            TensorKind::Vector | TensorKind::Embedding => tensor,
        };
        let values = tensor.into_data().convert::<f32>().try_into_vec::<f32>();
        let values = values.expect("data was converted to f32");
        Ok(self.writer.write(&planned.name, &values)?)
    }
}

impl ModuleVisitor for Saver<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.error.is_none() {
            self.error = self.save(param.val()).err();
        }
    }
}
