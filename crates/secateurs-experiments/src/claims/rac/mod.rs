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

use secateurs::{Method, Trace};
use secateurs_chart::Scale;

use self::bench::RacBench;
use self::case::RacCase;
use self::key::{Arm, CalibratedKey, RacKey};
use self::rows::{ArmCells, RacCell, RowCase};
use super::harness::{About, Claim, Desk, Measured};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::report::{Chart, charts_along};

/// The claim.
pub struct Rac {
    bench: RacBench,
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
        let folder = desk.folder("traces")?;
        let case = RacCase::new(desk.setting.tier, &folder)?;
        Ok(Self {
            bench: RacBench::open(case, folder, desk)?,
        })
    }

    fn keys(&self) -> Vec<RacKey> {
        let case = &self.bench.case;
        let mut keys = vec![RacKey::Dense];
        keys.extend(
            case.sparsities()
                .into_iter()
                .map(|sparsity| RacKey::Magnitude { sparsity }),
        );
        for (method, sparsities) in &case.methods {
            for &sparsity in sparsities {
                keys.extend(
                    Arm::ALL
                        .into_iter()
                        .flat_map(|arm| calibrated_keys(case, *method, sparsity, arm)),
                );
            }
        }
        keys
    }

    fn is_reference(key: &RacKey) -> bool {
        *key == RacKey::Dense
    }

    fn measure(&self, key: &RacKey, _: &Desk) -> Result<RacCell, ExperimentError> {
        self.bench.measure(key)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let mut rows = Vec::new();
        for Measured { key, cell } in cells {
            let controls = match key {
                RacKey::Dense => self.row_case(None).rows("dense", &[cell]),
                RacKey::Magnitude { sparsity } => self.row_case(Some(*sparsity)).rows("magnitude", &[cell]),
                RacKey::Calibrated(_) => continue,
            };
            rows.extend(controls.into_iter().map(Row::control));
        }
        for arms in group_arms(cells).chunk_by(|a, b| a.key.is_same_place(&b.key)) {
            let case = self.row_case(Some(arms[0].key.sparsity));
            rows.extend(arms.iter().flat_map(|arm| case.rows(&arm.name(), &arm.cells)));
            rows.extend(case.ratios(arms));
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

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("kl") || chart.entry.name.starts_with("hidden"));
        Ok(charts)
    }
}

impl Rac {
    fn row_case(&self, sparsity: Option<f64>) -> RowCase {
        RowCase {
            dataset: self.bench.case.dataset,
            sparsity,
        }
    }
}

/// One key for each seed.
fn calibrated_keys(case: &RacCase, method: Method, sparsity: f64, arm: Arm) -> impl Iterator<Item = RacKey> {
    case.seeds.iter().map(move |&seed| {
        RacKey::Calibrated(CalibratedKey {
            method,
            sparsity,
            arm,
            seed,
        })
    })
}

/// Seeds of the same arm, which follow each other.
fn group_arms(cells: Cells<'_>) -> Vec<ArmCells<'_>> {
    let mut arms: Vec<ArmCells<'_>> = Vec::new();
    for Measured { key, cell } in cells {
        let RacKey::Calibrated(key) = *key else { continue };
        match arms.last_mut().filter(|arm| arm.key.is_same_arm(&key)) {
            Some(arm) => arm.cells.push(cell),
            None => arms.push(ArmCells { key, cells: vec![cell] }),
        }
    }
    arms
}
