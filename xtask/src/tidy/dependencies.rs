//! The rule for dependencies: arrows between crates point down only.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Finding;

/// The page that holds the map: a table with a row for each crate and the crates it may use in the last column.
pub const PAGE: &str = "crates/README.md";

/// Crates that never see burn; all others use it without naming a backend, which their users choose.
const WITHOUT_BURN: [&str; 8] = [
    "secateurs-formula",
    "secateurs-chart",
    "secateurs-moe-theory",
    "secateurs-data",
    "secateurs-datasets",
    "secateurs-runtime",
    "secateurs-terminal",
    "xtask",
];

const BACKENDS: [&str; 9] = [
    "flex", "ndarray", "wgpu", "cuda", "vulkan", "metal", "rocm", "tch", "candle",
];

/// The packages that each crate of the workspace may use beyond the registry, except `testkit` in its tests.
pub struct Map(BTreeMap<String, Uses>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Uses {
    Only(Vec<String>),
    Everything,
}

impl Map {
    /// Reads the table of the page, and adds the packages outside `crates/`.
    pub fn read(page: &str) -> Self {
        let mut map = BTreeMap::from([
            ("xtask".to_owned(), Uses::Only(vec!["secateurs-datasets".to_owned()])),
            ("secateurs-benches".to_owned(), Uses::Everything),
        ]);
        let mut above = Vec::new();
        for line in page.lines() {
            let Some((name, used)) = row(line) else { continue };
            let uses = match used {
                "all" => Uses::Everything,
                "all above" => Uses::Only(above.clone()),
                names => Uses::Only(names.split(',').map(|name| full_name(name.trim())).collect()),
            };
            map.insert(name.to_owned(), uses);
            above.push(name.to_owned());
        }
        Self(map)
    }

    /// Checks the output of `cargo metadata --no-deps`.
    pub fn check(&self, metadata: &Value) -> Vec<Finding> {
        let packages = list(&metadata["packages"]);
        packages
            .iter()
            .flat_map(|package| self.check_package(package))
            .collect()
    }

    fn check_package(&self, package: &Value) -> Vec<Finding> {
        let name = text(&package["name"]);
        let Some(uses) = self.0.get(name) else {
            return vec![Finding::in_file(name, format!("is not in the map of crates in {PAGE}"))];
        };
        let dependencies = list(&package["dependencies"]).iter();
        let problems = dependencies.filter_map(|dependency| problem(name, uses, dependency));
        problems.map(|problem| Finding::in_file(name, problem)).collect()
    }
}

/// The crate of a row of the table, and its last column.
fn row(line: &str) -> Option<(&str, &str)> {
    let cells = line.strip_prefix("| `secateurs")?.strip_suffix('|')?;
    let (rest, _) = cells.split_once('`')?;
    let (_, used) = cells.rsplit_once('|')?;
    Some((&line[3..3 + "secateurs".len() + rest.len()], used.trim()))
}

fn full_name(short: &str) -> String {
    match short {
        "secateurs" => short.to_owned(),
        short => format!("secateurs-{short}"),
    }
}

fn problem(name: &str, uses: &Uses, dependency: &Value) -> Option<String> {
    let used = text(&dependency["name"]);
    let is_dev = dependency["kind"] == "dev";
    if used == "burn" || used.starts_with("burn-") {
        return burn_problem(name, dependency);
    }
    let is_member = used == "secateurs" || used.starts_with("secateurs-");
    let is_allowed = match uses {
        Uses::Everything => true,
        Uses::Only(names) => names.iter().any(|allowed| allowed == used),
    };
    let is_test_support = is_dev && used == "secateurs-testkit";
    (is_member && !is_allowed && !is_test_support).then(|| format!("must not depend on {used}, says {PAGE}"))
}

fn burn_problem(name: &str, dependency: &Value) -> Option<String> {
    if WITHOUT_BURN.contains(&name) {
        return Some("must not depend on burn".to_owned());
    }
    let features = list(&dependency["features"]).iter().map(text);
    let backend = features.into_iter().find(|feature| BACKENDS.contains(feature))?;
    Some(format!(
        "names the backend {backend:?}: backends are features of its users"
    ))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "\
| crate | responsibility | may use |
|---|---|---|
| `secateurs-tensor` | words | |
| `secateurs-prune` | solvers, `Trait` of tensor | tensor |
| `secateurs` | the facade | all above |
| `secateurs-cli` | the command | secateurs |
| `secateurs-experiments` | claims | all |
| `secateurs-testkit` | tests | |
";

    fn messages(name: &str, dependency: Value) -> Vec<String> {
        let metadata = json!({ "packages": [{ "name": name, "dependencies": [dependency] }] });
        let findings = Map::read(TABLE).check(&metadata);
        findings.into_iter().map(|finding| finding.message).collect()
    }

    fn on(name: &str, kind: Option<&str>) -> Value {
        json!({ "name": name, "kind": kind, "features": [] })
    }

    #[test]
    fn arrows_upwards_are_refused_and_downwards_allowed() {
        assert_eq!(
            messages("secateurs-tensor", on("secateurs-prune", None)),
            ["must not depend on secateurs-prune, says crates/README.md"]
        );
        assert!(messages("secateurs-prune", on("secateurs-tensor", None)).is_empty());
        assert!(messages("secateurs", on("secateurs-prune", None)).is_empty());
        assert_eq!(messages("secateurs", on("secateurs-cli", None)).len(), 1);
        assert_eq!(messages("secateurs-cli", on("secateurs-prune", None)).len(), 1);
        assert!(messages("secateurs-cli", on("secateurs", None)).is_empty());
        assert!(messages("secateurs-experiments", on("secateurs-cli", None)).is_empty());
    }

    #[test]
    fn testkit_is_for_tests() {
        assert!(messages("secateurs-tensor", on("secateurs-testkit", Some("dev"))).is_empty());
        assert_eq!(messages("secateurs-tensor", on("secateurs-testkit", None)).len(), 1);
    }

    #[test]
    fn burn_stays_out_of_tools_and_backends_out_of_libraries() {
        assert_eq!(messages("xtask", on("burn", None)), ["must not depend on burn"]);
        let with_backend = json!({ "name": "burn", "kind": null, "features": ["std", "flex"] });
        assert_eq!(messages("secateurs-tensor", with_backend).len(), 1);
    }

    #[test]
    fn an_unknown_crate_must_enter_the_map() {
        assert!(messages("secateurs-new", on("serde", None))[0].contains("map"));
    }
}
