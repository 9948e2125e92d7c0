//! Keys of rows in words: the one place that knows what a metric, an axis or a case is called.

use crate::outcome::{Better, Row};

/// A name with its unit, and the factor that brings a number to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// Name and unit, and the better direction where there is one.
    pub(super) label: &'static str,
    pub(super) factor: f64,
}

/// A quantity that is shown as it is.
const fn plain(label: &'static str) -> Quantity {
    Quantity { label, factor: 1.0 }
}

/// A share that is shown in percent.
const fn percent(label: &'static str) -> Quantity {
    Quantity { label, factor: 100.0 }
}

const METRICS: [(&str, Quantity); 53] = [
    ("perplexity", plain("perplexity (lower is better)")),
    ("accuracy", percent("answers that are right, % (higher is better)")),
    ("solve_seconds", plain("time to prune, s (lower is better)")),
    ("cpu_seconds", plain("processor time, s")),
    ("generation_seconds", plain("time to generate, s")),
    ("peak_rss_mib", plain("peak memory, MiB (lower is better)")),
    ("training_tokens", plain("tokens trained on")),
    (
        "training_tokens_per_second",
        plain("tokens trained on per second (higher is better)"),
    ),
    (
        "state_bytes_per_parameter",
        plain("state of training, bytes per parameter (lower is better)"),
    ),
    ("file_mib", plain("size of the file, MiB (lower is better)")),
    (
        "decode_tokens_per_second",
        plain("tokens generated per second (higher is better)"),
    ),
    (
        "prefill_tokens_per_second",
        plain("tokens read per second (higher is better)"),
    ),
    (
        "decode_speedup",
        plain("speed of generation, times that of the dense model"),
    ),
    (
        "prefill_speedup",
        plain("speed of reading, times that of the dense model"),
    ),
    ("bandwidth_share", percent("share of memory bandwidth, %")),
    (
        "kl_decode",
        plain("divergence from the dense model while generating, nats (lower is better)"),
    ),
    (
        "kl_prompt",
        plain("divergence from the dense model on prompts, nats (lower is better)"),
    ),
    (
        "nll_decode",
        plain("negative log-likelihood of its continuations, nats (lower is better)"),
    ),
    (
        "hidden_error_decode",
        plain("relative error of hidden states while generating (lower is better)"),
    ),
    (
        "hidden_error_prompt",
        plain("relative error of hidden states on prompts (lower is better)"),
    ),
    (
        "e_ratio_decode",
        plain("distance of hidden states while generating, ratio"),
    ),
    ("e_ratio_prompt", plain("distance of hidden states on prompts, ratio")),
    ("new_tokens", plain("generated tokens")),
    ("limited_share", percent("continuations cut at the limit, %")),
    ("pehe", plain("error of individual effects, PEHE (lower is better)")),
    ("ate_error", plain("error of the average effect (lower is better)")),
    (
        "factual_mse",
        plain("squared error of observed outcomes (lower is better)"),
    ),
    ("edges", plain("edges that are left")),
    ("effect_terms", plain("terms of the effect")),
    ("effect_formula_size", plain("size of the effect's formula, symbols")),
    (
        "success_rate",
        percent("students that found every teacher, % (higher is better)"),
    ),
    (
        "zero_loss_rate",
        percent("students that reach zero loss, % (higher is better)"),
    ),
    ("diverged_rate", percent("students that diverged, % (lower is better)")),
    ("experts_kept", plain("experts that are kept")),
    (
        "expert_alignment_min",
        plain("|cos| of the worst expert with its teacher (higher is better)"),
    ),
    (
        "expert_alignment_mean",
        plain("mean |cos| of experts with their teachers (higher is better)"),
    ),
    (
        "router_alignment_min",
        plain("cos of the worst router with its teacher (higher is better)"),
    ),
    (
        "router_alignment_mean",
        plain("mean cos of routers with their teachers (higher is better)"),
    ),
    (
        "experts_before_routers",
        percent("experts that arrive before their routers, %"),
    ),
    ("first_expert_step", plain("step at which the first expert arrives")),
    ("last_expert_step", plain("step at which the last expert arrives")),
    ("loss_geometric_mean", plain("loss, geometric mean (lower is better)")),
    ("parameters_million", plain("parameters, millions")),
    (
        "lost_gate_share",
        percent("weight of the gates that is lost, % (lower is better)"),
    ),
    (
        "tokens_that_lost_one",
        percent("tokens that lost an expert, % (lower is better)"),
    ),
    (
        "tokens_that_lost_all",
        percent("tokens that lost all experts, % (lower is better)"),
    ),
    (
        "tau",
        plain("Kendall's tau of ranks before and after the shift (higher is better)"),
    ),
    (
        "tau_minus_pykan",
        plain("Kendall's tau above that of pykan (higher is better)"),
    ),
    ("top_overlap", plain("overlap of the better halves (higher is better)")),
    (
        "rmse_pruned",
        plain("error after pruning, standard deviations (lower is better)"),
    ),
    (
        "rmse_refitted",
        plain("error after refitting, standard deviations (lower is better)"),
    ),
    (
        "sampling_error",
        plain("relative error of sampled values (lower is better)"),
    ),
    (
        "sampling_error_ratio",
        plain("error of plain over antithetic sampling (higher is better)"),
    ),
];

const AXES: [(&str, Quantity); 7] = [
    ("sparsity", percent("sparsity, % of weights")),
    ("removed", percent("experts removed, %")),
    ("nodes", plain("nodes left in each hidden layer")),
    ("shift", plain("shift of the domain")),
    ("permutations", plain("permutations that are sampled")),
    ("step", plain("step of training")),
    ("n", plain("n")),
];

/// Values of cases whose key needs no mention.
const VALUES: [(&str, &str); 7] = [
    ("austen", "Austen's novels"),
    ("inputs", "ranks of inputs"),
    ("hidden", "ranks of hidden nodes"),
    ("fixed", "the network stays"),
    ("refit", "the network is learned again"),
    ("mean", "absent nodes at their mean"),
    ("zero", "absent nodes at zero"),
];

/// Keys whose value is told without them.
const SILENT: [&str; 10] = [
    "dataset",
    "pattern",
    "training",
    "problem",
    "function",
    "stage",
    "ranks",
    "variant",
    "fold",
    "comparison",
];

/// The label and factor of a metric.
pub(super) fn name_metric(key: &str) -> (String, f64) {
    name(&METRICS, key)
}

/// The label and factor of a horizontal axis.
pub(super) fn name_axis(key: &str) -> (String, f64) {
    name(&AXES, key)
}

/// A title for a metric along an axis in the case of a row: `perplexity against sparsity: Austen's novels, unstructured`.
pub(super) fn title_along(metric: &str, axis: &str, row: Option<&Row>) -> String {
    let [metric, along] = [name_metric(metric).0, name_axis(axis).0].map(|label| shorten_label(&label));
    let case = row.map(|row| describe_case(row, axis)).unwrap_or_default();
    let title = format!("{metric} against {along}");
    let title = if case.is_empty() {
        title
    } else {
        format!("{title}: {case}")
    };
    capitalise(&title)
}

/// The case of a row without an axis, in words.
pub(super) fn describe_case(row: &Row, axis: &str) -> String {
    let keys = row.case_keys().filter(|key| *key != axis);
    let told = keys.map(|key| tell_value(key, &row.text(key).unwrap_or_default()));
    told.collect::<Vec<_>>().join(", ")
}

pub(super) fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The direction in which a metric improves, in words.
pub(super) fn tell_better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
    }
}

fn name(names: &[(&str, Quantity)], key: &str) -> (String, f64) {
    let known = names.iter().find(|(known, _)| *known == key);
    known.map_or_else(
        || (key.replace('_', " "), 1.0),
        |(_, quantity)| (quantity.label.to_owned(), quantity.factor),
    )
}

/// A label without its unit and direction.
fn shorten_label(label: &str) -> String {
    let end = label.find(" (").unwrap_or(label.len());
    label[..end].split(',').next().unwrap_or_default().to_owned()
}

fn tell_value(key: &str, value: &str) -> String {
    let known = VALUES
        .iter()
        .find(|(known, _)| *known == value && SILENT.contains(&key));
    match known {
        Some((_, words)) => (*words).to_owned(),
        None if SILENT.contains(&key) => value.to_owned(),
        None => format!("{} {value}", key.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words_with_units() {
        assert_eq!(
            name_metric("bandwidth_share"),
            ("share of memory bandwidth, %".to_owned(), 100.0)
        );
        assert_eq!(name_axis("sparsity"), ("sparsity, % of weights".to_owned(), 100.0));
        assert_eq!(name_metric("a_new_metric"), ("a new metric".to_owned(), 1.0));
    }

    #[test]
    fn cases_become_titles() {
        let row = Row::new("wanda", "perplexity", 1.0)
            .case("dataset", "austen")
            .case("pattern", "unstructured")
            .case("sparsity", 0.5);
        let title = title_along("perplexity", "sparsity", Some(&row));
        assert_eq!(title, "Perplexity against sparsity: Austen's novels, unstructured");
        let row = Row::new("plain", "sampling_error", 1.0)
            .case("roughness", 3)
            .case("permutations", 4);
        assert_eq!(describe_case(&row, "permutations"), "roughness 3");
        assert_eq!(title_along("a_b", "c", None), "A b against c");
    }

    #[test]
    fn no_key_has_two_names() {
        for (at, (key, _)) in METRICS.iter().enumerate() {
            assert!(!METRICS[..at].iter().any(|(other, _)| other == key), "{key}");
        }
    }
}
