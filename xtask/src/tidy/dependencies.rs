//! Arrows between crates point down only.

use serde_json::Value;

use super::Finding;

/// What a crate of the workspace may use beyond the registry, `testkit` in its tests aside.
struct Allowed {
    name: &'static str,
    uses: Uses,
    burn: Burn,
}

enum Uses {
    Only(&'static [&'static str]),
    Everything,
}

/// How a crate may depend on burn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Burn {
    Never,
    /// Without naming a backend; its users choose one.
    WithoutBackend,
}

/// A crate that never sees burn.
const fn plain(name: &'static str, uses: &'static [&'static str]) -> Allowed {
    Allowed {
        name,
        uses: Uses::Only(uses),
        burn: Burn::Never,
    }
}

/// A crate on burn.
const fn on_burn(name: &'static str, uses: &'static [&'static str]) -> Allowed {
    Allowed {
        name,
        uses: Uses::Only(uses),
        burn: Burn::WithoutBackend,
    }
}

/// A leaf that may use every crate.
const fn leaf(name: &'static str) -> Allowed {
    Allowed {
        name,
        uses: Uses::Everything,
        burn: Burn::WithoutBackend,
    }
}

/// What the facade gives short names to.
const ALL: &[&str] = &[
    "tensor",
    "importance",
    "train",
    "prune",
    "ops",
    "formula",
    "chart",
    "kan",
    "causal",
    "moe",
    "moe-theory",
    "sparse",
    "data",
    "datasets",
    "runtime",
    "models",
    "kan-files",
    "lm",
];

/// The map of `crates/README.md`, from the bottom up.
const MAP: [Allowed; 24] = [
    on_burn("secateurs-tensor", &[]),
    on_burn("secateurs-importance", &["tensor"]),
    on_burn("secateurs-train", &["tensor"]),
    on_burn("secateurs-prune", &["tensor", "importance", "train"]),
    on_burn("secateurs-ops", &[]),
    plain("secateurs-formula", &[]),
    plain("secateurs-chart", &[]),
    on_burn(
        "secateurs-kan",
        &["tensor", "importance", "train", "ops", "formula", "chart"],
    ),
    on_burn("secateurs-causal", &["tensor", "train", "kan", "formula", "chart"]),
    on_burn("secateurs-moe", &["tensor", "importance", "train", "ops"]),
    plain("secateurs-moe-theory", &["tensor"]),
    on_burn("secateurs-sparse", &[]),
    plain("secateurs-data", &[]),
    plain("secateurs-datasets", &["data"]),
    plain("secateurs-runtime", &["ops", "sparse", "data"]),
    on_burn(
        "secateurs-models",
        &["tensor", "importance", "train", "prune", "moe", "ops", "data"],
    ),
    on_burn("secateurs-kan-files", &["kan", "formula", "data"]),
    on_burn(
        "secateurs-lm",
        &[
            "tensor",
            "importance",
            "train",
            "prune",
            "moe",
            "ops",
            "models",
            "data",
            "datasets",
            "sparse",
            "runtime",
        ],
    ),
    on_burn("secateurs", ALL),
    on_burn("secateurs-cli", &["secateurs"]),
    on_burn("secateurs-testkit", &["tensor", "importance"]),
    leaf("secateurs-experiments"),
    leaf("secateurs-benches"),
    plain("xtask", &["datasets"]),
];

const BACKENDS: [&str; 9] = [
    "flex", "ndarray", "wgpu", "cuda", "vulkan", "metal", "rocm", "tch", "candle",
];

/// Checks the output of `cargo metadata --no-deps`.
pub fn check(metadata: &Value) -> Vec<Finding> {
    list(&metadata["packages"]).iter().flat_map(check_package).collect()
}

fn check_package(package: &Value) -> Vec<Finding> {
    let name = text(&package["name"]);
    let Some(allowed) = MAP.iter().find(|allowed| allowed.name == name) else {
        return vec![Finding::in_file(
            name,
            "is not in the map of crates: add it to `tidy` and to crates/README.md",
        )];
    };
    let dependencies = list(&package["dependencies"]).iter();
    let problems = dependencies.filter_map(|dependency| problem(allowed, dependency));
    problems.map(|problem| Finding::in_file(name, problem)).collect()
}

fn problem(allowed: &Allowed, dependency: &Value) -> Option<String> {
    let used = text(&dependency["name"]);
    let is_dev = dependency["kind"] == "dev";
    if used == "burn" || used.starts_with("burn-") {
        return burn_problem(allowed.burn, dependency);
    }
    let is_member = used == "secateurs" || used.starts_with("secateurs-");
    let short = used.trim_start_matches("secateurs-");
    let is_allowed = match &allowed.uses {
        Uses::Everything => true,
        Uses::Only(names) => names.contains(&short),
    };
    let is_test_support = is_dev && used == "secateurs-testkit";
    (is_member && !is_allowed && !is_test_support).then(|| format!("must not depend on {used}"))
}

fn burn_problem(allowed: Burn, dependency: &Value) -> Option<String> {
    if allowed == Burn::Never {
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

    fn messages(name: &str, dependency: Value) -> Vec<String> {
        let metadata = json!({ "packages": [{ "name": name, "dependencies": [dependency] }] });
        check(&metadata).into_iter().map(|finding| finding.message).collect()
    }

    fn on(name: &str, kind: Option<&str>) -> Value {
        json!({ "name": name, "kind": kind, "features": [] })
    }

    #[test]
    fn arrows_upwards_are_refused_and_downwards_allowed() {
        assert_eq!(
            messages("secateurs-tensor", on("secateurs-prune", None)),
            ["must not depend on secateurs-prune"]
        );
        assert!(messages("secateurs-prune", on("secateurs-tensor", None)).is_empty());
        assert!(messages("secateurs-cli", on("secateurs-models", None)).len() == 1);
        assert!(messages("secateurs-cli", on("secateurs", None)).is_empty());
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
