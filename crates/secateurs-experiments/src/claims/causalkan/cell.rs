//! Numbers of models on one task, and rows over tasks.

use serde::{Deserialize, Serialize};

use crate::outcome::Row;

/// A model, and how far it is simplified.
#[derive(Debug, Clone, Copy)]
pub struct ModelStage<'a> {
    pub method: &'a str,
    pub stage: &'a str,
}

impl<'a> ModelStage<'a> {
    pub fn new(method: &'a str, stage: &'a str) -> Self {
        Self { method, stage }
    }
}

/// One number of one model on one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelNumber {
    method: String,
    stage: String,
    metric: String,
    value: f64,
    control: bool,
}

impl ModelNumber {
    pub fn new(model: ModelStage<'_>, metric: &str, value: f64) -> Self {
        Self {
            method: model.method.to_owned(),
            stage: model.stage.to_owned(),
            metric: metric.to_owned(),
            value,
            control: false,
        }
    }

    pub fn control(self) -> Self {
        Self { control: true, ..self }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.method, &self.stage, &self.metric) == (&other.method, &other.stage, &other.metric)
    }
}

/// All numbers of models of one kind on one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskCell {
    pub numbers: Vec<ModelNumber>,
    /// Formulas, to be shown for the first task.
    pub formulas: Vec<String>,
}

/// Means over tasks with their standard errors; `tasks` says which tasks these are.
pub fn rows_over_tasks(dataset: &str, cells: &[&TaskCell], tasks: &str) -> Vec<Row> {
    let Some(first) = cells.first() else { return Vec::new() };
    let row = |number: &ModelNumber| {
        let all = cells.iter().flat_map(|cell| &cell.numbers);
        let values: Vec<f64> = all
            .filter(|other| other.is_same(number))
            .map(|other| other.value)
            .collect();
        let row = Row::mean_with_error(&number.method, &number.metric, &values)
            .case("dataset", dataset)
            .case("stage", number.stage.as_str())
            .case("tasks", tasks);
        if number.control { row.control() } else { row }
    };
    first.numbers.iter().map(row).collect()
}
