#![doc = include_str!("../README.md")]

mod command_line;
mod commands;
mod error;
mod options;
mod terminal;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use secateurs::allocator::MiMalloc;
use secateurs_terminal::{catch_panic, one_line, survive_file_limits};

use command_line::{Cli, Command};
use commands::{bench, compare, completions, eval, experts, generate, info, pack, prune, trace};
use error::CliError;
use terminal::interrupt;
use terminal::screen::Screen;
use terminal::usage_line::usage_line;

/// Allocator of the program. The system's keeps the pieces that large tensors leave behind: peak memory would grow with every block.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Exit code of a command line that makes no sense.
const USAGE: u8 = 2;

/// Exit code of a defect of this program (`EX_SOFTWARE`).
const INTERNAL: u8 = 70;

fn main() -> ExitCode {
    let screen = Screen::new();
    // First of all: a signal before this ends the process without its line.
    interrupt::end_in_order(&screen);
    survive_file_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return answer(&refused, &screen),
    };
    let ended = catch_panic(|| run(cli.command, &screen));
    let last_word = screen.last_word();
    let (code, line) = match ended {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) if error.is_closed_pipe() => return ExitCode::SUCCESS,
        Ok(Err(error)) => (error.exit_code(), format!("error: {}", one_line(&error))),
        Err(panic) => (INTERNAL, format!("internal error: {panic}; please report")),
    };
    last_word.say(&line);
    ExitCode::from(code)
}

fn run(command: Command, screen: &Screen) -> Result<(), CliError> {
    match command {
        Command::Info(args) => info::run(&args),
        Command::Prune(args) => prune::run(&args, screen),
        Command::Experts(args) => experts::run(&args, screen),
        Command::Eval(args) => eval::run(&args, screen),
        Command::Trace(args) => trace::run(&args, screen),
        Command::Compare(args) => compare::run(&args),
        Command::Pack(args) => pack::run(&args, screen),
        Command::Generate(args) => generate::run(&args),
        Command::Bench(args) => bench::run(&args, screen),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
    }
}

/// Prints help or version on request, or one line about the fault of the command line.
fn answer(refused: &clap::Error, screen: &Screen) -> ExitCode {
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
        _ => {
            screen.last_word().say(&format!("error: {}", usage_line(refused)));
            ExitCode::from(USAGE)
        }
    }
}
