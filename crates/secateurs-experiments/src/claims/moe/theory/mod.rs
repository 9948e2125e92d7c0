//! A student learns a teacher of the same form: who aligns first, what pruning leaves, and does fine-tuning end at zero loss?
//!
//! Expected (Liao and Kyrillidis, arXiv 2510.07205, whose code was not at hand): teachers are found one after another, each
//! expert before its router; pruning leaves one expert for each teacher; fine-tuning ends at zero loss. Beside it, what
//! shows that each phase is needed: experts kept at random or by magnitude, and a student that has no more experts than its
//! teacher from the start.

mod case;
mod cell;
mod charts;
mod rows;

use std::fmt;

use secateurs::moe_theory::ALIGNED;

use self::case::TheoryCase;
use crate::ExperimentError;
use crate::outcome::{Better, Question, Row, Tier};
use crate::report::Chart;

pub use self::cell::TheoryCell;

/// The part of the claim in which students learn.
pub struct Theory {
    cases: Vec<TheoryCase>,
    tier: Tier,
}

/// One student: its case and its seed.
#[derive(Clone, Copy)]
pub struct TheoryKey {
    case: TheoryCase,
    seed: u64,
}

impl fmt::Display for TheoryKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.case.name(), self.seed)
    }
}

#[cfg(test)]
impl TheoryKey {
    /// A cell of a student that learned nothing.
    pub fn fabricate(&self) -> TheoryCell {
        TheoryCell::fabricate(&self.case, self.seed)
    }
}

impl Theory {
    pub fn new(tier: Tier) -> Self {
        Self {
            cases: TheoryCase::all(tier),
            tier,
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = TheoryKey> {
        let of_case = |case: &TheoryCase| {
            let case = *case;
            (0..case.seeds).map(move |seed| TheoryKey { case, seed })
        };
        self.cases.iter().flat_map(of_case)
    }

    pub fn measure(&self, key: &TheoryKey) -> Result<TheoryCell, ExperimentError> {
        Ok(TheoryCell::measure(&key.case, key.seed)?)
    }

    pub fn rows(&self, cells: &[&TheoryCell]) -> Vec<Row> {
        let of_case = |(case, cells): (&TheoryCase, Vec<&TheoryCell>)| {
            let mut rows = rows::rows(case, &cells);
            // Students of the quick tier learn side by side.
            if self.tier != Tier::Quick {
                rows.extend(rows::cost_rows(case, &cells));
            }
            rows
        };
        self.pair_cells(cells).flat_map(of_case).collect()
    }

    /// The paper's path from end to end, with weights that learn as fast as vectors relative to their size.
    pub fn question(&self) -> Question {
        let case = &self.cases[0];
        Question::new(
            "Does a student with too many experts, pruned to its teacher's number and fine-tuned, reach zero loss?",
            "pursuit",
            "zero_loss_rate",
            Better::Higher,
        )
        .at("problem", case.sizes())
        .at("training", case.training.name())
        .beside(["magnitude", "random", "from-scratch"])
        .measured_as("share of runs whose loss ends below 1e-8")
        .paper("zero loss, proved")
    }

    /// Charts of the first seed of each case.
    pub fn charts(&self, cells: &[&TheoryCell]) -> Vec<Chart> {
        let of_case = |(case, cells): (&TheoryCase, Vec<&TheoryCell>)| charts::charts(case, cells[0]);
        self.pair_cells(cells).flat_map(of_case).collect()
    }

    pub fn notes(&self) -> Vec<String> {
        write_notes(&self.cases)
    }

    /// Cases with their cells, where there are any.
    fn pair_cells<'a>(
        &'a self,
        cells: &'a [&'a TheoryCell],
    ) -> impl Iterator<Item = (&'a TheoryCase, Vec<&'a TheoryCell>)> {
        let with_cells = self.cases.iter().map(|case| {
            let of_case = cells.iter().filter(|cell| cell.case == case.name());
            (case, of_case.copied().collect::<Vec<_>>())
        });
        with_cells.filter(|(_, cells)| !cells.is_empty())
    }
}

fn write_notes(cases: &[TheoryCase]) -> Vec<String> {
    let settings = cases.iter().map(|case| {
        format!(
            "{} {}: {} rows a step, rate {}, {} steps, {} seeds",
            case.sizes(),
            case.training.name(),
            case.batch_size,
            case.learning_rate,
            case.steps,
            case.seeds
        )
    });
    vec![
        format!(
            "Theory: f(x) = sum a_i sigmoid(v_i.x) He3(w_i.x) learns m* orthonormal pairs with m of its own from Gaussian \
             inputs, a fresh batch for every step; loss is half the mean squared error. {}.",
            settings.collect::<Vec<_>>().join("; ")
        ),
        format!(
            "Training of weights: {}. The paper's own rates were not at hand.",
            describe_trainings(cases).join("; ")
        ),
        format!(
            "A student succeeds if each teacher has an expert with |cos(w, w*)| of {ALIGNED} or more; alignments are of \
             that expert and its router, least and mean over teachers, then mean over seeds with its standard error. \
             experts_before_routers: share of the experts that arrived at {ALIGNED} which did before their router. Losses \
             and their spreads are geometric over seeds, which hides that a run that misses a teacher ends near .1 and any \
             other near 0: see success_rate and zero_loss_rate (loss below 1e-8 after 1500 steps)."
        ),
        "pursuit: orthogonal matching pursuit against the teacher, m* experts kept; pursuit-of-own-output: the same against \
         the unpruned student; merge-and-drop: no fit at all, as many experts as are left. Controls: the m* largest |a| or \
         any m*, weights by least squares as well, and from-scratch, which learns with m* experts. Every one is fine-tuned \
         alike; diverged_rate counts losses that became infinite, and mergers that left fewer than m*."
            .into(),
        "The part of a batch that lies outside the span of all vectors is drawn by its exact law as a sum over rows, not \
         row by row. The paper's figure (m* = 5, m = 25, d = 1000) shows alignments over time, and no numbers."
            .into(),
    ]
}

/// Every kind of training among the cases, once.
fn describe_trainings(cases: &[TheoryCase]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for training in cases.iter().map(|case| case.training) {
        let line = format!("{}, {}", training.name(), training.describe());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
