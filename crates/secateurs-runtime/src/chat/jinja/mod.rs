//! Jinja's filters, tests and functions, and the rewriting of a template before the engine runs it.

mod conversions;
mod environment;
mod expressions;
mod filters;
mod predicates;
mod selections;
mod sequences;
mod source;
mod statements;

pub(super) use environment::environment;
pub(super) use source::prepare;
pub(super) use statements::template;
