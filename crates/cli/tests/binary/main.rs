//! The binary from outside: what a person or a program sees of it, on a machine of its own.
//!
//! Long outputs are snapshots in files: `INSTA_UPDATE=always cargo test -p alipes` writes them anew.

#![cfg(test)]
#![cfg(unix)]

mod accounts;
mod approvals;
mod bad_answers;
mod bad_configuration;
mod bad_endpoints;
mod bad_files;
mod bad_prompts;
mod bad_stores;
mod calls;
mod canary;
mod chat;
mod context;
mod credentials;
mod demo;
mod dialects;
mod doctor;
mod doctor_memory;
mod doctor_providers;
mod exec;
mod exfiltration;
mod frozen;
mod help;
#[cfg(feature = "keyring")]
mod keyring;
mod kills;
mod listener;
mod local;
mod login;
mod machine;
mod models;
mod network;
mod nothing_configured;
mod provider_accounts;
mod providers;
mod remembered;
mod repairing;
mod resume;
mod sandbox;
mod sandbox_escapes;
mod sandbox_rules;
mod serve;
mod sessions;
mod simulate;
mod status;
mod steering;
mod stopping;
mod terminal;
mod titles;
mod walks;
