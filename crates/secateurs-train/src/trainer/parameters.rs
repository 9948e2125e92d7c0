//! The trained parameters of a module as host vectors, in the module's order.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use secateurs_tensor::TensorError;

/// A trained parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
    /// Device of the parameter, without autodiff.
    pub(crate) device: Device,
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
    let mut reader = Reader {
        waiting: Waiting::default(),
        see,
        n_seen: 0,
    };
    module.visit(&mut reader);
    reader.waiting.fetch();
    reader.show();
}

/// Replaces the values of every trained parameter by the result of `change`.
pub(crate) fn map<M: Module>(module: M, change: &mut dyn FnMut(usize, Vec<f32>) -> Vec<f32>) -> M {
    let mut taker = Taker::default();
    let husk = module.map(&mut taker);
    let values = taker.taken.all().into_iter();
    husk.map(&mut Filler {
        change,
        values,
        shapes: taker.shapes.into_iter(),
        index: 0,
    })
}

/// Replaces every trained parameter, flat and without autodiff, by the result of `change`.
pub(crate) fn map_on_device<M: Module>(module: M, change: &mut dyn FnMut(usize, Tensor<1>) -> Tensor<1>) -> M {
    module.map(&mut DeviceChanger { change, index: 0 })
}

/// The gradients of every trained parameter, flat and without autodiff.
pub(crate) fn gradients<M: Module>(module: &M, gradients: GradientsParams) -> Vec<Tensor<1>> {
    let mut collector = Collector {
        gradients,
        found: Vec::new(),
    };
    module.visit(&mut collector);
    collector.found
}

/// Reads tensors from their devices, in one go where a device can.
pub(crate) fn read_all(tensors: Vec<Tensor<1>>) -> Vec<Vec<f32>> {
    let mut waiting = Waiting::default();
    tensors.into_iter().for_each(|tensor| waiting.push(tensor));
    waiting.all()
}

/// Number of elements that are read in one go: so many that a device's answer takes longer than the question.
const READ_TOGETHER: usize = 1 << 25;

/// Tensors whose transfer to the host has begun.
#[derive(Default)]
struct Waiting {
    transaction: Transaction,
    n_elements: usize,
    arrived: Vec<Vec<f32>>,
}

impl Waiting {
    fn push<const D: usize>(&mut self, tensor: Tensor<D>) {
        self.n_elements += tensor.dims().iter().product::<usize>();
        let transaction = std::mem::take(&mut self.transaction);
        self.transaction = transaction.register(tensor.without_autodiff());
        if self.n_elements >= READ_TOGETHER {
            self.fetch();
        }
    }

    fn fetch(&mut self) {
        self.n_elements = 0;
        let read = std::mem::take(&mut self.transaction).try_execute();
        let read = read.unwrap_or_else(|error| panic!("tensors can be read from their device: {error}"));
        let values = |data: TensorData| data.try_into_vec_as::<f32>().expect("float tensors become floats");
        self.arrived.extend(read.into_iter().map(values));
    }

    fn all(mut self) -> Vec<Vec<f32>> {
        self.fetch();
        self.arrived
    }
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
                device: value.device().without_autodiff(),
            });
        }
    }
}

struct Reader<'a> {
    waiting: Waiting,
    see: &'a mut dyn FnMut(usize, Vec<f32>),
    n_seen: usize,
}

impl Reader<'_> {
    fn show(&mut self) {
        for values in self.waiting.arrived.drain(..) {
            (self.see)(self.n_seen, values);
            self.n_seen += 1;
        }
    }
}

impl ModuleVisitor for Reader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if value.is_require_grad() {
            self.waiting.push(value);
            self.show();
        }
    }
}

/// Moves the tensors out of a module, so that a CPU backend hands over the buffers themselves.
#[derive(Default)]
struct Taker {
    taken: Waiting,
    shapes: Vec<Vec<usize>>,
}

impl ModuleMapper for Taker {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        if !value.is_require_grad() {
            return Param::from_mapped_value(id, value, mapper);
        }
        let husk = Tensor::empty([1; D], &value.device()).require_grad();
        self.shapes.push(value.dims().to_vec());
        self.taken.push(value);
        Param::from_mapped_value(id, husk, mapper)
    }
}

struct Filler<'a> {
    change: &'a mut dyn FnMut(usize, Vec<f32>) -> Vec<f32>,
    values: std::vec::IntoIter<Vec<f32>>,
    shapes: std::vec::IntoIter<Vec<usize>>,
    index: usize,
}

impl ModuleMapper for Filler<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, husk, mapper) = param.consume();
        if !husk.is_require_grad() {
            return Param::from_mapped_value(id, husk, mapper);
        }
        let values = self.values.next().expect("every parameter was taken out");
        let shape = self.shapes.next().expect("every parameter has a shape");
        let changed = (self.change)(self.index, values);
        self.index += 1;
        let value = Tensor::from_data(TensorData::new(changed, shape), &husk.device()).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

struct DeviceChanger<'a> {
    change: &'a mut dyn FnMut(usize, Tensor<1>) -> Tensor<1>,
    index: usize,
}

impl ModuleMapper for DeviceChanger<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        if !value.is_require_grad() {
            return Param::from_mapped_value(id, value, mapper);
        }
        let shape = value.dims();
        let changed = (self.change)(self.index, flat(value));
        self.index += 1;
        let value = Tensor::from_inner(changed.reshape(shape)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

struct Collector {
    gradients: GradientsParams,
    found: Vec<Tensor<1>>,
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        let gradient = self.gradients.remove::<D>(param.id).map(flat);
        // A parameter that the loss does not depend on has no gradient.
        let len: usize = value.dims().iter().product();
        let none = || Tensor::zeros([len], &value.device().without_autodiff());
        self.found.push(gradient.unwrap_or_else(none));
    }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len: usize = tensor.dims().iter().product();
    tensor.without_autodiff().reshape([len])
}

pub(crate) fn to_vec(tensor: Tensor<1>) -> Vec<f32> {
    read_all(vec![tensor]).remove(0)
}
