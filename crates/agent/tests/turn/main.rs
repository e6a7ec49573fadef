//! The turn over real sockets: against the simulator, and against a scripted server where a model has
//! to behave worse than the simulator does.

#![cfg(test)]

mod asked;
mod calls;
mod compaction;
mod compaction_by_provider;
mod conversation;
mod cuts;
mod ending;
mod interjections;
mod prefix;
mod record;
mod resume;
mod script;
mod side_by_side;
mod wires;
mod work;
