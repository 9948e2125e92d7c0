//! Options that a method does not use are refused by name, whatever the entry.

use secateurs_lm::{
    AllocationRecipe, Calibration, Method, MethodOptions, Recipe, RecipeError, TextCalibration, Training,
};
use secateurs_prune::{AdmmSchedule, Safe};
use secateurs_tensor::{NonNegative, Scope, Sparsity};

/// Options, one set each.
const OPTIONS: [&str; 9] = [
    "scope",
    "damping",
    "iterations",
    "schedule",
    "safe",
    "training",
    "allocation",
    "seed",
    "calibration",
];

/// Options that a method uses.
fn used_by(method: Method) -> &'static [&'static str] {
    match method {
        Method::Random => &["scope", "allocation", "seed"],
        Method::Magnitude => &["scope", "allocation"],
        Method::Wanda | Method::Ria | Method::WandaPlusPlus | Method::Taylor | Method::Fisher => {
            &["scope", "allocation", "calibration"]
        }
        Method::SparseGpt => &["damping", "allocation", "calibration"],
        Method::LAdmm => &["damping", "iterations", "schedule", "allocation", "calibration"],
        Method::Alps => &["damping", "iterations", "allocation", "calibration"],
        Method::Safe => &["safe", "allocation", "calibration"],
        Method::WandaFinetune => &["scope", "training", "seed", "calibration"],
        Method::RandomFinetune | Method::Elsa | Method::ElsaL => &["scope", "training", "seed"],
    }
}

fn calibration() -> Calibration {
    Calibration::Text(TextCalibration {
        text: "text.txt".into(),
        window: 16,
        windows: 2,
        skip: 0,
    })
}

/// A recipe with one option and nothing else that a method could refuse.
fn recipe_with(method: Method, option: &str) -> Recipe {
    let mut recipe = Recipe::new(method, "50%".parse().expect("a pattern"));
    let options = &mut recipe.options;
    match option {
        "scope" => options.scope = Some(Scope::PerLayer),
        "damping" => options.damping = Some(NonNegative::new(0.1).expect("in range")),
        "iterations" => options.iterations = Some(20),
        "schedule" => options.schedule = Some(AdmmSchedule::Constant),
        "safe" => options.safe = Some(Safe::default()),
        "training" => recipe.training = Some(Training::default()),
        "seed" => recipe.seed = 7,
        "calibration" => recipe.calibration = Some(calibration()),
        _ => {
            recipe.allocation = AllocationRecipe::PerBlock {
                sparsities: vec![Sparsity::DENSE],
            }
        }
    }
    recipe
}

#[test]
fn every_method_takes_its_own_options_and_refuses_all_others() {
    for option in OPTIONS {
        let users = Method::ALL
            .into_iter()
            .filter(|method| used_by(*method).contains(&option));
        let users = users.map(Method::name).collect::<Vec<_>>().join(", ");
        for method in Method::ALL {
            let recipe = recipe_with(method, option);
            let case = format!("{option} of {method}");
            let toml = recipe.to_toml().expect("paths are UTF-8");
            let refused = [recipe.build().err(), Recipe::from_toml(&toml).err()];
            for refused in refused {
                let line = refused.map(|error| error.to_string());
                if used_by(method).contains(&option) {
                    assert_eq!(line, None, "{case}");
                    continue;
                }
                let line = line.unwrap_or_else(|| panic!("{case} is ignored"));
                let says = |part: &str| assert!(line.contains(part), "{part} is not in {line:?}");
                [option, method.name(), &users].into_iter().for_each(says);
            }
        }
    }
}

#[test]
fn building_a_method_alone_refuses_as_a_recipe_does() {
    let options = MethodOptions {
        damping: Some(NonNegative::new(0.1).expect("in range")),
        ..MethodOptions::default()
    };
    let refused = Method::Magnitude
        .build(&options, 0)
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        refused.as_deref(),
        Some("magnitude does not use damping, an option of sparsegpt, l-admm, alps")
    );
}

#[test]
fn a_calibration_of_outliers_is_used_whatever_the_method() {
    let mut recipe = recipe_with(Method::Magnitude, "calibration");
    assert!(recipe.build().is_err());
    recipe.allocation = AllocationRecipe::owl();
    assert!(recipe.build().is_ok());
}

#[test]
fn the_seed_that_all_recipes_have_is_refused_only_on_demand() {
    for method in Method::ALL {
        let recipe = Recipe::new(method, "50%".parse().expect("a pattern"));
        assert!(recipe.build().is_ok(), "{method}");
        assert_eq!(
            recipe.check_seed().is_ok(),
            used_by(method).contains(&"seed"),
            "{method}"
        );
    }
}

#[test]
fn groups_of_a_pattern_leave_scope_nothing_to_decide() {
    for method in Method::ALL
        .into_iter()
        .filter(|method| used_by(*method).contains(&"scope"))
    {
        let mut recipe = recipe_with(method, "scope");
        recipe.sparsity = None;
        recipe.pattern = "2:4".parse().ok();
        let toml = recipe.to_toml().expect("paths are UTF-8");
        for refused in [recipe.build().err(), Recipe::from_toml(&toml).err()] {
            let line = refused.map(|error| error.to_string()).expect("scope is idle");
            assert!(line.contains("2:4") && line.contains("scope"), "{method}: {line}");
        }
        recipe.options.scope = None;
        assert!(recipe.build().is_ok(), "{method}");
    }
}

#[test]
fn settings_of_a_validation_need_its_text() {
    let recipe = |training| {
        let mut recipe = Recipe::new(Method::Elsa, "50%".parse().expect("a pattern"));
        recipe.training = Some(training);
        recipe
    };
    let windows = Training {
        validation_windows: Some(3),
        ..Training::default()
    };
    let steps = Training {
        validate_every: Some(3),
        ..Training::default()
    };
    for (training, option) in [(windows, "validation-windows"), (steps, "validate-every")] {
        let refused = recipe(training.clone()).build().err().map(|error| error.to_string());
        let expected = format!(
            "training.{option} has no effect without training.validation; name a text, or leave the option out"
        );
        assert_eq!(refused, Some(expected));
        let validation = Some("valid.txt".into());
        assert!(recipe(Training { validation, ..training }).build().is_ok(), "{option}");
    }
}

#[test]
fn fine_tuning_refuses_settings_of_elsa() {
    let recipe = |method| {
        let mut recipe = Recipe::new(method, "50%".parse().expect("a pattern"));
        recipe.training = Some(Training {
            lambda: Some(0.1),
            ..Training::default()
        });
        recipe
    };
    for method in [Method::RandomFinetune, Method::WandaFinetune] {
        let refused = recipe(method).build().err().map(|error| error.to_string());
        let expected = format!("{method} does not use training.lambda, an option of elsa, elsa-l");
        assert_eq!(refused, Some(expected));
    }
    for method in [Method::Elsa, Method::ElsaL] {
        assert!(recipe(method).build().is_ok(), "{method}");
    }
}

#[test]
fn all_layers_compete_in_elsa_alone() {
    for method in Method::ALL {
        let options = MethodOptions {
            scope: Some(Scope::Global),
            ..MethodOptions::default()
        };
        let built = method.build(&options, 0);
        match method {
            Method::Elsa | Method::ElsaL => assert!(built.is_ok(), "{method}"),
            _ if used_by(method).contains(&"scope") => {
                assert!(matches!(built, Err(RecipeError::NoGlobalScope { .. })), "{method}");
            }
            _ => assert!(matches!(built, Err(RecipeError::UnusedOption { .. })), "{method}"),
        }
    }
}

#[test]
fn the_shapes_are_those_that_their_names_promise() {
    use secateurs_lm::Algorithm;
    for method in Method::ALL {
        let shape = method
            .build(&MethodOptions::default(), 0)
            .expect("defaults are in range");
        let is_layerwise = matches!(shape, Algorithm::PerLayer(_));
        assert_eq!(is_layerwise, Method::LAYERWISE.contains(&method), "{method}");
        assert_eq!(
            matches!(shape, Algorithm::WholeModel(_)),
            method.trains_model(),
            "{method}"
        );
    }
}

/// The recipes that the command's README prints.
fn printed_recipes() -> Vec<&'static str> {
    let page = include_str!("../../../secateurs-cli/README.md");
    let blocks = page.split("```toml\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

#[test]
fn printed_recipes_can_be_followed() {
    let recipes = printed_recipes();
    assert!(recipes.len() >= 2);
    for text in recipes {
        let recipe = Recipe::from_toml(text).expect(text);
        recipe.build().expect(text);
    }
}
