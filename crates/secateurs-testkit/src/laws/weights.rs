//! Laws of scores of weights.

use super::{prunes_exactly, prunes_lowest_first};

/// Data about a weight matrix that a score may need.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Row-major `[d_output, d_input]`.
    pub weights: Vec<f32>,
    /// `[d_output, d_input]`.
    pub dims: [usize; 2],
    /// The norm of each input.
    pub input_norms: Option<Vec<f32>>,
    /// Gradients, one matrix per sample.
    pub gradients: Option<Vec<Vec<f32>>>,
}

/// A score of weights as the laws see it.
pub struct WeightScore<'a> {
    /// Name of the score, for messages.
    pub name: &'a str,
    /// Whether it says that it needs norms of the inputs.
    pub needs_norms: bool,
    /// Whether it says that it needs gradients.
    pub needs_gradients: bool,
    /// One score per weight, or the text of an error.
    pub score: &'a dyn Fn(&Evidence) -> Result<Vec<f32>, String>,
    /// Marks the weights that survive if so many weights of a matrix are pruned by their scores.
    pub select: &'a dyn Fn(&[f32], usize) -> Vec<bool>,
}

impl WeightScore<'_> {
    fn on(&self, evidence: &Evidence) -> Vec<f32> {
        (self.score)(evidence).unwrap_or_else(|error| panic!("{} refuses sound evidence: {error}", self.name))
    }

    /// The part of `evidence` that the score says it needs.
    fn select_needed(&self, evidence: &Evidence) -> Evidence {
        Evidence {
            input_norms: evidence.input_norms.clone().filter(|_| self.needs_norms),
            gradients: evidence.gradients.clone().filter(|_| self.needs_gradients),
            ..evidence.clone()
        }
    }
}

/// Checks that a score of weights gives one finite number per weight, the same in a second call, from the data that it
/// says it needs; that it refuses absent data and NaN; and that its masks have exact counts.
///
/// `evidence` is complete and finite.
pub fn scores_weights(score: &WeightScore<'_>, evidence: &Evidence) {
    let name = score.name;
    let needed = score.select_needed(evidence);
    let scores = score.on(&needed);
    assert_eq!(scores.len(), evidence.weights.len(), "{name}: one score per weight");
    assert!(scores.iter().all(|score| score.is_finite()), "{name}: {scores:?}");
    assert_eq!(bits(&score.on(&needed)), bits(&scores), "{name} differs from itself");
    is_deaf(score, evidence, &scores);
    refuses_what_is_absent(score, &needed);
    refuses_nan(score, &needed, &scores);
    let n = scores.len();
    let wide: Vec<f64> = scores.iter().map(|score| f64::from(*score)).collect();
    for n_pruned in [0, 1, n / 3, n / 2, n] {
        let keep = (score.select)(&scores, n_pruned);
        prunes_exactly(&keep, n_pruned);
        prunes_lowest_first(&wide, &keep);
    }
}

/// Checks that data which was not requested changes nothing, whatever it holds.
fn is_deaf(score: &WeightScore<'_>, evidence: &Evidence, expected: &[f32]) {
    let reversed = |values: &Vec<f32>| values.iter().rev().map(|value| 2.0 * value).collect();
    let mut other = evidence.clone();
    if !score.needs_norms {
        other.input_norms = evidence.input_norms.as_ref().map(reversed);
    }
    if !score.needs_gradients {
        let samples = evidence.gradients.as_ref();
        other.gradients = samples.map(|samples| samples.iter().map(reversed).collect());
    }
    for evidence in [evidence, &other] {
        let got = score.on(evidence);
        assert_eq!(
            bits(&got),
            bits(expected),
            "{} uses what it does not ask for",
            score.name
        );
    }
}

fn refuses_what_is_absent(score: &WeightScore<'_>, needed: &Evidence) {
    let without_norms = Evidence {
        input_norms: None,
        ..needed.clone()
    };
    let without_gradients = Evidence {
        gradients: None,
        ..needed.clone()
    };
    for (is_needed, evidence) in [
        (score.needs_norms, without_norms),
        (score.needs_gradients, without_gradients),
    ] {
        if is_needed {
            let error = (score.score)(&evidence).expect_err("what is needed is absent");
            assert!(
                error.contains(score.name),
                "the error does not name {}: {error}",
                score.name
            );
        }
    }
}

/// Checks that NaN is refused wherever it is read; a score that ignores the weights may ignore it there.
fn refuses_nan(score: &WeightScore<'_>, needed: &Evidence, expected: &[f32]) {
    let mut spoilt = needed.clone();
    spoilt.weights[0] = f32::NAN;
    if let Ok(scores) = (score.score)(&spoilt) {
        assert_eq!(bits(&scores), bits(expected), "{} scores a NaN weight", score.name);
    }
    if let Some(norms) = &needed.input_norms {
        let mut norms = norms.clone();
        norms[0] = f32::NAN;
        let spoilt = Evidence {
            input_norms: Some(norms),
            ..needed.clone()
        };
        assert!((score.score)(&spoilt).is_err(), "{} takes a NaN norm", score.name);
    }
    if let Some(samples) = &needed.gradients {
        let mut samples = samples.clone();
        samples[0][0] = f32::NAN;
        let spoilt = Evidence {
            gradients: Some(samples),
            ..needed.clone()
        };
        assert!((score.score)(&spoilt).is_err(), "{} takes a NaN gradient", score.name);
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
