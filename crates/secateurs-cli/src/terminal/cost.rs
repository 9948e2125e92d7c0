//! Costs of models, for people.

use secateurs::tensor::CostChange;

use crate::terminal::units::{bytes, quantity};

/// One line on a cost after and before: `1.2M parameters (before: 2.3M), 4.5 MiB (before: 9.0 MiB), 1.1M multiply-adds per token`.
pub(crate) fn describe_cost(cost: &CostChange) -> String {
    let CostChange { before, after } = cost;
    let parameters = change([after.parameters, before.parameters].map(quantity), " parameters");
    let stored = after.bytes.zip(before.bytes);
    let stored = stored.map(|(after, before)| change([after, before].map(bytes), ""));
    let macs = after.macs.zip(before.macs);
    let macs = macs.map(|(after, before)| change([after, before].map(quantity), " multiply-adds per token"));
    let parts: Vec<String> = [Some(parameters), stored, macs].into_iter().flatten().collect();
    parts.join(", ")
}

fn change([after, before]: [String; 2], unit: &str) -> String {
    if after == before {
        format!("{after}{unit}")
    } else {
        format!("{after}{unit} (before: {before})")
    }
}

#[cfg(test)]
mod tests {
    use secateurs::tensor::Cost;

    use super::*;

    #[test]
    fn only_what_changed_is_compared() {
        let before = Cost {
            parameters: 2_000_000,
            macs: Some(1_500_000),
            bytes: Some(8 << 20),
            latency: None,
        };
        let after = Cost {
            bytes: Some(4 << 20),
            ..before
        };
        let line = describe_cost(&CostChange { before, after });
        assert_eq!(
            line,
            "2.0M parameters, 4.0 MiB (before: 8.0 MiB), 1.5M multiply-adds per token"
        );
    }
}
