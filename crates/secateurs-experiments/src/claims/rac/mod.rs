//! Reasoning-Aware Compression: calibrating a layer-wise method on what the dense model itself decodes.
//!
//! Expected (arXiv 2509.12464): on decoded tokens the model calibrated on prompts and its own continuations (`rac`) stays
//! closest to the dense one, and the more so the sparser it is; on tokens of prompts, the one calibrated on prompts alone
//! does. `e_ratio` is the paper's `r_t`, for every arm: its hidden-state error over that of `rac`, so above 1 where `rac` is
//! better. Solutions of somebody else (`off-policy`) lie between `rac` and a general text (`corpus`).

mod bench;
mod case;
mod key;
mod rows;
mod traces;

use secateurs::Trace;
use secateurs_chart::Scale;

use self::bench::RacBench;
use self::case::RacCase;
use self::key::{Arm, CalibratedKey, RacKey};
use self::rows::{COST, DistanceRatio, QUALITY, RATIOS, RacCell};
use super::harness::{About, Claim, Desk, Measured, Order, group_cells};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row, Subject, Tier};
use crate::report::{Chart, charts_along};

/// The claim.
pub struct Rac {
    bench: RacBench,
    tier: Tier,
}

type Cells<'a> = &'a [Measured<RacKey, RacCell>];

impl Claim for Rac {
    const ABOUT: &'static About = &About {
        name: "rac",
        title: "Calibration on the dense model's own continuations",
        summary: "calibrating on the dense model's own continuations, beside prompts alone, other solutions and general text",
        reference: "arXiv 2509.12464",
        axes: &["sparsity"],
    };

    type Key = RacKey;
    type Cell = RacCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let tier = desk.setting.tier;
        let folder = desk.folder("traces")?;
        let case = RacCase::new(tier, &folder)?;
        let bench = RacBench::open(case, folder, desk)?;
        Ok(Self { bench, tier })
    }

    fn keys(&self) -> Vec<RacKey> {
        let case = &self.bench.case;
        let magnitudes = case.sparsities().into_iter();
        let controls = magnitudes.map(|sparsity| RacKey::Magnitude { sparsity });
        let of_arm = |place, arm| {
            let seeds = case.seeds.iter();
            seeds.map(move |&seed| RacKey::Calibrated(CalibratedKey { place, arm, seed }))
        };
        let calibrated = case
            .places()
            .flat_map(|place| Arm::ALL.into_iter().flat_map(move |arm| of_arm(place, arm)));
        [RacKey::Dense].into_iter().chain(controls).chain(calibrated).collect()
    }

    fn is_reference(key: &RacKey) -> bool {
        *key == RacKey::Dense
    }

    /// Times are those of models that run alone, and the quick tier does not report them.
    fn order(&self) -> Order {
        match self.tier {
            Tier::Quick => Order::SideBySide,
            Tier::Standard | Tier::Full => Order::InTurn,
        }
    }

    fn measure(&self, key: &RacKey, _: &Desk) -> Result<RacCell, ExperimentError> {
        self.bench.measure(key)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
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
        Ok(rows)
    }

    fn notes(&self, _: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let (case, held_out) = (&self.bench.case, &self.bench.held_out);
        let tokens = |of: fn(&Trace) -> usize| held_out.iter().map(of).sum::<usize>();
        let mut notes = case.notes.clone();
        notes.push(format!(
            "Every arm calibrates on exactly {} tokens, sequence by sequence and without padding; each seed on other prompts, other \
             windows and with other random numbers. Measured on {} tokens of prompts and {} decoded ones. Sampling: temperature \
             0.6, top-p 0.95. Losses are in nats; hidden states are those after the last norm.",
            case.tokens,
            tokens(|trace| trace.prompt_tokens.len()),
            tokens(|trace| trace.new_tokens.len()),
        ));
        Ok(notes)
    }

    fn seeds(&self) -> Vec<u64> {
        self.bench.case.seeds.clone()
    }

    fn questions(&self) -> Vec<Question> {
        let sparsest = self.bench.case.sparsities().last().copied().unwrap_or_default();
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
                "Do its own continuations calibrate better than solutions of somebody else?",
                &["sparsegpt, off-policy"],
            )
            .paper("MATH-500: .90 against .88 (R1-Qwen-7B, 50 %)"),
        ]
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("kl") || chart.entry.name.starts_with("hidden"));
        Ok(charts)
    }
}

impl Rac {
    fn rows_of(&self, subject: &Subject, cells: &[&RacCell]) -> Vec<Row> {
        let mut rows = subject.rows(&QUALITY, cells);
        if self.tier != Tier::Quick {
            rows.extend(subject.rows(&COST, cells));
        }
        rows
    }

    /// The models of a key, whatever its seed.
    fn subject(&self, key: &RacKey) -> Subject {
        let of = |name: &str| Subject::new(name).case("dataset", self.bench.case.dataset);
        match key {
            RacKey::Dense => of("dense").control(),
            RacKey::Magnitude { sparsity } => of("magnitude").case("sparsity", *sparsity).control(),
            RacKey::Calibrated(CalibratedKey { place, arm, .. }) => {
                of(&format!("{}, {}", place.method, arm.name())).case("sparsity", place.sparsity)
            }
        }
    }
}
