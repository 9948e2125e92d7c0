//! Growing lists of vectors, such as the keys and values of attention.

use std::marker::PhantomData;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::kernels::combine::Combine;
use crate::kernels::dense::Dense;
use crate::kernels::dot::Dot;
use crate::kernels::scales::Unscaled;
use crate::kernels::value::{F16, F32};
use crate::kernels::{CHUNK, Level};

/// Storage type of the values of [`FloatVectors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VectorType {
    /// IEEE single precision.
    F32,
    /// IEEE half precision: values are rounded when they are pushed.
    F16,
}

/// A list of vectors of one width.
///
/// # Examples
///
/// ```
/// use secateurs_sparse::{FloatVectors, Level, VectorType};
///
/// let mut vectors = FloatVectors::new(2, VectorType::F16);
/// vectors.push(&[1.0, 2.0]);
/// vectors.push(&[3.0, 4.0]);
/// let (mut products, mut sum) = ([0.0; 2], [0.0; 2]);
/// vectors.dot(Level::best(), &[1.0, 10.0], &mut products);
/// vectors.combine(Level::best(), &[0.5, 0.25], &mut sum);
/// assert_eq!((products, sum), ([21.0, 43.0], [1.25, 2.0]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FloatVectors {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: usize,
    pub(crate) vector_type: VectorType,
}

impl FloatVectors {
    /// An empty list of vectors of `width` values each.
    ///
    /// # Panics
    ///
    /// If `width` is 0.
    pub fn new(width: usize, vector_type: VectorType) -> Self {
        assert!(width > 0, "vectors have values");
        Self {
            bytes: Vec::new(),
            width,
            vector_type,
        }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.stride()
    }

    /// Whether there are no vectors.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of all vectors.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a vector, or several one after the other.
    ///
    /// # Panics
    ///
    /// If `values` does not hold whole vectors.
    pub fn push(&mut self, values: &[f32]) {
        assert!(values.len().is_multiple_of(self.width), "whole vectors are pushed");
        let start = self.bytes.len();
        self.bytes.resize(start + values.len() * self.value_bytes(), 0);
        let bytes = &mut self.bytes[start..];
        match self.vector_type {
            VectorType::F32 => {
                let to = bytes.as_chunks_mut().0.iter_mut();
                to.zip(values).for_each(|(to, value)| *to = value.to_le_bytes());
            }
            VectorType::F16 => {
                let mut halves = [f16::ZERO; PUSH];
                for (to, values) in bytes.chunks_mut(2 * PUSH).zip(values.chunks(PUSH)) {
                    let halves = &mut halves[..values.len()];
                    halves.convert_from_f32_slice(values);
                    let to = to.as_chunks_mut().0.iter_mut();
                    to.zip(halves).for_each(|(to, half)| *to = half.to_le_bytes());
                }
            }
        }
    }

    /// Removes all vectors from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len * self.stride());
    }

    /// Computes `products[t] = sum_j vectors[t, j] x[j]`.
    ///
    /// # Panics
    ///
    /// If `x` has not the width of the vectors, or `products` not their number.
    pub fn dot(&self, level: Level, x: &[f32], products: &mut [f32]) {
        assert_eq!((x.len(), products.len()), (self.width, self.len()));
        if self.width.is_multiple_of(CHUNK) {
            self.dot_padded(level, x, products);
        } else {
            let mut padded = vec![0.0; self.width.next_multiple_of(CHUNK)];
            padded[..self.width].copy_from_slice(x);
            self.dot_padded(level, &padded, products);
        }
    }

    fn dot_padded(&self, level: Level, x: &[f32], y: &mut [f32]) {
        let outputs = 0..y.len();
        match self.vector_type {
            VectorType::F32 => {
                let source = Dense::<F32, _>::new(&self.bytes, self.width, Unscaled);
                level.run(Dot { source, outputs, x, y });
            }
            VectorType::F16 => {
                let source = Dense::<F16, _>::new(&self.bytes, self.width, Unscaled);
                level.run(Dot { source, outputs, x, y });
            }
        }
    }

    /// Computes `out[j] = sum_t shares[t] vectors[t, j]`.
    ///
    /// # Panics
    ///
    /// If there are not as many shares as vectors, or `out` has not their width.
    pub fn combine(&self, level: Level, shares: &[f32], out: &mut [f32]) {
        assert_eq!((shares.len(), out.len()), (self.len(), self.width));
        let vectors = &self.bytes[..];
        match self.vector_type {
            VectorType::F32 => level.run(Combine::<F32> {
                vectors,
                shares,
                out,
                value: PhantomData,
            }),
            VectorType::F16 => level.run(Combine::<F16> {
                vectors,
                shares,
                out,
                value: PhantomData,
            }),
        }
    }

    /// All values as `f32`, `[len, width]`.
    pub fn to_f32(&self) -> Vec<f32> {
        match self.vector_type {
            VectorType::F32 => {
                let values = self.bytes.as_chunks().0.iter();
                values.map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            VectorType::F16 => {
                let halves = self.bytes.as_chunks().0.iter();
                halves.map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()
            }
        }
    }

    fn stride(&self) -> usize {
        self.value_bytes() * self.width
    }

    fn value_bytes(&self) -> usize {
        match self.vector_type {
            VectorType::F32 => 4,
            VectorType::F16 => 2,
        }
    }
}

/// Number of values that are rounded at a time.
const PUSH: usize = 64;
