//! Packing, and running packed models.

mod layouts;
mod pack;
mod prompts;
