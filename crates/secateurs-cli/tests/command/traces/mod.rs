//! Traces.

mod calibration;
mod files;
mod resume;
mod sampling;
