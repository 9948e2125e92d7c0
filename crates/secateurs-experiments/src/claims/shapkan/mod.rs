//! ShapKAN: do ranks of nodes by Shapley values stay when the inputs move, and how good is pruning by them?
//!
//! Expected (Fan et al., arXiv 2510.01663, whose tables are not here): ranks by Shapley values agree more across shifted
//! domains than pykan's, and pruning by them leaves errors of lower mean and variance. Antithetic pairs err about half as much
//! as the same number of plain permutations (on another toy .291 against .126 with 16). With the mean baseline and rows that
//! pay on their own, scores in the last hidden layer are those of pykan but for the kind of deviation, so errors after pruning
//! must be close to pykan's there; random ranks have a tau of about 0.
//!
//! Two things are called a shift here. `fixed`: a network is evaluated on inputs that it never saw; it is another function
//! there, its splines taper to zero, and nothing says that ranks should stay. `refit`: another network learns `f(x - shift)` on
//! the shifted domain; this is the same function, so its inputs have the same true ranks, and that is the claim to check.

mod agreement;
mod bench;
mod case;
mod cell;
mod presentation;
mod pruning;
mod ranks;
mod sampling;
mod score;
mod target;

use serde::{Deserialize, Serialize};

use self::bench::NetworkBench;
use self::case::{ShapkanCase, ShapkanKey};
use self::cell::NetworkCell;
use self::sampling::{SamplingError, measure_sampling};
use super::harness::{About, Claim, Cost, Desk, Measured, Order, show_point};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row};
use crate::report::Chart;

/// The claim.
pub struct Shapkan {
    case: ShapkanCase,
}

/// Trained networks of one function and seed, or sampled values of one random network.
#[derive(Serialize, Deserialize)]
pub enum ShapkanCell {
    Network(NetworkCell),
    Sampled(Vec<SamplingError>),
}

type Cells<'a> = &'a [Measured<ShapkanKey, ShapkanCell>];

impl Claim for Shapkan {
    const ABOUT: &'static About = &About {
        name: "shapkan",
        title: "ShapKAN: Shapley values of the nodes of Kolmogorov-Arnold networks",
        summary: "nodes of KANs by Shapley values: ranks under shifted inputs, errors after pruning, beside pykan's attribution",
        reference: "arXiv 2510.01663",
        axes: &["shift", "nodes", "permutations", "function", "comparison"],
        cost: Cost {
            quick: Some(35.0),
            ..Cost::UNKNOWN
        },
    };

    type Key = ShapkanKey;
    type Cell = ShapkanCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        Ok(Self {
            case: ShapkanCase::new(desk.setting.tier),
        })
    }

    fn keys(&self) -> Vec<ShapkanKey> {
        let networks = self.case.networks().map(ShapkanKey::Network);
        networks.chain(self.case.sampled().map(ShapkanKey::Sampled)).collect()
    }

    fn measure(&self, key: &ShapkanKey, desk: &Desk) -> Result<ShapkanCell, ExperimentError> {
        let device = &desk.setting.device;
        match key {
            ShapkanKey::Network(key) => {
                let cell = NetworkBench::new(&self.case, *key, device).measure()?;
                Ok(ShapkanCell::Network(cell))
            }
            ShapkanKey::Sampled(key) => {
                let errors = measure_sampling(*key, self.case.sampling_seeds, device)?;
                Ok(ShapkanCell::Sampled(errors))
            }
        }
    }

    fn order(&self) -> Order {
        Order::SideBySide
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let networks = self.networks(cells);
        let sampled = cells.iter().filter_map(|measured| match &measured.cell {
            ShapkanCell::Sampled(errors) => Some(errors),
            ShapkanCell::Network(_) => None,
        });
        let errors: Vec<&SamplingError> = sampled.flatten().collect();
        let mut rows = agreement::agreement_rows(&self.case, &networks);
        rows.extend(pruning::pruning_rows(&self.case, &networks));
        rows.extend(sampling::sampling_rows(&errors));
        // Some parts may not have been wanted.
        rows.retain(|row| row.value().is_some());
        Ok(rows)
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        Ok(presentation::notes(&self.case, self.networks(cells).len()))
    }

    fn seeds(&self) -> Vec<u64> {
        (0..self.case.seeds).collect()
    }

    fn questions(&self) -> Vec<Question> {
        let gain = |text, method| {
            Question::new(text, method, "tau_minus_pykan", Better::Higher)
                .at("comparison", "refit, inputs")
                .beside(["magnitude", "random"])
                .measured_as("Kendall's tau of the ranks of inputs over all shifts, above that of pykan's scores")
        };
        // The paper's own comparison comes first, whatever the others say.
        vec![
            gain(
                "Do ranks of inputs by Shapley values stay better than by pykan's scores when the inputs shift?",
                "shapkan-mean-rows",
            )
            .at_least(0.0),
            gain("Do they with the payoff as published (zero baseline)?", "shapkan-zero")
                .at_least(0.0)
                .paper("higher tau than pykan's"),
            gain("Do they stay better than by magnitude or chance?", "shapkan-mean-rows"),
        ]
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = presentation::charts(outcome);
        show_point(&mut charts, outcome);
        Ok(charts)
    }
}

impl Shapkan {
    /// Trained networks, function by function and seed by seed.
    fn networks<'a>(&self, cells: Cells<'a>) -> Vec<&'a NetworkCell> {
        let networks = cells.iter().filter_map(|measured| match &measured.cell {
            ShapkanCell::Network(cell) => Some(cell),
            ShapkanCell::Sampled(_) => None,
        });
        let mut networks: Vec<&NetworkCell> = networks.collect();
        let place = |cell: &NetworkCell| self.case.targets.iter().position(|target| target.name == cell.function);
        networks.sort_by_key(|cell| (place(cell), cell.seed));
        networks
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::claims::harness::law::{assert_answered, assert_part};
    use crate::outcome::Tier;

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        let [quick, standard] = [Tier::Quick, Tier::Standard].map(|tier| Shapkan {
            case: ShapkanCase::new(tier),
        });
        assert_part(quick.keys(), standard.keys());
        // Small enough for a test, with the names of the tier.
        let claim = Shapkan {
            case: ShapkanCase {
                n_rows: 40,
                steps: 1,
                refit_steps: 1,
                ..quick.case
            },
        };
        let measure = |key: ShapkanKey| match &key {
            ShapkanKey::Network(network) if network.seed == 0 => {
                let cell = NetworkBench::new(&claim.case, *network, &Device::default()).measure();
                let cell = ShapkanCell::Network(cell.expect("it can be measured"));
                Some(Measured { key, cell })
            }
            _ => None,
        };
        let cells: Vec<_> = claim.keys().into_iter().filter_map(measure).collect();
        assert_answered(claim.rows(&cells).expect("they are complete"), &claim.questions());
    }
}
