//! Options that a method does not use are refused by name, whatever the entry.

use secateurs_lm::{AllocationRecipe, Method, MethodOptions, Recipe, RecipeError, Training};
use secateurs_prune::{AdmmSchedule, Safe};
use secateurs_tensor::{NonNegative, Scope, Sparsity};

/// Options, one set each.
const OPTIONS: [&str; 7] = [
    "scope",
    "damping",
    "iterations",
    "schedule",
    "safe",
    "training",
    "allocation",
];

/// Options that a method uses.
fn used_by(method: Method) -> &'static [&'static str] {
    match method {
        Method::Random
        | Method::Magnitude
        | Method::Wanda
        | Method::Ria
        | Method::WandaPlusPlus
        | Method::Taylor
        | Method::Fisher => &["scope", "allocation"],
        Method::SparseGpt => &["damping", "allocation"],
        Method::LAdmm => &["damping", "iterations", "schedule", "allocation"],
        Method::Alps => &["damping", "iterations", "allocation"],
        Method::Safe => &["safe", "allocation"],
        Method::RandomFinetune | Method::WandaFinetune | Method::Elsa | Method::ElsaL => &["scope", "training"],
    }
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
