//! Mixtures of experts: can learning be followed to zero loss, and which experts of a trained model can go?
//!
//! Expected (Liao and Kyrillidis, arXiv 2510.07205): with more experts than the teacher has, each teacher's expert is found first,
//! its router follows, the redundant are pruned, and fine-tuning reaches zero loss. Of a trained model's experts (REAP, arXiv
//! 2510.13999, and NAEE, arXiv 2402.14800, on models thousands of times larger): criteria that look at what experts answer lose
//! less than frequency, and all less than chance; merging loses more than pruning.

mod experts;
mod theory;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::experts::{Experts, ExpertsCell, ExpertsKey, PlaceCells};
use self::theory::{Theory, TheoryCell, TheoryKey};
use super::harness::{About, Claim, Cost, Desk, Measured, Order, group_cells, show_point};
use crate::ExperimentError;
use crate::outcome::{Outcome, Question, Row, Tier};
use crate::report::Chart;

/// The claim.
pub struct Moe {
    theory: Theory,
    experts: Experts,
    tier: Tier,
}

/// A student, or a model without some of its experts.
pub enum MoeKey {
    Theory(TheoryKey),
    Experts(ExpertsKey),
}

impl fmt::Display for MoeKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Theory(key) => key.fmt(formatter),
            Self::Experts(key) => key.fmt(formatter),
        }
    }
}

/// The measurements of a cell.
#[derive(Serialize, Deserialize)]
pub enum MoeCell {
    Theory(Box<TheoryCell>),
    Experts(ExpertsCell),
}

type Cells<'a> = &'a [Measured<MoeKey, MoeCell>];

impl Claim for Moe {
    const ABOUT: &'static About = &About {
        name: "moe",
        title: "Mixtures of experts: learned, pruned and fine-tuned to zero loss; and experts of a trained model removed",
        summary: "experts learned, pruned and fine-tuned to zero loss beside a teacher; and experts of a trained model removed, beside chance",
        reference: "arXiv 2510.07205 (theory), 2510.13999 (REAP), 2402.14800 (NAEE), 2507.00390 (MoNE)",
        axes: &["removed", "stage"],
        cost: Cost {
            quick: Some(45.0),
            ..Cost::UNKNOWN
        },
    };

    type Key = MoeKey;
    type Cell = MoeCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        Ok(Self {
            theory: Theory::new(desk.setting.tier),
            experts: Experts::new(desk.setting.tier, &desk.setting.device),
            tier: desk.setting.tier,
        })
    }

    fn keys(&self) -> Vec<MoeKey> {
        let students = self.theory.keys().map(MoeKey::Theory);
        students.chain(self.experts.keys().map(MoeKey::Experts)).collect()
    }

    fn measure(&self, key: &MoeKey, _: &Desk) -> Result<MoeCell, ExperimentError> {
        match key {
            MoeKey::Theory(key) => Ok(MoeCell::Theory(Box::new(self.theory.measure(key)?))),
            MoeKey::Experts(key) => Ok(MoeCell::Experts(self.experts.measure(key)?)),
        }
    }

    /// Side by side in the quick tier, which reports no processor time.
    fn order(&self) -> Order {
        Order::of_timed(self.tier)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let mut rows = self.theory.rows(&students(cells));
        rows.extend(self.experts.rows(&expert_cells(cells))?);
        Ok(rows)
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let mut notes = Vec::new();
        if !students(cells).is_empty() {
            notes.extend(self.theory.notes());
        }
        if !expert_cells(cells).is_empty() {
            notes.push(self.experts.note()?);
        }
        Ok(notes)
    }

    /// Seeds of the experts, whose rows have deviations; those of students have standard errors.
    fn seeds(&self) -> Vec<u64> {
        self.experts.seeds()
    }

    fn questions(&self) -> Vec<Question> {
        [self.theory.question()]
            .into_iter()
            .chain(self.experts.questions())
            .collect()
    }

    fn charts(&self, outcome: &Outcome, cells: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = self.theory.charts(&students(cells));
        charts.extend(experts::chart(outcome));
        show_point(&mut charts, outcome);
        Ok(charts)
    }
}

fn students(cells: Cells<'_>) -> Vec<&TheoryCell> {
    let students = cells.iter().filter_map(|measured| match &measured.cell {
        MoeCell::Theory(cell) => Some(&**cell),
        MoeCell::Experts(_) => None,
    });
    students.collect()
}

fn expert_cells(cells: Cells<'_>) -> Vec<PlaceCells<'_>> {
    group_cells(cells, |measured| match (&measured.key, &measured.cell) {
        (MoeKey::Experts(key), MoeCell::Experts(cell)) => Some(((key.method, key.share), cell)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::claims::harness::law::{assert_answered, assert_part};

    fn claim(tier: Tier) -> Moe {
        Moe {
            theory: Theory::new(tier),
            experts: Experts::new(tier, &Device::default()),
            tier,
        }
    }

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        for tier in [Tier::Quick, Tier::Standard] {
            let claim = claim(tier);
            let fabricate = |key: MoeKey| {
                let cell = match &key {
                    MoeKey::Theory(key) => MoeCell::Theory(Box::new(key.fabricate())),
                    MoeKey::Experts(_) => MoeCell::Experts(ExpertsCell::default()),
                };
                Measured { key, cell }
            };
            let cells: Vec<_> = claim.keys().into_iter().map(fabricate).collect();
            let mut rows = claim.theory.rows(&students(&cells));
            rows.extend(expert_cells(&cells).iter().flat_map(experts::rows_of));
            assert_answered(rows, &claim.questions());
        }
        assert_part(claim(Tier::Quick).keys(), claim(Tier::Standard).keys());
    }
}
