//! Device and precision of tensors.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use crate::learners::base::Network;

/// A device and a precision.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) device: Device,
    pub(crate) dtype: DType,
}

impl Place {
    /// The place of a network's input rows: the device of its parameters, in double precision if the device has it,
    /// since numbers in the units of a study may need all digits until they are scaled.
    pub(crate) fn of_rows<N: Network>(network: &N) -> Self {
        let (device, dtype) = network.place();
        let dtype = match device.supports_dtype(FloatDType::F64) {
            true => DType::F64,
            false => dtype,
        };
        Self { device, dtype }
    }

    /// Numbers row by row: `[values.len() / columns, columns]`.
    pub(crate) fn tensor(&self, values: Vec<f64>, columns: usize) -> Tensor<2> {
        let shape = [values.len() / columns, columns];
        Tensor::from_data(TensorData::new(values, shape), (&self.device, self.dtype))
    }
}
