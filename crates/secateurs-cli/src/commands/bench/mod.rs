//! `secateurs bench`

mod loaded;
mod options;
mod summary;

use loaded::load_all;
pub(crate) use options::BenchArgs;
use secateurs::runtime::{Engine, MeasureConfig, copy_bandwidth, measure, read_bandwidth};
use summary::{BenchResult, ModelSpeed, describe};

use crate::error::CliError;
use crate::terminal::bar::Bar;
use crate::terminal::print::{print, print_json};
use crate::terminal::screen::Screen;

/// Measures how fast a model runs, alone or beside another.
pub(crate) fn run(args: &BenchArgs, screen: &Screen) -> Result<(), CliError> {
    let config = MeasureConfig {
        prompt_tokens: args.prompt_tokens as usize,
        new_tokens: args.new_tokens as usize,
        batch: args.batch as usize,
        repeats: args.repeats as usize,
        cache: args.engine.cache(),
    };
    let loaded = load_all(args, screen)?;
    let engines: Vec<&Engine> = loaded.iter().map(|loaded| &loaded.engine).collect();
    let before = engines.first().map_or(0.0, |engine| read_bandwidth(engine));
    let bar = Bar::new(screen, "measuring", 0);
    let speeds = measure(&engines, &config, &mut |done, all| {
        bar.resize(all);
        bar.set(done);
    })
    .map_err(secateurs::Error::from)?;
    drop(bar);
    let read_bytes_per_second = engines.first().map_or(0.0, |engine| read_bandwidth(engine)).max(before);
    let copy_bytes_per_second = engines.first().map_or(0.0, |engine| copy_bandwidth(engine));
    let models = loaded.iter().zip(speeds).map(|(loaded, speed)| ModelSpeed {
        model: loaded.name.clone(),
        load_seconds: loaded.load_seconds,
        first_token_seconds: loaded.first_token_seconds,
        weight_bytes: loaded.engine.weights().n_bytes(),
        prefill_tokens_per_second: speed.prefill_tokens_per_second,
        decode_tokens_per_second: speed.decode_tokens_per_second,
        bytes_per_token: speed.bytes_per_token,
        bandwidth_share: speed.bytes_per_second() / read_bytes_per_second,
    });
    let engine_config = args.engine.config()?;
    let result = BenchResult {
        threads: engine_config.threads(),
        instruction_set: engine_config.level.to_string(),
        prompt_tokens: config.prompt_tokens,
        new_tokens: config.new_tokens,
        batch: config.batch,
        read_bytes_per_second,
        copy_bytes_per_second,
        models: models.collect(),
    };
    if args.json {
        print_json(&result)
    } else {
        print(&describe(&result))
    }
}
