//! The data of the tiers.

use std::fmt;

use secateurs_causal::Synthetic;
use secateurs_datasets::Resolver;
use secateurs_datasets::causal::{CausalDataset, CausalTasks};

use crate::ExperimentError;
use crate::causal_data::{CausalTask, read_task};
use crate::outcome::{Row, Tier};

/// Rows of a generated task, to learn from and to evaluate on.
const GENERATED_ROWS: usize = 500;

/// The data of a tier.
pub struct CausalCase {
    pub datasets: Vec<TaskSet>,
    /// Tasks of each data set for models in closed form.
    pub tasks: usize,
    /// Tasks for networks.
    pub network_tasks: usize,
    pub tier: Tier,
}

/// A data set of many tasks.
pub struct TaskSet {
    pub name: &'static str,
    /// Generated ones if there are none.
    tasks: Option<CausalTasks>,
}

impl CausalCase {
    pub fn new(tier: Tier) -> Result<Self, ExperimentError> {
        let datasets = match tier {
            Tier::Quick | Tier::Standard => vec![TaskSet {
                name: "synthetic",
                tasks: None,
            }],
            Tier::Full => {
                let resolver = Resolver::from_env();
                let read = |dataset: CausalDataset| {
                    Ok(TaskSet {
                        name: dataset.name(),
                        tasks: Some(dataset.read(&resolver)?),
                    })
                };
                CausalDataset::ALL
                    .into_iter()
                    .map(read)
                    .collect::<Result<_, ExperimentError>>()?
            }
        };
        let (tasks, network_tasks) = match tier {
            Tier::Quick => (20, 5),
            Tier::Standard => (100, 20),
            Tier::Full => (100, 100),
        };
        Ok(Self {
            datasets,
            tasks,
            network_tasks,
            tier,
        })
    }

    /// The data set of that name.
    pub fn dataset(&self, name: &str) -> &TaskSet {
        let mut datasets = self.datasets.iter();
        datasets
            .find(|dataset| dataset.name == name)
            .expect("keys are of the case's data sets")
    }

    /// The tasks that were run, in words.
    pub fn name_tasks(&self, n: usize) -> String {
        if n == self.tasks {
            "all".to_owned()
        } else {
            format!("{n} of {}", self.tasks)
        }
    }

    pub fn notes(&self) -> Vec<String> {
        let data = match self.tier {
            Tier::Quick | Tier::Standard => format!(
                "{GENERATED_ROWS} generated rows to learn from and as many to evaluate on: 5 covariates, confounded treatment, \
                 effect 2 + sin(pi x1) + x2^2, noise of deviation 0.2."
            ),
            Tier::Full => "IHDP (settings A and B) and ACIC 2016 (settings 2, 7, 26), split as in causalKANs.".into(),
        };
        let networks = if self.network_tasks < self.tasks {
            format!(" (trained networks: the first {})", self.network_tasks)
        } else {
            String::new()
        };
        vec![
            data,
            format!(
                "Means over {} tasks{networks} with their standard errors. pehe: root mean squared error of the \
                 effects of the test rows against the true ones. factual_mse: of outcomes of the test rows under the treatment \
                 that they had. Formulas are evaluated with covariates moved into the range of the training rows.",
                self.tasks
            ),
        ]
    }
}

/// The way in which models are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// Models in closed form.
    Closed,
    /// Training.
    Networks,
}

/// Models of one kind on one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskKey {
    pub dataset: &'static str,
    pub kind: ModelKind,
    /// Number of the task, from 1 on.
    pub number: usize,
}

impl fmt::Display for TaskKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ModelKind::Closed => "closed",
            ModelKind::Networks => "networks",
        };
        write!(formatter, "{}-{kind}-{}", self.dataset, self.number)
    }
}

impl TaskSet {
    /// The task of a number from 1 on.
    pub fn task(&self, number: usize) -> Result<CausalTask, ExperimentError> {
        match &self.tasks {
            Some(tasks) => read_task(tasks, number),
            None => {
                let generator = Synthetic::new(GENERATED_ROWS);
                Ok(CausalTask {
                    train: generator.study(2 * number as u64)?,
                    test: generator.study(2 * number as u64 + 1)?,
                })
            }
        }
    }
}

/// Mean PEHE over 100 tasks, computed independently with the same design.
pub fn anchors(tier: Tier) -> Vec<Row> {
    let methods = [
        "S linear, ridge 1",
        "T linear, ridge 1",
        "S additive, ridge 1",
        "T additive, ridge 1",
        "T additive, ridge 10",
    ];
    let table = [
        ("ihdp-a", [1.912, 1.000, 1.908, 0.970, 0.858]),
        ("ihdp-b", [4.650, 2.817, 4.649, 2.577, 2.695]),
        ("acic-2", [0.326, 3.018, 0.172, 2.719, 2.462]),
        ("acic-7", [4.937, 4.667, 4.907, 3.381, 3.737]),
        ("acic-26", [3.957, 3.872, 3.931, 2.972, 3.100]),
    ];
    let rows = table.iter().flat_map(|(dataset, values)| {
        methods.iter().zip(values).map(|(method, value)| {
            Row::new(method, "pehe", *value)
                .case("dataset", *dataset)
                .case("stage", "full")
                .case("tasks", "all")
        })
    });
    match tier {
        Tier::Quick | Tier::Standard => Vec::new(),
        Tier::Full => rows.collect(),
    }
}
