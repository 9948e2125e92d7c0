#![doc = include_str!("../README.md")]

mod assignment;
mod balance;
mod error;
mod expert;
mod layer;
pub mod prune;
mod router;
mod routing;
mod statistics;

pub use assignment::Assignment;
pub use balance::{importance_loss, load_balancing_loss, z_loss};
pub use error::{MoeError, Result};
pub use expert::{Expert, GatedMlp, Mlp, answers, mix};
pub use layer::{MoeLayer, keep_items, keep_logits};
pub use router::{
    Capacity, DropOrder, ExpertChoice, Noise, Normalise, Router, RouterKind, SigmoidTopK, Soft, SoftSlots, TopK,
    slot_logits,
};
pub use routing::{Routing, SlotRouting, TokenRouting};
pub use statistics::RoutingStatistics;
