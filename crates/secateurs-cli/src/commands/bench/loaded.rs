//! Models that are ready to be measured.

use std::path::Path;
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::data::llama::LlamaConfig;
use secateurs::runtime::{Engine, LlamaWeights, Synthetic, one_billion};

use super::options::{BenchArgs, SyntheticSize};
use crate::error::CliError;
use crate::terminal::bar::Bar;
use crate::terminal::screen::Screen;
use crate::terminal::units::percent;

/// A model that is ready to be measured.
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) engine: Engine,
    pub(super) load_seconds: f64,
    pub(super) first_token_seconds: f64,
}

/// Loads the models that the command line names, or makes models of random weights.
pub(super) fn load_all(args: &BenchArgs, screen: &Screen) -> Result<Vec<Loaded>, CliError> {
    match args.synthetic {
        Some(size) => synthetic(size, args, screen),
        None => {
            let paths = [args.model.as_ref(), args.against.as_ref()];
            paths.into_iter().flatten().map(|path| load(path, args)).collect()
        }
    }
}

fn load(path: &Path, args: &BenchArgs) -> Result<Loaded, CliError> {
    let started = Instant::now();
    let checkpoint = Checkpoint::open(path)?;
    let weights = LlamaWeights::load(&checkpoint, args.engine.dense()).map_err(secateurs::Error::from)?;
    start(path.display().to_string(), weights, started, args)
}

/// Models of random weights, one for every share of zeros.
fn synthetic(size: SyntheticSize, args: &BenchArgs, screen: &Screen) -> Result<Vec<Loaded>, CliError> {
    let mut loaded = Vec::new();
    for sparsity in &args.sparsity {
        let synthetic = Synthetic {
            sparsity: *sparsity,
            values: args.values.into_type(),
            head: args.head.unwrap_or(args.values).into_type(),
            seed: 0,
        };
        let config = match size {
            SyntheticSize::OneBillion => one_billion(),
            SyntheticSize::Tiny => LlamaConfig {
                d_model: 64,
                d_ffn: 96,
                n_blocks: 2,
                n_heads: 4,
                n_kv_heads: 2,
                d_head: 16,
                vocab_size: 256,
                ..one_billion()
            },
        };
        let started = Instant::now();
        let bar = Bar::new(screen, "making", config.n_blocks);
        let weights = LlamaWeights::synthetic(config, &synthetic, &mut |done, _| bar.set(done));
        drop(bar);
        let weights = weights.map_err(secateurs::Error::from)?;
        loaded.push(start(format!("{} zero", percent(*sparsity)), weights, started, args)?);
    }
    Ok(loaded)
}

fn start(name: String, weights: LlamaWeights, started: Instant, args: &BenchArgs) -> Result<Loaded, CliError> {
    let engine = Engine::new(weights, args.engine.config()?).map_err(secateurs::Error::from)?;
    let load_seconds = started.elapsed().as_secs_f64();
    let mut cache = engine.cache(args.engine.cache());
    engine.prefill(&mut cache, &[0]).map_err(secateurs::Error::from)?;
    Ok(Loaded {
        name,
        engine,
        load_seconds,
        first_token_seconds: started.elapsed().as_secs_f64(),
    })
}
