//! Drawings of the contributions of single variables, as SVG.

mod dependence;
mod hue;
mod ice;
mod panel;
mod radar;
mod web;

pub use dependence::{Dependence, dependence_plot};
pub use hue::Hue;
pub use ice::{Ice, Level, ice_plot};
pub use radar::{Radar, RadarGroup, radar_plot};

use crate::error::Column;
use crate::{CausalError, Result};

/// Refuses NaN and infinity.
fn check_finite(values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => Err(CausalError::NotFinite {
            column: Column::Values,
            row,
            value: values[row],
        }),
    }
}

/// Refuses another number of values than expected.
fn check_count(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        Ok(())
    } else {
        Err(CausalError::Shape { what, expected, got })
    }
}

/// Refuses a drawing of nothing.
fn check_rows(what: &'static str, got: usize) -> Result<()> {
    match got {
        0 => Err(CausalError::TooFewRows { what, least: 1, got }),
        _ => Ok(()),
    }
}
