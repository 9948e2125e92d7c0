//! The trained parameters of a module as host vectors, in the module's order.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use secateurs_tensor::TensorError;

/// A trained parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
}

impl Parameter {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Container type that burn reports for state attached to a parameter.
const REPARAMETERIZATION: &str = "Reparameterization";

/// The float parameters that require gradients.
///
/// # Errors
///
/// If one of them carries a mask or an adapter: training would change the stored weight and not the one in use.
pub(crate) fn parameters<M: Module>(module: &M) -> Result<Vec<Parameter>, TensorError> {
    let mut lister = Lister::default();
    module.visit(&mut lister);
    match lister.attached {
        Some(path) => Err(TensorError::AlreadyReparameterized { path }),
        None => Ok(lister.found),
    }
}

/// Shows the values of every trained parameter with its index.
pub(crate) fn read<M: Module>(module: &M, see: &mut dyn FnMut(usize, Vec<f32>)) {
    module.visit(&mut Reader { see, index: 0 });
}

/// Replaces the values of every trained parameter by what `change` makes of them.
pub(crate) fn map<M: Module>(module: M, change: &mut dyn FnMut(usize, Vec<f32>) -> Vec<f32>) -> M {
    module.map(&mut Changer { change, index: 0 })
}

/// Adds the gradients of every trained parameter to `sums`, which is empty or holds a vector for each.
pub(crate) fn add_gradients<M: Module>(module: &M, gradients: GradientsParams, sums: &mut Vec<Vec<f32>>) {
    let mut adder = Adder {
        is_first: sums.is_empty(),
        gradients,
        sums,
        index: 0,
    };
    module.visit(&mut adder);
}

#[derive(Default)]
struct Lister {
    path: Vec<String>,
    found: Vec<Parameter>,
    attached: Option<String>,
}

impl ModuleVisitor for Lister {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if container_type == REPARAMETERIZATION {
            self.attached = self.attached.take().or_else(|| Some(self.path.join(".")));
        }
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if value.is_require_grad() {
            self.found.push(Parameter {
                path: self.path.join("."),
                shape: value.dims().to_vec(),
            });
        }
    }
}

struct Reader<'a> {
    see: &'a mut dyn FnMut(usize, Vec<f32>),
    index: usize,
}

impl ModuleVisitor for Reader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if value.is_require_grad() {
            (self.see)(self.index, to_vec(value));
            self.index += 1;
        }
    }
}

struct Changer<'a> {
    change: &'a mut dyn FnMut(usize, Vec<f32>) -> Vec<f32>,
    index: usize,
}

impl ModuleMapper for Changer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        if !value.is_require_grad() {
            return Param::from_mapped_value(id, value, mapper);
        }
        let (device, shape) = (value.device(), value.dims());
        // The module gave up its tensor, so that a CPU backend hands over the buffer itself.
        let changed = (self.change)(self.index, to_vec(value));
        self.index += 1;
        let value = Tensor::from_data(TensorData::new(changed, shape), &device).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

struct Adder<'a> {
    gradients: GradientsParams,
    sums: &'a mut Vec<Vec<f32>>,
    is_first: bool,
    index: usize,
}

impl ModuleVisitor for Adder<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        let gradient = self.gradients.remove::<D>(param.id).map(to_vec);
        if self.is_first {
            // A parameter that the loss does not depend on has no gradient.
            let n_weights = value.dims().iter().product();
            self.sums.push(gradient.unwrap_or_else(|| vec![0.0; n_weights]));
        } else if let Some(gradient) = gradient {
            let sum = &mut self.sums[self.index];
            sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
        self.index += 1;
    }
}

fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .without_autodiff()
        .try_into_vec_as::<f32>()
        .unwrap_or_else(|error| panic!("a float tensor can be read from its device: {error}"))
}
