//! The flags that make a recipe, and how they override a recipe file.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use secateurs::data::{FloatType, read_text};
use secateurs::tensor::{NmPattern, PathRules, Sparsity};
use secateurs::{Method, Recipe};
use toml::{Table, Value};

use crate::error::CliError;
use crate::options::settings::{AllocationArgs, CalibrationArgs, SettingArgs};
use crate::options::training::TrainingArgs;

/// The largest integer of TOML, in which the seed is stored.
const MAX_SEED: u64 = i64::MAX as u64;

/// Everything that decides the result of a run.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to do")]
pub(crate) struct RecipeArgs {
    /// TOML file to take options from; flags override it
    #[arg(short, long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// How weights are chosen and compensated
    #[arg(short, long, value_name = "METHOD", value_parser = methods())]
    method: Option<Method>,
    /// Share of weights to remove: 0.5 or 50%, less than 1
    #[arg(
        short,
        long,
        value_name = "SHARE",
        allow_negative_numbers = true,
        conflicts_with = "pattern"
    )]
    sparsity: Option<Sparsity>,
    /// N of every M consecutive inputs of an output survive
    #[arg(short, long, value_name = "N:M")]
    pattern: Option<NmPattern>,
    /// Number format of the output [default: f32]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    dtype: Option<FloatType>,
    /// Seed of everything random [default: 0]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u64).range(..=MAX_SEED))]
    seed: Option<u64>,
    /// Prune only paths that match, like '*.mlp.*' [default: all]; may be repeated
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave paths alone that match, as well as those never pruned; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    allocation: AllocationArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

impl RecipeArgs {
    /// The recipe of these flags and the recipe file, if one is given.
    pub(crate) fn resolve(&self) -> Result<Recipe, CliError> {
        let mut table = self.recipe.as_deref().map_or(Ok(Table::new()), read_table)?;
        self.override_what(&mut table)?;
        self.calibration.apply(&mut table)?;
        self.training.apply(&mut table)?;
        self.allocation.apply(&mut table)?;
        self.settings.apply(&mut table)?;
        if !table.contains_key("method") {
            return Err(CliError::Missing { flag: "--method" });
        }
        if !table.contains_key("sparsity") && !table.contains_key("pattern") {
            return Err(CliError::Missing {
                flag: "--sparsity or --pattern",
            });
        }
        let path = self.recipe.clone().unwrap_or_else(|| "recipe".into());
        let recipe: Recipe = table.try_into().map_err(|source| CliError::RecipeFile {
            path,
            source: Box::new(source),
        })?;
        recipe.pattern()?;
        // It will be stored beside the output; better to learn now that it cannot be.
        recipe.to_toml()?;
        Ok(recipe)
    }

    fn override_what(&self, table: &mut Table) -> Result<(), CliError> {
        set(table, "method", self.method.map(|method| method.name().into()));
        if self.sparsity.is_some() || self.pattern.is_some() {
            table.remove("sparsity");
            table.remove("pattern");
        }
        set(table, "sparsity", self.sparsity.map(|sparsity| sparsity.get().into()));
        set(table, "pattern", self.pattern.map(|pattern| pattern.to_string().into()));
        set(table, "dtype", self.dtype.map(|dtype| dtype.to_string().into()));
        set(table, "seed", self.seed.map(integer));
        if !self.include.is_empty() {
            section(table, "rules")?.insert("include".into(), self.include.clone().into());
        }
        if !self.exclude.is_empty() {
            let rules = section(table, "rules")?;
            let never = || Value::from(PathRules::default().exclude().to_vec());
            let excluded = rules.entry("exclude").or_insert_with(never);
            let excluded = excluded.as_array_mut().ok_or(CliError::NotATable { field: "rules" })?;
            excluded.extend(self.exclude.iter().cloned().map(Value::from));
        }
        Ok(())
    }
}

fn read_table(path: &Path) -> Result<Table, CliError> {
    let text = read_text(path)?;
    text.parse().map_err(|source| CliError::RecipeFile {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

/// The table under `field`, made where there is none.
pub(crate) fn section<'a>(table: &'a mut Table, field: &'static str) -> Result<&'a mut Table, CliError> {
    let value = table.entry(field).or_insert_with(|| Table::new().into());
    value.as_table_mut().ok_or(CliError::NotATable { field })
}

/// Sets a field to a value that was given.
pub(crate) fn set(table: &mut Table, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        table.insert(key.to_owned(), value);
    }
}

/// All integer flags are limited to what TOML holds.
pub(crate) fn integer(value: impl Into<u64>) -> Value {
    i64::try_from(value.into()).unwrap_or(i64::MAX).into()
}

fn methods() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::name)).try_map(|name| name.parse::<Method>())
}

pub(crate) fn formats() -> impl TypedValueParser<Value = FloatType> {
    PossibleValuesParser::new(["f32", "f16", "bf16"]).try_map(|name| name.parse::<FloatType>())
}
