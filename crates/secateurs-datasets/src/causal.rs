//! The data sets that causal learners are compared on: IHDP, settings A and B, and three settings of the ACIC 2016 challenge.
//!
//! Each holds 100 tasks, whose covariates are real and whose treatments and outcomes were generated, so that true effects are
//! known.

mod acic;
mod ihdp;

use std::path::PathBuf;

use crate::{DatasetError, Manifest, Resolver, Result};

/// Number of tasks of each data set.
pub const TASKS: usize = 100;

/// One of the data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CausalDataset {
    /// IHDP with linear outcomes and one effect for all (`npci` setting A).
    IhdpA,
    /// IHDP with exponential outcomes without treatment and linear ones with it (setting B).
    IhdpB,
    /// ACIC 2016, setting 2.
    Acic2,
    /// ACIC 2016, setting 7.
    Acic7,
    /// ACIC 2016, setting 26.
    Acic26,
}

impl CausalDataset {
    /// All data sets.
    pub const ALL: [Self; 5] = [Self::IhdpA, Self::IhdpB, Self::Acic2, Self::Acic7, Self::Acic26];

    /// Name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::IhdpA => "ihdp-a",
            Self::IhdpB => "ihdp-b",
            Self::Acic2 => "acic-2",
            Self::Acic7 => "acic-7",
            Self::Acic26 => "acic-26",
        }
    }

    /// Finds the files in the embedded manifest (`ihdp` or `acic2016`) and reads all tasks.
    ///
    /// # Errors
    ///
    /// [`DatasetError::NotResolved`] if no source has a file with the right content, [`DatasetError::Malformed`] if one holds
    /// something else than it should.
    pub fn read(self, resolver: &Resolver) -> Result<CausalTasks> {
        let manifest = Manifest::embedded();
        let find = |dataset: &str, file: &str| resolver.file(manifest.dataset(dataset)?, file);
        let source = match self {
            Self::IhdpA => Source::Ihdp(ihdp::read(&find("ihdp", "ihdp_a.tar.gz")?)?),
            Self::IhdpB => Source::Ihdp(ihdp::read(&find("ihdp", "ihdp_b.tar.gz")?)?),
            Self::Acic2 => read_acic(2, |file| find("acic2016", file))?,
            Self::Acic7 => read_acic(7, |file| find("acic2016", file))?,
            Self::Acic26 => read_acic(26, |file| find("acic2016", file))?,
        };
        Ok(CausalTasks { source })
    }
}

fn read_acic(setting: usize, find: impl Fn(&str) -> Result<PathBuf>) -> Result<Source> {
    Ok(Source::Acic(acic::Acic::read(&acic::Files {
        covariates: find("x.csv")?,
        test_units: find("test_idx_seed42.txt")?,
        simulated: find(&format!("acic_{setting}_z_y0_y1_mu0_mu1.f32.npy"))?,
    })?))
}

/// Units with their treatment, their outcome, and the outcomes that they would have on average.
#[derive(Debug, Clone, PartialEq)]
pub struct TreatmentTable {
    /// Covariates, `[n_units, d_input]`.
    pub x: Vec<f64>,
    /// Number of covariates.
    pub d_input: usize,
    /// Treatments, 0 or 1, `[n_units]`.
    pub treatment: Vec<f64>,
    /// Observed outcomes under that treatment, `[n_units]`.
    pub outcome: Vec<f64>,
    /// Expected outcomes without treatment, `[n_units]`.
    pub mu0: Vec<f64>,
    /// Expected outcomes with treatment, `[n_units]`.
    pub mu1: Vec<f64>,
}

/// Units to learn from, and units to evaluate on.
#[derive(Debug, Clone, PartialEq)]
pub struct CausalTask {
    /// Training units: 673 of IHDP-A, 523 of IHDP-B, 1000 of ACIC.
    pub train: TreatmentTable,
    /// Test units: 74 of IHDP-A, 224 of IHDP-B, 960 of ACIC.
    pub test: TreatmentTable,
}

/// All tasks of a data set.
#[derive(Debug)]
pub struct CausalTasks {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Ihdp(Vec<CausalTask>),
    Acic(acic::Acic),
}

impl CausalTasks {
    /// The task of a number from 1 to 100: for IHDP the number in the file's name, for ACIC the position among the
    /// sorted names.
    ///
    /// # Errors
    ///
    /// [`DatasetError::NoSuchTask`].
    pub fn task(&self, number: usize) -> Result<CausalTask> {
        if !(1..=TASKS).contains(&number) {
            return Err(DatasetError::NoSuchTask { number, n_tasks: TASKS });
        }
        Ok(match &self.source {
            Source::Ihdp(tasks) => tasks[number - 1].clone(),
            Source::Acic(acic) => acic.task(number - 1),
        })
    }
}
