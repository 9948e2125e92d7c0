//! A linear layer of burn on packed weights.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{DType, Tensor, TensorData};

use crate::choice::choose::choose;
use crate::error::SparseError;
use crate::formats::format::Format;
use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::numbers::value_type::ValueType;
use crate::products::input::Input;

/// A linear layer `y = W x + b` with packed weights, which replaces a [`Linear`] after training.
///
/// Products run on the CPU, over the threads of the current rayon pool; a tensor of another device is fetched and the result
/// brought back. No gradient passes: `W` is no parameter, and the result starts a graph of its own. Records hold the bias
/// alone; the weights are stored by [`PackedMatrix::to_tensors`].
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Tensor;
/// use secateurs_sparse::{Format, SparseLinear, ValueType};
///
/// let device = secateurs_testkit::device();
/// let linear = LinearConfig::new(64, 3).init(&device);
/// let packed = SparseLinear::from_linear(&linear, Some(Format::Bitmap), ValueType::F32)?;
/// let x = Tensor::<2>::ones([5, 64], &device);
/// let difference = packed.forward(x.clone()) - linear.forward(x);
/// assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
/// # Ok::<(), secateurs_sparse::SparseError>(())
/// ```
#[derive(Module, Debug)]
pub struct SparseLinear {
    #[module(skip)]
    matrix: Arc<PackedMatrix>,
    /// The bias, `[d_output]`.
    bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    level: Level,
}

impl SparseLinear {
    /// A layer with this matrix and bias `[d_output]`.
    ///
    /// # Errors
    ///
    /// [`SparseError::Size`] if the bias has not one value for every output.
    pub fn new(matrix: PackedMatrix, bias: Option<Param<Tensor<1>>>) -> Result<Self, SparseError> {
        let d_output = matrix.dims()[0];
        match bias.as_ref().map(|bias| bias.dims()[0]) {
            Some(got) if got != d_output => Err(SparseError::Size {
                part: "the bias",
                unit: "values",
                expected: d_output,
                got,
            }),
            _ => Ok(Self {
                matrix: Arc::new(matrix),
                bias,
                level: Level::best(),
            }),
        }
    }

    /// Packs a layer, in the format that is fastest for its weights unless a format is given.
    ///
    /// # Errors
    ///
    /// As for [`PackedMatrix::pack`].
    pub fn from_linear(linear: &Linear, format: Option<Format>, value_type: ValueType) -> Result<Self, SparseError> {
        // burn keeps `[d_input, d_output]`.
        let weights = linear.weight.val().transpose();
        let dims = weights.dims();
        let weights: Vec<f32> = weights.into_data().iter().collect();
        let (format, value_type) = match format {
            Some(format) => (format, value_type.in_format(format, dims[1])),
            None => {
                let choice = choose(&weights, dims, value_type);
                (choice.format, choice.value_type)
            }
        };
        Self::new(
            PackedMatrix::pack(&weights, dims, format, value_type)?,
            linear.bias.clone(),
        )
    }

    /// The weights.
    pub fn matrix(&self) -> &PackedMatrix {
        &self.matrix
    }

    /// # Shapes
    ///
    /// `x [.., d_input]`, result `[.., d_output]` of the same element type.
    ///
    /// # Panics
    ///
    /// If the last dimension is not `d_input`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let [d_output, d_input] = self.matrix.dims();
        let mut dims = x.dims();
        assert_eq!(dims[D - 1], d_input, "the input has the layer's width");
        let n_vectors: usize = dims[..D - 1].iter().product();
        let y = self.product(x.reshape([n_vectors, d_input]));
        let y = match &self.bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        };
        dims[D - 1] = d_output;
        y.reshape(dims)
    }

    /// Computes `y = W x` for `x [n_vectors, d_input]`.
    ///
    /// The seam for kernels of other devices: this one function knows where a product runs.
    fn product(&self, x: Tensor<2>) -> Tensor<2> {
        let (device, dtype) = (x.device(), x.dtype());
        let [n_vectors, d_input] = x.dims();
        let d_output = self.matrix.dims()[0];
        let values: Vec<f32> = x.into_data().convert_dtype(DType::F32).iter().collect();
        let mut input = Input::zeros(n_vectors, d_input);
        for (vector, values) in values.chunks_exact(d_input.max(1)).enumerate() {
            input.vector_mut(vector).copy_from_slice(values);
        }
        let mut y = vec![0.0; n_vectors * d_output];
        self.matrix.multiply(self.level, &input, &mut y);
        let data = TensorData::new(y, [n_vectors, d_output]).convert_dtype(dtype);
        Tensor::from_data(data, &device)
    }
}
