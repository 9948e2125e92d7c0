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

/// The map of `crates/README.md`.
const MAP: [Allowed; 22] = [
    Allowed {
        name: "secateurs-tensor",
        uses: Uses::Only(&[]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-importance",
        uses: Uses::Only(&["tensor"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-train",
        uses: Uses::Only(&["tensor"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-prune",
        uses: Uses::Only(&["tensor", "importance", "train"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-formula",
        uses: Uses::Only(&[]),
        burn: Burn::Never,
    },
    Allowed {
        name: "secateurs-kan",
        uses: Uses::Only(&["tensor", "importance", "train", "ops", "formula"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-causal",
        uses: Uses::Only(&["tensor", "kan", "formula"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-ops",
        uses: Uses::Only(&[]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-moe",
        uses: Uses::Only(&["tensor", "importance", "ops"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-moe-theory",
        uses: Uses::Only(&["tensor"]),
        burn: Burn::Never,
    },
    Allowed {
        name: "secateurs-models",
        uses: Uses::Only(&["tensor", "importance", "train", "prune", "moe", "ops", "data"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-data",
        uses: Uses::Only(&[]),
        burn: Burn::Never,
    },
    Allowed {
        name: "secateurs-sparse",
        uses: Uses::Only(&[]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-runtime",
        uses: Uses::Only(&["ops", "sparse", "data"]),
        burn: Burn::Never,
    },
    Allowed {
        name: "secateurs-kan-files",
        uses: Uses::Only(&["kan", "formula", "data"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-lm",
        uses: Uses::Only(&[
            "tensor",
            "importance",
            "train",
            "prune",
            "moe",
            "ops",
            "models",
            "data",
            "sparse",
            "runtime",
        ]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs",
        uses: Uses::Only(&[
            "tensor",
            "importance",
            "train",
            "prune",
            "kan",
            "kan-files",
            "formula",
            "causal",
            "lm",
            "moe",
            "moe-theory",
            "ops",
            "models",
            "data",
            "sparse",
            "runtime",
        ]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-cli",
        uses: Uses::Only(&["secateurs"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-experiments",
        uses: Uses::Everything,
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-testkit",
        uses: Uses::Only(&["tensor", "importance"]),
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "secateurs-benches",
        uses: Uses::Everything,
        burn: Burn::WithoutBackend,
    },
    Allowed {
        name: "xtask",
        uses: Uses::Only(&["data"]),
        burn: Burn::Never,
    },
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
