//! Outputs, and who may write them.

mod one_process;
#[cfg(unix)]
mod pipes;
mod refused;
mod two_jobs;
