//! Rows of the models, and the questions that they answer.

use super::case::RacCase;
use super::cell::{COST, DistanceRatio, QUALITY, RATIOS, RacCell};
use super::key::{Arm, CalibratedKey, RacKey};
use crate::claims::harness::{Measured, group_cells};
use crate::outcome::{Better, Question, Row, Subject, Tier};

impl RacCase {
    /// Rows of every model, and distances of the other arms over the distance of `rac`.
    pub fn rows(&self, cells: &[Measured<RacKey, RacCell>]) -> Vec<Row> {
        let mut rows = Vec::new();
        for Measured { key, cell } in cells {
            if !matches!(key, RacKey::Calibrated(_)) {
                rows.extend(self.rows_of(&self.subject(key), &[cell]));
            }
        }
        let arms = group_cells(cells, |at| match &at.key {
            RacKey::Calibrated(key) => Some(((key.place, key.arm), &at.cell)),
            _ => None,
        });
        for group in &arms {
            let (place, arm) = group.case;
            let subject = self.subject(&RacKey::Calibrated(CalibratedKey { place, arm, seed: 0 }));
            rows.extend(self.rows_of(&subject, &group.cells));
            let rac = arms.iter().find(|other| other.case == (place, Arm::Rac));
            if let Some(rac) = rac.filter(|_| arm != Arm::Rac) {
                let pairs = group.cells.iter().zip(&rac.cells);
                let ratios: Vec<DistanceRatio> = pairs.map(|(arm, rac)| DistanceRatio::new(arm, rac)).collect();
                rows.extend(subject.rows(&RATIOS, &ratios.iter().collect::<Vec<_>>()));
            }
        }
        rows
    }

    /// Questions about the highest sparsity.
    pub fn questions(&self) -> Vec<Question> {
        let sparsest = self.sparsities().last().copied().unwrap_or_default();
        let on_decoded = |text, controls: &[&'static str]| {
            Question::new(text, "sparsegpt, rac", "kl_decode", Better::Lower)
                .at("sparsity", sparsest)
                .beside(controls.iter().copied())
                .measured_as(format!(
                    "divergence from the dense model on decoded tokens at {:.0} % zeros, nats",
                    100.0 * sparsest
                ))
        };
        vec![
            on_decoded(
                "Does calibration on the model's own continuations keep decoded tokens closer than prompts or a general text?",
                &["sparsegpt, corpus", "sparsegpt, prompt-only", "magnitude"],
            )
            .paper("MATH-500: .90, prompts .81, text .74 (R1-Qwen-7B, 50 %)"),
            on_decoded(
                "Do they calibrate better than solutions by others?",
                &["sparsegpt, off-policy"],
            )
            .paper("MATH-500: .90 against .88 (R1-Qwen-7B, 50 %)"),
        ]
    }

    fn rows_of(&self, subject: &Subject, cells: &[&RacCell]) -> Vec<Row> {
        let mut rows = subject.rows(&QUALITY, cells);
        if self.tier != Tier::Quick {
            rows.extend(subject.rows(&COST, cells));
        }
        rows
    }

    /// The models of a key, whatever its seed.
    fn subject(&self, key: &RacKey) -> Subject {
        let of = |name: &str| Subject::new(name).case("dataset", self.dataset);
        match key {
            RacKey::Dense => of("dense").control(),
            RacKey::Magnitude { sparsity } => of("magnitude").case("sparsity", *sparsity).control(),
            RacKey::Calibrated(CalibratedKey { place, arm, .. }) => {
                of(&format!("{}, {}", place.method, arm.name())).case("sparsity", place.sparsity)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::harness::law::{assert_answered, assert_part};

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let case = |tier| RacCase::new(tier, folder.path()).expect("the fixtures are there");
        for tier in [Tier::Quick, Tier::Standard] {
            let case = case(tier);
            let fabricate = |key| Measured {
                key,
                cell: RacCell::default(),
            };
            let cells: Vec<_> = case.keys().into_iter().map(fabricate).collect();
            assert_answered(case.rows(&cells), &case.questions());
        }
        assert_part(case(Tier::Quick).keys(), case(Tier::Standard).keys());
    }
}
