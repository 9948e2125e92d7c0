//! Feature learning and fine-tuning, with records of the alignment.

pub(crate) mod alignment;
pub(crate) mod course;
pub(crate) mod descent;
pub(crate) mod fine_tune;
pub(crate) mod gradient;
pub(crate) mod learn_features;
pub(crate) mod teacher_batches;
