//! `secateurs trace`

mod options;
mod summary;

pub(crate) use options::TraceArgs;
use secateurs::data::Checkpoint;
use secateurs::models::ModelShape;
use secateurs::{
    Accuracy, Error, Overwrite, PromptFile, Trace, TraceJob, TraceOutcome, TraceProgress, TraceReader, accuracy,
    reference_numbers, trace_prompts,
};
use summary::{TraceResult, describe};

use crate::error::CliError;
use crate::terminal::screen::Screen;

/// Makes traces.
pub(crate) fn run(args: &TraceArgs, screen: &Screen) -> Result<(), CliError> {
    let prompts = PromptFile::read(&args.prompts, args.field.as_deref())?;
    // A file without answers is better refused before hours of sampling.
    let reference = args.answer_field.as_deref();
    let reference = reference.map(|field| reference_numbers(&prompts, field)).transpose()?;
    let outcome = trace(args, &prompts, screen)?;
    let answers = reference.map(|reference| answers(args, &reference)).transpose()?;
    args.show
        .result(&TraceResult::new(&args.out, &outcome, answers), describe)
}

fn trace(args: &TraceArgs, prompts: &PromptFile, screen: &Screen) -> Result<TraceOutcome, CliError> {
    let config = args.config()?;
    let job = TraceJob {
        model: &args.model,
        prompts,
        out: &args.out,
        config: &config,
        overwrite: match (args.resume, args.force) {
            (true, _) => Overwrite::Resume,
            (false, true) => Overwrite::Force,
            (false, false) => Overwrite::Never,
        },
    };
    let bar = args.show.bar(screen, "tracing", 0);
    bar.say("reading the model".into());
    let (mut first, mut last) = (None, None);
    let outcome = trace_prompts(&job, &mut |step: TraceProgress| {
        // What an earlier run did says nothing of the time left.
        let before = *first.get_or_insert(step.done);
        if last.is_none() {
            bar.resize(step.total - before);
            bar.restart();
        }
        bar.set(step.done - before);
        bar.say(format!("{} tokens sampled", step.new_tokens));
        last = Some(step);
    });
    drop(bar);
    outcome.map_err(|failure| interrupted(failure.into(), last))
}

/// Says how to go on where finished traces wait.
fn interrupted(failure: Error, last: Option<TraceProgress>) -> CliError {
    match last {
        Some(TraceProgress { done, total, .. }) if done > 0 && failure.may_pass() => CliError::TracesInterrupted {
            failure: Box::new(failure),
            done,
            total,
        },
        _ => failure.into(),
    }
}

fn answers(args: &TraceArgs, reference: &[f64]) -> Result<Accuracy, CliError> {
    let shape = ModelShape::describe(&Checkpoint::open(&args.model)?)?;
    let traces = TraceReader::open(&args.out, shape.vocab_size)?;
    Ok(accuracy(&traces.collect::<Result<Vec<Trace>, _>>()?, reference))
}
