//! Weight matrices of burn modules: finds, reads and replaces them.

pub(crate) mod find;
pub(crate) mod layout;
pub(crate) mod matrix;
pub(crate) mod paths;
pub(crate) mod place;
pub(crate) mod read;
pub(crate) mod replace;
pub(crate) mod transpose;
