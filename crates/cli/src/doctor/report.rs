//! What was found, in the shape that the Codex CLI's doctor made known (codex-protocol §7.1), so that
//! whoever reads the one reads the other.

use std::time::Duration;

use alipes_transport::probe::{Diagnosis, Weight};
use serde_json::{Map, Value, json};

use crate::calls::line::Page;

/// The version of the shape.
const SCHEMA: u64 = 1;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Ok,
    Warning,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) id: String,
    pub(super) category: &'static str,
    pub(super) status: Status,
    pub(super) summary: String,
    pub(super) details: Vec<(&'static str, String)>,
    pub(super) remediation: Option<String>,
    pub(super) took: Duration,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Of this machine and its files.
    pub(super) local: Vec<Check>,
    /// Of the ways to the endpoint: a matrix, for people.
    pub(super) network: Vec<Check>,
    pub(super) diagnoses: Vec<Diagnosis>,
    /// What `--fix` has done.
    pub(super) fixed: Vec<String>,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }

    pub(super) fn of(weight: Weight) -> Self {
        match weight {
            Weight::Fine => Self::Ok,
            Weight::Warning => Self::Warning,
            Weight::Fault => Self::Fail,
        }
    }
}

impl Check {
    pub(super) fn new(
        id: impl Into<String>,
        category: &'static str,
        status: Status,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            category,
            status,
            summary: summary.into(),
            details: Vec::new(),
            remediation: None,
            took: Duration::ZERO,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    pub(super) fn helped_by(mut self, remediation: impl Into<String>) -> Self {
        self.remediation = Some(remediation.into());
        self
    }

    pub(super) fn took(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    fn as_json(&self, page: &Page) -> Value {
        let details = self.details.iter();
        let details = details.map(|(name, value)| ((*name).to_owned(), page.clean(value).into()));
        json!({
            "id": page.clean(&self.id), "category": self.category, "status": self.status.as_str(),
            "summary": page.clean(&self.summary), "details": details.collect::<Map<_, _>>(),
            "remediation": self.remediation.as_ref().map(|text| page.clean(text)),
            "durationMs": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl Report {
    /// The worst of all. A probe that failed is only a failure where a diagnosis makes it one: a
    /// door that nobody takes may well be closed.
    pub(super) fn status(&self) -> Status {
        let local = self.local.iter().map(|check| check.status);
        let meant = self.diagnoses.iter().map(|known| Status::of(known.weight));
        local.chain(meant).max().unwrap_or(Status::Ok)
    }

    pub(super) fn as_json(&self, page: &Page) -> Value {
        let checks = self.local.iter().chain(&self.network);
        let checks = checks.map(|check| (page.clean(&check.id), check.as_json(page)));
        let diagnosis = |known: &Diagnosis| {
            let helps = known.helps.iter().map(|help| page.clean(help));
            let called = known.called;
            json!({
                "id": known.id, "status": Status::of(known.weight).as_str(),
                "cause": called.map(|called| called.cause.as_str()),
                "phase": called.map(|called| called.phase.as_str()),
                "blame": called.map(|called| called.blame().as_str()),
                "scope": called.map(|called| called.scope().as_str()),
                "summary": page.clean(&known.says), "remediation": helps.collect::<Vec<_>>(),
            })
        };
        json!({
            "schemaVersion": SCHEMA,
            "generatedAtMs": page.now_ms,
            "alipesVersion": env!("CARGO_PKG_VERSION"),
            "overallStatus": self.status().as_str(),
            "checks": checks.collect::<Map<_, _>>(),
            "diagnoses": self.diagnoses.iter().map(diagnosis).collect::<Vec<_>>(),
            "fixed": self.fixed.iter().map(|text| page.clean(text)).collect::<Vec<_>>(),
        })
    }
}
