//! ACIC 2016: the same covariates for all settings, and 100 simulations of each.

use std::path::{Path, PathBuf};

use secateurs_data::read_text;

use super::{CausalTask, TASKS, TreatmentTable};
use crate::csv::{parse_number, split_fields};
use crate::{DatasetError, Result, npy};

const UNITS: usize = 4802;
const D_INPUT: usize = 58;
/// Columns of a simulation: `z, y0, y1, mu0, mu1`.
const OF_UNIT: usize = 5;
/// Number of training units of a task: the first units; the others are tested.
const N_TRAIN: usize = 1000;

/// The files of a setting.
pub(super) struct Files {
    pub(super) covariates: PathBuf,
    pub(super) test_units: PathBuf,
    pub(super) simulated: PathBuf,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Acic {
    /// Covariates, `[UNITS, D_INPUT]`.
    x: Vec<f64>,
    train: Vec<usize>,
    test: Vec<usize>,
    /// Simulations, `[TASKS, UNITS, OF_UNIT]`.
    simulated: Vec<f32>,
}

impl Acic {
    pub(super) fn read(files: &Files) -> Result<Self> {
        let test = read_test_units(&files.test_units)?;
        let train = (0..UNITS).filter(|unit| !test.contains(unit)).take(N_TRAIN);
        Ok(Self {
            x: read_covariates(&files.covariates)?,
            train: train.collect(),
            test,
            simulated: npy::read(&files.simulated, &[TASKS, UNITS, OF_UNIT])?,
        })
    }

    pub(super) fn task(&self, index: usize) -> CausalTask {
        CausalTask {
            train: self.table(index, &self.train),
            test: self.table(index, &self.test),
        }
    }

    fn table(&self, index: usize, units: &[usize]) -> TreatmentTable {
        let x = units.iter().flat_map(|unit| &self.x[unit * D_INPUT..][..D_INPUT]);
        let column = |column: usize| -> Vec<f64> {
            let at = |unit: &usize| f64::from(self.simulated[(index * UNITS + unit) * OF_UNIT + column]);
            units.iter().map(at).collect()
        };
        let (z, y0, y1) = (column(0), column(1), column(2));
        let outcome = (0..units.len()).map(|row| if z[row] == 1.0 { y1[row] } else { y0[row] });
        TreatmentTable {
            x: x.copied().collect(),
            d_input: D_INPUT,
            outcome: outcome.collect(),
            treatment: z,
            mu0: column(3),
            mu1: column(4),
        }
    }
}

fn read_test_units(path: &Path) -> Result<Vec<usize>> {
    let units = read_text(path)?;
    let unit = |line: &str| {
        let unit = line.trim().parse().ok().filter(|unit| *unit < UNITS);
        unit.ok_or_else(|| DatasetError::malformed(path, format!("a number below {UNITS}"), format!("{line:?}")))
    };
    units.lines().map(unit).collect()
}

/// Reads covariates with mean 0 and (sample) deviation 1 over all units; a letter counts as its position among the
/// letters of its column.
fn read_covariates(path: &Path) -> Result<Vec<f64>> {
    let text = read_text(path)?;
    let rows = split_fields::<D_INPUT>(&text, path)?;
    if rows.len() != UNITS {
        let found = format!("{} lines", rows.len());
        return Err(DatasetError::malformed(path, format!("{UNITS} lines"), found));
    }
    let mut x = vec![0.0; UNITS * D_INPUT];
    for index in 0..D_INPUT {
        let fields: Vec<&str> = rows.iter().map(|row| row[index]).collect();
        let column = standardise(&to_numbers(&fields, path)?);
        (0..UNITS).for_each(|unit| x[unit * D_INPUT + index] = column[unit]);
    }
    Ok(x)
}

fn to_numbers(fields: &[&str], path: &Path) -> Result<Vec<f64>> {
    if fields[0].starts_with('"') {
        let mut letters = fields.to_vec();
        letters.sort_unstable();
        letters.dedup();
        let place = |field: &&str| letters.partition_point(|letter| letter < field) as f64;
        return Ok(fields.iter().map(place).collect());
    }
    let number = |field: &&str| parse_number::<f32>(field, path).map(f64::from);
    fields.iter().map(number).collect()
}

fn standardise(column: &[f64]) -> Vec<f64> {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let variance = column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    column.iter().map(|value| (value - mean) / variance.sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_count_by_their_place() {
        let path = Path::new("x.csv");
        let letters = to_numbers(&["\"D\"", "\"B\"", "\"D\"", "\"A\""], path).unwrap();
        assert_eq!(letters, [2.0, 1.0, 2.0, 0.0]);
        assert_eq!(to_numbers(&["1", "-2.5"], path).unwrap(), [1.0, -2.5]);
        assert!(matches!(
            to_numbers(&["1", "?"], path),
            Err(DatasetError::Malformed { .. })
        ));
        // Deviation 1 with n - 1 = 2 in the denominator.
        assert_eq!(standardise(&[1.0, 2.0, 3.0]), [-1.0, 0.0, 1.0]);
    }
}
