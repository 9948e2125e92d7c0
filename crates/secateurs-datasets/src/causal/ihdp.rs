//! IHDP: one archive of csv files for each setting.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use secateurs_causal::{Outcomes, Study};

use super::{CausalDataError, CausalTask, TASKS};

/// `treatment,y_factual,y_cfactual,mu0,mu1` come before the covariates.
const BEFORE_COVARIATES: usize = 5;
const D_INPUT: usize = 25;

/// Reads the tasks of a setting.
pub(super) fn read(path: &Path) -> Result<Vec<CausalTask>, CausalDataError> {
    let files = files(path)?;
    let study = |part: &str, number: usize| {
        let name = format!("ihdp_npci_{part}_{number}.csv");
        let missing = || CausalDataError::malformed(path, &name, "no such file");
        study(files.get(&name).ok_or_else(missing)?, &path.join(&name))
    };
    let task = |number| {
        Ok(CausalTask {
            train: study("train", number)?,
            test: study("test", number)?,
        })
    };
    (1..=TASKS).map(task).collect()
}

/// Texts of the archive by the names of their files.
fn files(path: &Path) -> Result<HashMap<String, String>, CausalDataError> {
    let failed = |source| CausalDataError::Read {
        path: path.to_owned(),
        source,
    };
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).map_err(failed)?));
    let mut files = HashMap::new();
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path().map_err(failed)?;
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(failed)?;
            files.insert(name, text);
        }
    }
    Ok(files)
}

fn study(text: &str, path: &Path) -> Result<Study, CausalDataError> {
    let (mut x, mut treatment, mut outcome) = (Vec::new(), Vec::new(), Vec::new());
    let mut truth = Outcomes {
        mu0: Vec::new(),
        mu1: Vec::new(),
    };
    for line in text.lines().skip(1) {
        let fields = line.split(',').map(|field| {
            let number = field.parse::<f64>();
            number.map_err(|_| CausalDataError::malformed(path, "a number", field))
        });
        let fields: Vec<f64> = fields.collect::<Result<_, _>>()?;
        if fields.len() != BEFORE_COVARIATES + D_INPUT {
            let found = format!("{} fields", fields.len());
            return Err(CausalDataError::malformed(path, "30 fields in a line", found));
        }
        treatment.push(fields[0]);
        outcome.push(fields[1]);
        truth.mu0.push(fields[3]);
        truth.mu1.push(fields[4]);
        x.extend_from_slice(&fields[BEFORE_COVARIATES..]);
    }
    Ok(Study::new(x, D_INPUT, &treatment, outcome)?.with_truth(truth)?)
}
