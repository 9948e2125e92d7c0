//! Slices and matrices of flex tensors.

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{DType, Element, Shape, TensorData};
use faer::MatRef;
use pulp::bytemuck::Pod;

use crate::kernels::heads::Heads;

/// A float tensor of the flex backend.
pub(super) type Primitive = FloatTensor<Flex>;

/// A tensor that owns `data` in row-major order.
pub(super) fn from_vec<T: Element>(data: Vec<T>, shape: impl Into<Shape>) -> Primitive {
    Primitive::from_data(TensorData::new(data, shape.into()))
}

/// The tensor itself if it is in row-major order, otherwise a copy that is.
pub(super) fn dense(tensor: Primitive) -> Primitive {
    let is_dense = match tensor.dtype() {
        DType::F64 => tensor.as_slice::<f64>().is_some(),
        _ => tensor.as_slice::<f32>().is_some(),
    };
    if is_dense { tensor } else { tensor.to_contiguous() }
}

/// The elements of a [`dense`] tensor of that precision.
pub(super) fn elements<T: Element + Pod>(tensor: &Primitive) -> &[T] {
    tensor
        .as_slice()
        .expect("the tensor was made dense and has this precision")
}

/// A tensor whose storage holds its elements in row-major order and nothing else, so that `storage_mut` may overwrite
/// them; burn copies the storage then if another tensor shares it.
pub(super) fn owned(tensor: Primitive) -> Primitive {
    let covers = |elements: &[f32]| elements.len() == tensor.storage::<f32>().len();
    if tensor.as_slice().is_some_and(covers) {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// Integer elements as indices below `end`.
///
/// # Panics
///
/// If one is not.
pub(super) fn indices(tensor: IntTensor<Flex>, end: usize) -> Vec<usize> {
    let check = |index: i64| match usize::try_from(index) {
        Ok(index) if index < end => index,
        _ => panic!("target {index} is not in 0..{end}"),
    };
    tensor.into_data().iter::<i64>().map(check).collect()
}

/// The strides, in which an axis of length 1 has its row-major stride.
fn strides<const D: usize>(tensor: &Primitive) -> [isize; D] {
    let layout = tensor.layout();
    let mut strides = [1; D];
    let mut row_major = 1;
    for axis in (0..D).rev() {
        let length = layout.shape()[axis];
        strides[axis] = if length == 1 { row_major } else { layout.strides()[axis] };
        row_major *= length as isize;
    }
    strides
}

fn dims<const D: usize>(tensor: &Primitive) -> [usize; D] {
    std::array::from_fn(|axis| tensor.layout().shape()[axis])
}

/// The elements from the first one of a view on.
fn storage(tensor: &Primitive) -> &[f32] {
    &tensor.storage::<f32>()[tensor.layout().start_offset()..]
}

/// A matrix, transposed or not, whose lines [`matrix`] can view; copied only if it is neither.
pub(super) fn as_lines(tensor: Primitive) -> Primitive {
    if line_strides(&tensor).is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// A matrix as the length and the stride of contiguous lines.
enum Lines {
    Rows(usize),
    Columns(usize),
}

fn line_strides(tensor: &Primitive) -> Option<Lines> {
    let ([rows, columns], [row_stride, column_stride]) = (dims(tensor), strides(tensor));
    if column_stride == 1 && row_stride >= columns as isize {
        Some(Lines::Rows(row_stride as usize))
    } else if row_stride == 1 && column_stride >= rows as isize {
        Some(Lines::Columns(column_stride as usize))
    } else {
        None
    }
}

/// Views a tensor of rank 2 that came from [`as_lines`].
pub(super) fn matrix(tensor: &Primitive) -> MatRef<'_, f32> {
    let [rows, columns] = dims(tensor);
    let data = storage(tensor);
    match line_strides(tensor).expect("the tensor was made a matrix of lines") {
        Lines::Rows(stride) => {
            let data = &data[..(rows - 1) * stride + columns];
            MatRef::from_row_major_slice_with_stride(data, rows, columns, stride)
        }
        Lines::Columns(stride) => {
            let data = &data[..(columns - 1) * stride + rows];
            MatRef::from_column_major_slice_with_stride(data, rows, columns, stride)
        }
    }
}

/// A tensor of rank 4 that [`heads`] can view: its last axis is contiguous; copied if it is not.
pub(super) fn as_heads(tensor: Primitive) -> Primitive {
    let ([.., d_head], strides) = (dims::<4>(&tensor), strides::<4>(&tensor));
    let viewable = strides[3] == 1 && strides[2] >= d_head as isize && strides.iter().all(|&s| s >= 0);
    if viewable { tensor } else { tensor.to_contiguous() }
}

/// Views a tensor that came from [`as_heads`].
pub(super) fn heads(tensor: &Primitive) -> Heads<'_> {
    let [batch, head, token, _] = strides::<4>(tensor);
    Heads::new(
        storage(tensor),
        dims(tensor),
        [batch as usize, head as usize, token as usize],
    )
}
