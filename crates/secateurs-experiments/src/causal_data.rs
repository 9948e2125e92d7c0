//! Published causal data as studies that learners take.

use secateurs_causal::{CausalError, Outcomes, Study};
use secateurs_datasets::causal::{CausalTasks, TreatmentTable};

use crate::ExperimentError;

/// Rows to learn from, and rows to evaluate on; both with their true outcomes.
#[derive(Debug, Clone)]
pub struct CausalTask {
    /// Rows to learn from.
    pub train: Study,
    /// Rows to evaluate on.
    pub test: Study,
}

/// The task of a number from 1 on.
///
/// # Errors
///
/// If there is no such task, or its rows are no study.
pub fn read_task(tasks: &CausalTasks, number: usize) -> Result<CausalTask, ExperimentError> {
    let task = tasks.task(number)?;
    Ok(CausalTask {
        train: to_study(task.train)?,
        test: to_study(task.test)?,
    })
}

fn to_study(table: TreatmentTable) -> Result<Study, CausalError> {
    let study = Study::new(table.x, table.d_input, &table.treatment, table.outcome)?;
    study.with_truth(Outcomes {
        mu0: table.mu0,
        mu1: table.mu1,
    })
}
