//! A claim as data, and the functions of its cells.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cost::Cost;
use super::desk::Desk;
use super::workers::Order;
use crate::ExperimentError;
use crate::outcome::{Outcome, Question, Row};
use crate::report::Chart;

/// Name, title and origin of a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Name, as on the command line.
    pub name: &'static str,
    /// The claim in one sentence, above its report.
    pub title: &'static str,
    /// One line for the list of claims: the things that it runs.
    pub summary: &'static str,
    /// The papers it is from.
    pub reference: &'static str,
    /// Keys of its rows that tables have as columns, one set of tables for each.
    pub axes: &'static [&'static str],
    /// Durations and needs.
    pub cost: Cost,
}

/// A cell with its key.
#[derive(Debug, Clone)]
pub struct Measured<K, C> {
    /// Key of the cell.
    pub key: K,
    /// Result of the measurement.
    pub cell: C,
}

/// A claim that can be run.
///
/// The harness opens it, measures those of its cells that are wanted, each once for a commit and a device, and asks for rows,
/// notes, the paper's numbers and charts.
///
/// ```
/// use secateurs_experiments::ExperimentError;
/// use secateurs_experiments::claims::{About, Claim, Cost, Desk, Measured};
/// use secateurs_experiments::outcome::Row;
///
/// struct Squares;
///
/// impl Claim for Squares {
///     const ABOUT: &'static About = &About {
///         name: "squares",
///         title: "Squares",
///         summary: "numbers by themselves",
///         reference: "",
///         axes: &["n"],
///         cost: Cost::UNKNOWN,
///     };
///     type Key = u64; // its text is the name of the cell
///     type Cell = f64;
///     fn open(_: &Desk) -> Result<Self, ExperimentError> { Ok(Self) }
///     fn keys(&self) -> Vec<u64> { vec![2, 3] }
///     fn measure(&self, n: &u64, _: &Desk) -> Result<f64, ExperimentError> { Ok((n * n) as f64) }
///     fn rows(&self, cells: &[Measured<u64, f64>]) -> Result<Vec<Row>, ExperimentError> {
///         Ok(cells.iter().map(|at| Row::new("square", "value", at.cell).case("n", at.key)).collect())
///     }
/// }
/// ```
pub trait Claim: Sized + Sync {
    /// Name, title and origin.
    const ABOUT: &'static About;

    /// A thing to measure; its text is the name of the cell, for `--only` and for the files of kept cells.
    type Key: Display + Sync;

    /// Result of one measurement.
    type Cell: Serialize + DeserializeOwned + Send;

    /// Prepares what all cells need: models, texts, settings of the tier.
    ///
    /// # Errors
    ///
    /// If data are missing.
    fn open(desk: &Desk) -> Result<Self, ExperimentError>;

    /// All cells that the tier measures, in the order of time.
    fn keys(&self) -> Vec<Self::Key>;

    /// Whether a cell is measured whatever `--only` says, because every row is read beside it.
    fn is_reference(_: &Self::Key) -> bool {
        false
    }

    /// Measures one cell.
    ///
    /// # Errors
    ///
    /// If the run fails.
    fn measure(&self, key: &Self::Key, desk: &Desk) -> Result<Self::Cell, ExperimentError>;

    /// The order in which cells are measured.
    fn order(&self) -> Order {
        Order::InTurn
    }

    /// The rows of the cells that were measured, which need not be all.
    ///
    /// # Errors
    ///
    /// If a control that is no cell cannot be measured.
    fn rows(&self, cells: &[Measured<Self::Key, Self::Cell>]) -> Result<Vec<Row>, ExperimentError>;

    /// Facts that a reader must know to judge the numbers.
    ///
    /// # Errors
    ///
    /// If something that the notes tell cannot be measured.
    fn notes(&self, _: &[Measured<Self::Key, Self::Cell>]) -> Result<Vec<String>, ExperimentError> {
        Ok(Vec::new())
    }

    /// Seeds over which spreads are taken.
    fn seeds(&self) -> Vec<u64> {
        vec![0]
    }

    /// The paper's numbers for the same cases.
    fn paper(&self) -> Vec<Row> {
        Vec::new()
    }

    /// The questions that the rows answer, the most important one first.
    fn questions(&self) -> Vec<Question> {
        Vec::new()
    }

    /// Charts of the outcome, whose rows and paper are complete.
    ///
    /// # Errors
    ///
    /// If what a chart shows cannot be computed.
    fn charts(&self, _: &Outcome, _: &[Measured<Self::Key, Self::Cell>]) -> Result<Vec<Chart>, ExperimentError> {
        Ok(Vec::new())
    }
}
