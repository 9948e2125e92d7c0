//! ACIC 2016: the same covariates for all settings, and 100 simulations of each.

use std::path::Path;

use secateurs_causal::{Outcomes, Study};

use super::{CausalDataError, CausalTask, TASKS, npy};

const UNITS: usize = 4802;
const D_INPUT: usize = 58;
/// `z, y0, y1, mu0, mu1`.
const OF_UNIT: usize = 5;
/// Training units of a task: the first that are not tested.
const N_TRAIN: usize = 1000;

/// One setting.
#[derive(Debug)]
pub(super) struct Acic {
    /// `[UNITS, D_INPUT]`
    x: Vec<f64>,
    train: Vec<usize>,
    test: Vec<usize>,
    /// `[TASKS, UNITS, OF_UNIT]`
    simulated: Vec<f32>,
}

impl Acic {
    pub(super) fn read(folder: &Path, setting: usize) -> Result<Self, CausalDataError> {
        let test = test_units(&folder.join("test_idx_seed42.txt"))?;
        let train = (0..UNITS).filter(|unit| !test.contains(unit)).take(N_TRAIN);
        let name = format!("acic_{setting}_z_y0_y1_mu0_mu1.f32.npy");
        Ok(Self {
            x: covariates(&folder.join("x.csv"))?,
            train: train.collect(),
            test,
            simulated: npy::read(&folder.join(name), &[TASKS, UNITS, OF_UNIT])?,
        })
    }

    pub(super) fn task(&self, index: usize) -> Result<CausalTask, CausalDataError> {
        Ok(CausalTask {
            train: self.study(index, &self.train)?,
            test: self.study(index, &self.test)?,
        })
    }

    fn study(&self, index: usize, units: &[usize]) -> Result<Study, CausalDataError> {
        let x = units.iter().flat_map(|unit| &self.x[unit * D_INPUT..][..D_INPUT]);
        let column = |column: usize| -> Vec<f64> {
            let at = |unit: &usize| f64::from(self.simulated[(index * UNITS + unit) * OF_UNIT + column]);
            units.iter().map(at).collect()
        };
        let (z, y0, y1) = (column(0), column(1), column(2));
        let outcome = (0..units.len()).map(|row| if z[row] == 1.0 { y1[row] } else { y0[row] });
        let study = Study::new(x.copied().collect(), D_INPUT, &z, outcome.collect())?;
        Ok(study.with_truth(Outcomes {
            mu0: column(3),
            mu1: column(4),
        })?)
    }
}

fn text(path: &Path) -> Result<String, CausalDataError> {
    std::fs::read_to_string(path).map_err(|source| CausalDataError::Read {
        path: path.to_owned(),
        source,
    })
}

fn test_units(path: &Path) -> Result<Vec<usize>, CausalDataError> {
    let units = text(path)?;
    let unit = |line: &str| {
        let unit = line.trim().parse().ok().filter(|unit| *unit < UNITS);
        unit.ok_or_else(|| CausalDataError::malformed(path, "a number below 4802", line))
    };
    units.lines().map(unit).collect()
}

/// Covariates with mean 0 and (sample) deviation 1 over all units; letters count as their place in the alphabet of those that
/// occur.
fn covariates(path: &Path) -> Result<Vec<f64>, CausalDataError> {
    let text = text(path)?;
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    if rows.len() != UNITS || rows.iter().any(|row| row.len() != D_INPUT) {
        let found = format!("{} lines", rows.len());
        return Err(CausalDataError::malformed(path, "4802 lines of 58 fields", found));
    }
    let mut x = vec![0.0; UNITS * D_INPUT];
    for index in 0..D_INPUT {
        let fields: Vec<&str> = rows.iter().map(|row| row[index]).collect();
        let column = standardised(&numbers(&fields, path)?);
        (0..UNITS).for_each(|unit| x[unit * D_INPUT + index] = column[unit]);
    }
    Ok(x)
}

fn numbers(fields: &[&str], path: &Path) -> Result<Vec<f64>, CausalDataError> {
    if fields[0].starts_with('"') {
        let mut letters = fields.to_vec();
        letters.sort_unstable();
        letters.dedup();
        let place = |field: &&str| letters.partition_point(|letter| letter < field) as f64;
        return Ok(fields.iter().map(place).collect());
    }
    let number = |field: &&str| match field.parse::<f32>() {
        Ok(number) => Ok(f64::from(number)),
        Err(_) => Err(CausalDataError::malformed(path, "a number", *field)),
    };
    fields.iter().map(number).collect()
}

fn standardised(column: &[f64]) -> Vec<f64> {
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
        let letters = numbers(&["\"D\"", "\"B\"", "\"D\"", "\"A\""], path).unwrap();
        assert_eq!(letters, [2.0, 1.0, 2.0, 0.0]);
        assert_eq!(numbers(&["1", "-2.5"], path).unwrap(), [1.0, -2.5]);
        assert!(matches!(
            numbers(&["1", "?"], path),
            Err(CausalDataError::Malformed { .. })
        ));
        // Deviation 1 with n - 1 = 2 in the denominator.
        assert_eq!(standardised(&[1.0, 2.0, 3.0]), [-1.0, 0.0, 1.0]);
    }
}
