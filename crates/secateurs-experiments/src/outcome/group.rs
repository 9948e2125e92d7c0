//! Rows that differ only in method and along one axis: what one table or one plot shows.

use super::{Outcome, Row};

/// The rows of one metric in one setting, spread along an axis such as `sparsity`.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The metric.
    pub metric: &'a str,
    /// The case without the axis, as `key=value`, empty if nothing else identifies it.
    pub setting: String,
    /// Measured rows, controls included.
    pub ours: Vec<&'a Row>,
    /// The paper's rows.
    pub paper: Vec<&'a Row>,
}

impl Group<'_> {
    /// Metric and setting in one line.
    pub fn label(&self) -> String {
        if self.setting.is_empty() {
            self.metric.to_owned()
        } else {
            format!("{}, {}", self.metric, self.setting)
        }
    }

    /// The label with only letters, digits, dots and dashes, for a file name.
    pub fn file_name(&self) -> String {
        let keep = |character: char| {
            if character.is_alphanumeric() || character == '.' {
                character
            } else {
                '-'
            }
        };
        let name: String = self.label().chars().map(keep).collect();
        name.split('-')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-")
    }
}

impl Outcome {
    /// Splits the rows into groups that differ only in method and in `axis`, in the order in which they first occur.
    ///
    /// A row without `axis`, such as the dense model among sparsities, belongs to the group whose setting it shares.
    pub fn groups_along(&self, axis: &str) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for row in &self.rows {
            group_of(&mut groups, row, axis).ours.push(row);
        }
        for row in &self.paper {
            group_of(&mut groups, row, axis).paper.push(row);
        }
        groups
    }

    /// The methods of all rows, each once: ours, then methods that only the paper has, then controls.
    pub fn methods(&self) -> Vec<&str> {
        let controls = self.rows.iter().filter(|row| row.is_control());
        let ours = self.rows.iter().filter(|row| !row.is_control());
        let mut methods: Vec<&str> = Vec::new();
        for row in ours.chain(&self.paper).chain(controls) {
            if !methods.contains(&row.method()) {
                methods.push(row.method());
            }
        }
        methods
    }
}

fn group_of<'g, 'a>(groups: &'g mut Vec<Group<'a>>, row: &'a Row, axis: &str) -> &'g mut Group<'a> {
    let setting = setting_without(row, axis);
    let known = groups
        .iter()
        .position(|group| group.metric == row.metric() && group.setting == setting);
    let index = known.unwrap_or_else(|| {
        groups.push(Group {
            metric: row.metric(),
            setting,
            ours: Vec::new(),
            paper: Vec::new(),
        });
        groups.len() - 1
    });
    &mut groups[index]
}

/// Sorted by key, so that rows that list their keys in different orders meet in one group.
fn setting_without(row: &Row, axis: &str) -> String {
    let mut keys: Vec<&str> = row.case_keys().filter(|key| *key != axis).collect();
    keys.sort_unstable();
    let parts: Vec<String> = keys
        .iter()
        .map(|key| format!("{key}={}", row.text(key).unwrap_or_default()))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    #[test]
    fn rows_meet_by_setting_whatever_the_order_of_their_keys() {
        let mut outcome = Outcome::new("layerwise", Tier::Quick, "flex");
        let case = |method: &str, dataset: &str, sparsity: f64| {
            Row::new(method, "perplexity", 1.0)
                .case("dataset", dataset)
                .case("sparsity", sparsity)
        };
        outcome.rows = vec![
            case("wanda", "a", 0.5),
            case("wanda", "b", 0.5),
            Row::new("random", "perplexity", 9.0)
                .control()
                .case("sparsity", 0.7)
                .case("dataset", "a"),
            Row::new("dense", "perplexity", 0.5).control().case("dataset", "a"),
        ];
        outcome.paper = vec![case("wanda", "a", 0.5)];
        let groups = outcome.groups_along("sparsity");
        let sizes: Vec<_> = groups
            .iter()
            .map(|group| (group.ours.len(), group.paper.len()))
            .collect();
        assert_eq!(sizes, [(3, 1), (1, 0)]);
        assert_eq!(groups[0].label(), "perplexity, dataset=a");
        assert_eq!(groups[0].file_name(), "perplexity-dataset-a");
        assert_eq!(outcome.methods(), ["wanda", "random", "dense"]);
    }
}
