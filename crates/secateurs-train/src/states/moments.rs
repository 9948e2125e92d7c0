//! Adam's moments of one parameter.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::quantised::{BLOCK, Quantised, load_signed, load_unsigned, store_signed, store_unsigned};
use super::slice::{StateSlice, StateSliceMut};
use crate::trainer::parameters::to_vec;

/// Format of Adam's moments in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MomentFormat {
    /// Single precision: 8 bytes per weight.
    #[default]
    F32,
    /// 8-bit codes with a scale for every 256 (arXiv 2110.02861): about 2 bytes per weight.
    ///
    /// **Deviates:** a second moment above 0 never becomes 0; signed codes are symmetric.
    Int8,
}

/// First and second moment.
#[derive(Debug, Clone)]
pub(crate) enum Moments {
    F32 {
        first: Vec<f32>,
        second: Vec<f32>,
    },
    Int8 {
        first: Quantised,
        second: Quantised,
    },
    /// The moments in f32, on the device of the module.
    Device(Box<[Tensor<1>; 2]>),
}

/// The moments of some consecutive weights, a multiple of [`BLOCK`] but for the last ones.
pub(crate) enum Part<'a> {
    F32 {
        first: &'a mut [f32],
        second: &'a mut [f32],
    },
    Int8 {
        first: (&'a mut [u8], &'a mut [f32]),
        second: (&'a mut [u8], &'a mut [f32]),
    },
}

impl Moments {
    pub(crate) fn zeros(format: MomentFormat, len: usize) -> Self {
        match format {
            MomentFormat::F32 => Self::F32 {
                first: vec![0.0; len],
                second: vec![0.0; len],
            },
            MomentFormat::Int8 => Self::Int8 {
                first: Quantised::zeros(len),
                second: Quantised::zeros(len),
            },
        }
    }

    pub(crate) fn zeros_on(device: &Device, len: usize) -> Self {
        Self::Device(Box::new([(); 2].map(|()| Tensor::zeros([len], device))))
    }

    /// The moments in parts of `size` weights, a multiple of [`BLOCK`].
    pub(crate) fn parts(&mut self, size: usize) -> Vec<Part<'_>> {
        debug_assert_eq!(size % BLOCK, 0);
        match self {
            Self::F32 { first, second } => first
                .chunks_mut(size)
                .zip(second.chunks_mut(size))
                .map(|(first, second)| Part::F32 { first, second })
                .collect(),
            Self::Int8 { first, second } => {
                let both = first.parts(size).zip(second.parts(size));
                both.map(|(first, second)| Part::Int8 { first, second }).collect()
            }
            Self::Device(_) => unreachable!("moments on a device are updated there"),
        }
    }

    /// The second moment of all weights.
    pub(crate) fn second(&self) -> Vec<f32> {
        match self {
            Self::F32 { second, .. } => second.clone(),
            Self::Int8 { second, .. } => {
                let mut out = vec![0.0; second.codes.len()];
                let blocks = out.chunks_mut(BLOCK).zip(second.codes.chunks(BLOCK));
                for ((out, codes), scale) in blocks.zip(&second.scales) {
                    load_unsigned(codes, *scale, out);
                }
                out
            }
            Self::Device(moments) => to_vec(moments[1].clone()),
        }
    }

    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::F32 { first, second } => size_of_val(&first[..]) + size_of_val(&second[..]),
            Self::Int8 { first, second } => first.n_bytes() + second.n_bytes(),
            Self::Device(moments) => moments.iter().map(|moment| size_of::<f32>() * moment.dims()[0]).sum(),
        }
    }

    pub(crate) fn visit(&self, path: &str, visit: &mut dyn FnMut(&str, StateSlice<'_>)) {
        let names = names(path);
        match self {
            Self::F32 { first, second } => {
                visit(&names[0], StateSlice::F32(first));
                visit(&names[1], StateSlice::F32(second));
            }
            Self::Int8 { first, second } => {
                first.visit(&names[0], visit);
                second.visit(&names[1], visit);
            }
            Self::Device(moments) => {
                for (name, moment) in names.iter().zip(moments.iter()) {
                    visit(name, StateSlice::F32(&to_vec(moment.clone())));
                }
            }
        }
    }

    pub(crate) fn visit_mut(&mut self, path: &str, visit: &mut dyn FnMut(&str, StateSliceMut<'_>)) {
        let names = names(path);
        match self {
            Self::F32 { first, second } => {
                visit(&names[0], StateSliceMut::F32(first));
                visit(&names[1], StateSliceMut::F32(second));
            }
            Self::Int8 { first, second } => {
                first.visit_mut(&names[0], visit);
                second.visit_mut(&names[1], visit);
            }
            Self::Device(moments) => {
                for (name, moment) in names.iter().zip(moments.iter_mut()) {
                    let mut values = to_vec(moment.clone());
                    visit(name, StateSliceMut::F32(&mut values));
                    *moment = Tensor::from_floats(&values[..], &moment.device());
                }
            }
        }
    }
}

fn names(path: &str) -> [String; 2] {
    ["first_moment", "second_moment"].map(|name| format!("{path}.{name}"))
}

impl Part<'_> {
    /// Shows the moments of block `block` as f32 to `update`, and stores them as it leaves them.
    pub(crate) fn update(&mut self, block: usize, update: impl FnOnce(&mut [f32], &mut [f32])) {
        let start = block * BLOCK;
        match self {
            Self::F32 { first, second } => {
                let end = first.len().min(start + BLOCK);
                update(&mut first[start..end], &mut second[start..end]);
            }
            Self::Int8 { first, second } => {
                let end = first.0.len().min(start + BLOCK);
                let (mut m, mut v) = ([0.0; BLOCK], [0.0; BLOCK]);
                let (m, v) = (&mut m[..end - start], &mut v[..end - start]);
                load_signed(&first.0[start..end], first.1[block], m);
                load_unsigned(&second.0[start..end], second.1[block], v);
                update(m, v);
                first.1[block] = store_signed(m, &mut first.0[start..end]);
                second.1[block] = store_unsigned(v, &mut second.0[start..end]);
            }
        }
    }
}
