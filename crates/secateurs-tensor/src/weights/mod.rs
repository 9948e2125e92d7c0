//! Weight matrices of burn modules: which, read, and written back.

pub(crate) mod matrix;
pub(crate) mod paths;
pub(crate) mod read;
pub(crate) mod transpose;
