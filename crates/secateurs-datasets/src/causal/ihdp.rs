//! IHDP: one archive of csv files for each setting.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use super::{CausalTask, TASKS, TreatmentTable};
use crate::csv::{parse_number, split_fields};
use crate::error::IoContext;
use crate::{DatasetError, Result};

const D_INPUT: usize = 25;
/// Number of columns: `treatment,y_factual,y_cfactual,mu0,mu1` and the covariates.
const FIELDS: usize = 5 + D_INPUT;

/// Reads the tasks of a setting.
pub(super) fn read(path: &Path) -> Result<Vec<CausalTask>> {
    let files = read_archive(path)?;
    let table = |part: &str, number: usize| {
        let name = format!("ihdp_npci_{part}_{number}.csv");
        let missing = || DatasetError::malformed(path, &name, "no such file");
        read_table(files.get(&name).ok_or_else(missing)?, &path.join(&name))
    };
    let task = |number| {
        Ok(CausalTask {
            train: table("train", number)?,
            test: table("test", number)?,
        })
    };
    (1..=TASKS).map(task).collect()
}

/// Texts of the archive by the names of their files.
fn read_archive(path: &Path) -> Result<HashMap<String, String>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).during("open", path)?));
    let mut files = HashMap::new();
    for entry in archive.entries().during("read", path)? {
        let mut entry = entry.during("read", path)?;
        let name = entry.path().during("read", path)?;
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            let mut text = String::new();
            entry.read_to_string(&mut text).during("read", path)?;
            files.insert(name, text);
        }
    }
    Ok(files)
}

fn read_table(text: &str, path: &Path) -> Result<TreatmentTable> {
    let mut table = TreatmentTable {
        x: Vec::new(),
        d_input: D_INPUT,
        treatment: Vec::new(),
        outcome: Vec::new(),
        mu0: Vec::new(),
        mu1: Vec::new(),
    };
    for fields in split_fields::<FIELDS>(text, path)? {
        let numbers = fields.iter().map(|field| parse_number::<f64>(field, path));
        let numbers = numbers.collect::<Result<Vec<f64>>>()?;
        let (outcomes, covariates) = numbers.split_at(FIELDS - D_INPUT);
        table.treatment.push(outcomes[0]);
        table.outcome.push(outcomes[1]);
        table.mu0.push(outcomes[3]);
        table.mu1.push(outcomes[4]);
        table.x.extend_from_slice(covariates);
    }
    Ok(table)
}
