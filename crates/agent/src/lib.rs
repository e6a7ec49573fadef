//! The turn: a prompt goes in, the model and its tools take turns, an answer comes out.
//!
//! The agent knows the conversation and the rules about tools, and nothing of wires or fronts: it
//! reads a [`alipes_models::Model`], runs a [`alipes_tools::Toolbox`], and tells what happens as
//! [`TurnEvent`]s to whoever listens.
//!
//! Invariants:
//! - **one gate**: every tool call passes [`Gate::decide`]; the default answer is no;
//! - **journal before effect**: a call's intent is recorded before it runs, its result before the
//!   model sees it; what the model sees is derived from the journal ([`alipes_store::Transcript`]);
//! - a tool runs only after the response that asked for it has ended well, and once: after a kill
//!   only what merely reads runs again, and of the rest the model is told that nobody knows;
//! - every call gets an output, also one that was denied, failed or interrupted, because a history
//!   with an open call is refused by every provider;
//! - rounds, calls and continuations are bounded; dropping the turn at any await stops it, tools
//!   included.
//!
//! It fails by [`TurnError`].

mod agent;
mod calls;
mod compact;
mod context;
mod error;
mod events;
mod gate;
mod gone;
mod instructions;
mod interjections;
mod messages;
mod record;
mod titles;
mod undo;

pub use alipes_store::ToolOutcome;

pub use agent::{Agent, AgentOptions, Answer};
pub use compact::{Compacted, SummedUpBy, WithoutModel};
pub use context::{ContextUse, ProjectFile, ProjectText};
pub use error::TurnError;
pub use events::TurnEvent;
pub use gate::{
    Approval, ApprovalsSection, Approver, Because, Decision, Gate, GateOptions, Question, Rule,
    RuleBook, Verdict,
};
pub use instructions::INSTRUCTIONS;
pub use interjections::Interjections;
pub use undo::Undone;
