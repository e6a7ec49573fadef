//! The Open Responses specification: does our server keep it, whatever dialect the provider behind it speaks?
//!
//! The checks are in `interop/open_responses.py`.

use std::process::Command;

use anyhow::Result;

use super::super::report::Report;
use super::super::{Alipes, Cache, KEY, TURN_LIMIT};
use super::stage::Stage;
use crate::process::{self, without_proxy};

/// All checks, before a provider of each dialect.
pub(in super::super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) {
    for dialect in ["responses", "chat", "messages"] {
        report.check(
            &format!("open responses, provider speaks {dialect}"),
            || conform(alipes, cache, dialect),
        );
    }
}

fn conform(alipes: &Alipes, cache: &Cache, dialect: &str) -> Result<()> {
    let stage = Stage::healthy(alipes, dialect)?;
    let mut python = Command::new(cache.python());
    without_proxy(&mut python)
        .arg(cache.script("open_responses.py"))
        .args([stage.url(), KEY]);
    process::run(&mut python, TURN_LIMIT)?
        .succeeded("open_responses.py")
        .map(|_| ())
}
