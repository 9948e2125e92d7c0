//! Notes on counts that differ from the requested ones.

use secateurs_data::{Checkpoint, CheckpointWriter, TensorPlan};
use secateurs_tensor::{LayerReport, Report};

use crate::prune::error::PruneJobError;

/// A note on the difference between the zeros of a result and the requested number, with its reason.
pub(crate) fn of_counts(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let (fewer, missing) = tally(report, |layer| {
        layer.whole_request().saturating_sub(layer.requested_pruned)
    });
    if missing > 0 {
        notes.push(format!(
            "{missing} weights of {fewer} layers were kept beyond the request: the number to prune is rounded down for every output"
        ));
    }
    let (more, surplus) = tally(report, |layer| layer.pruned.saturating_sub(layer.requested_pruned));
    if surplus > 0 {
        notes.push(format!(
            "{surplus} weights of {more} layers are zero beyond the request: they were zero before, or are too small for the \
             number format of the output"
        ));
    }
    let (short, lacking) = tally(report, |layer| layer.requested_pruned.saturating_sub(layer.pruned));
    if lacking > 0 {
        notes.push(format!(
            "{lacking} weights of {short} layers were not pruned although requested"
        ));
    }
    notes
}

/// A note on zeros outside the layers of a report: such weights are copied and may be too small for the number format.
pub(crate) fn of_rest(
    source: &Checkpoint,
    writer: &CheckpointWriter,
    planned: &[TensorPlan],
    report: &Report,
) -> Result<Option<String>, PruneJobError> {
    let is_copied = |tensor: &TensorPlan| report.layers.iter().all(|layer| layer.path != tensor.path);
    let (mut tensors, mut weights) = (0, 0);
    for tensor in planned.iter().filter(|tensor| is_copied(tensor)) {
        let name = &tensor.name;
        if source.tensor(name)?.encoding != writer.float_type().safetensors_name() {
            let before = n_zeros(&source.read_f32(name)?);
            let lost = n_zeros(&writer.read_f32(name)?).saturating_sub(before);
            tensors += usize::from(lost > 0);
            weights += lost;
        }
    }
    let note = || {
        format!(
            "{weights} weights of {tensors} tensors outside pruning became zero: they are too small for the number format of the output"
        )
    };
    Ok((weights > 0).then(note))
}

/// The number of zeros among values.
pub(crate) fn n_zeros(values: &[f32]) -> usize {
    values.iter().filter(|value| **value == 0.0).count()
}

/// Number of layers with a count of at least one, and the sum of the counts.
fn tally(report: &Report, count: impl Fn(&LayerReport) -> usize) -> (usize, usize) {
    let counts = report.layers.iter().map(count).filter(|count| *count > 0);
    counts.fold((0, 0), |(layers, sum), count| (layers + 1, sum + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(requested_sparsity: f64, requested_pruned: usize, pruned: usize) -> LayerReport {
        LayerReport {
            path: "layer".into(),
            dims: [4, 5],
            requested_sparsity,
            requested_pruned,
            pruned,
            seconds: 0.0,
            relative_error: None,
            events: Vec::new(),
        }
    }

    fn notes(layers: Vec<LayerReport>) -> Vec<String> {
        of_counts(&Report {
            method: "m".into(),
            pattern: "50%".into(),
            scope: None,
            layers,
            units: Vec::new(),
            cost: None,
            seconds: 0.0,
            peak_rss_bytes: None,
            notes: Vec::new(),
        })
    }

    #[test]
    fn a_difference_is_counted_and_explained() {
        assert_eq!(notes(vec![layer(0.5, 10, 10)]), [""; 0]);
        // Half of five inputs is two of every output.
        let rounded = notes(vec![layer(0.5, 8, 8), layer(0.5, 8, 8)]);
        assert!(
            rounded.len() == 1 && rounded[0].starts_with("4 weights of 2 layers were kept"),
            "{rounded:?}"
        );
        let surplus = notes(vec![layer(0.5, 10, 13), layer(0.5, 10, 10)]);
        assert!(
            surplus.len() == 1 && surplus[0].starts_with("3 weights of 1 layers are zero"),
            "{surplus:?}"
        );
        let both = notes(vec![layer(0.5, 8, 9)]);
        assert_eq!(both.len(), 2, "{both:?}");
    }
}
