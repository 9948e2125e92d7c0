//! The state of an interrupted training on disk.

use std::path::Path;

use burn::module::Module;
use half::bf16;
use secateurs_data::{DataError, PlannedRaw, RawTensor, TensorFile, TensorFileWriter};
use secateurs_train::{StateSlice, StateSliceMut, Trainer};

use crate::train::error::TrainJobError;

/// Name of the state in the staging folder, with the number of steps done; the journal tells which state is valid.
pub(crate) fn file_name(steps_done: usize) -> String {
    format!("state-{steps_done}.safetensors")
}

/// Writes all state from which a trainer resumes.
pub(crate) fn write<M: Module>(trainer: &Trainer<M>, folder: &Path) -> Result<(), TrainJobError> {
    let mut plan = Vec::new();
    trainer.visit_state(&mut |name, slice| {
        let (dtype, len) = match slice {
            StateSlice::F32(values) => ("F32", values.len()),
            StateSlice::Bf16(values) => ("BF16", values.len()),
            StateSlice::U8(values) => ("U8", values.len()),
        };
        plan.push(PlannedRaw {
            name: name.to_owned(),
            dtype,
            shape: vec![len],
        });
    });
    let mut writer = TensorFileWriter::create(&folder.join(file_name(trainer.steps_done())), plan)?;
    let mut failure = None;
    trainer.visit_state(&mut |_, slice| {
        if failure.is_none() {
            failure = writer.write(&bytes_of(slice)).err();
        }
    });
    failure.map_or(Ok(()), Err)?;
    Ok(writer.finish()?)
}

/// Restores a stored state into a trainer of the same module and settings.
pub(crate) fn read<M: Module>(
    trainer: Trainer<M>,
    folder: &Path,
    steps_done: usize,
) -> Result<Trainer<M>, TrainJobError> {
    let path = folder.join(file_name(steps_done));
    let file = TensorFile::open(&path)?;
    let restored = trainer.restored(steps_done, &mut |name, slice| fill(slice, &file.tensor(name)?, &path))?;
    Ok(restored)
}

fn bytes_of(slice: StateSlice<'_>) -> Vec<u8> {
    match slice {
        StateSlice::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        StateSlice::Bf16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        StateSlice::U8(values) => values.to_vec(),
    }
}

fn fill(slice: StateSliceMut<'_>, tensor: &RawTensor, path: &Path) -> Result<(), DataError> {
    let (dtype, len) = match &slice {
        StateSliceMut::F32(values) => ("F32", values.len()),
        StateSliceMut::Bf16(values) => ("BF16", values.len()),
        StateSliceMut::U8(values) => ("U8", values.len()),
    };
    if tensor.dtype != dtype || tensor.shape != [len] {
        return Err(DataError::Malformed {
            path: path.to_owned(),
            format: "training state",
            problem: format!("{} {:?} where {dtype} [{len}] belongs", tensor.dtype, tensor.shape),
        });
    }
    match slice {
        StateSliceMut::F32(values) => {
            let stored = tensor.bytes.as_chunks::<4>().0.iter();
            values
                .iter_mut()
                .zip(stored)
                .for_each(|(value, raw)| *value = f32::from_le_bytes(*raw));
        }
        StateSliceMut::Bf16(values) => {
            let stored = tensor.bytes.as_chunks::<2>().0.iter();
            values
                .iter_mut()
                .zip(stored)
                .for_each(|(value, raw)| *value = bf16::from_le_bytes(*raw));
        }
        StateSliceMut::U8(values) => values.copy_from_slice(&tensor.bytes),
    }
    Ok(())
}
