//! The store on real files: what was accepted is there, whatever happened meanwhile.

#![cfg(test)]

mod bad_state;
mod calls;
mod endpoints;
mod finding;
mod keeping;
mod leasing;
mod repairing;
mod retention;
mod room;
