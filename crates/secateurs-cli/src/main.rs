#![doc = include_str!("../README.md")]

mod command_line;
mod commands;
mod error;
mod options;
mod terminal;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use secateurs::allocator::MiMalloc;

use command_line::{Cli, Command};
use commands::{bench, compare, completions, eval, experts, generate, info, pack, prune, trace};
use error::{CliError, usage_line};
use terminal::{interrupt, panics};

/// The system's allocator keeps what large tensors leave behind in pieces: peak memory would grow with every block.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Exit code of a command line that makes no sense.
const USAGE: u8 = 2;

/// Exit code of a defect of this program (`EX_SOFTWARE`).
const INTERNAL: u8 = 70;

fn main() -> ExitCode {
    interrupt::survive_file_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return answer(&refused),
    };
    match panics::caught(|| run(cli.command)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Ok(Err(error)) => fail(error.exit_code(), &format!("error: {}", error.line())),
        Err(panic) => fail(INTERNAL, &format!("internal error: {panic}; please report")),
    }
}

fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Info(args) => info::run(&args),
        Command::Prune(args) => prune::run(&args),
        Command::Experts(args) => experts::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Pack(args) => pack::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Prints help or version as asked for, or says in one line what is wrong with the command line.
fn answer(refused: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    match refused.kind() {
        DisplayHelp | DisplayVersion => {
            // Nobody reads a help page whose pipe is closed.
            let _ = refused.print();
            ExitCode::SUCCESS
        }
        DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = refused.print();
            ExitCode::from(USAGE)
        }
        _ => fail(USAGE, &format!("error: {}", usage_line(refused))),
    }
}

fn fail(code: u8, line: &str) -> ExitCode {
    // Where even standard error is closed, the exit code has to do.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(code)
}
