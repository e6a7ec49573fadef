//! A tool that does nothing but count, and takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alipes_base::Redactor;
use alipes_tools::{Context, Effect, Output, Tool, ToolError, ToolSpec};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

/// How often the tool has begun.
pub(crate) type Runs = Arc<AtomicUsize>;

pub(crate) struct Counting {
    spec: ToolSpec,
    takes: Duration,
    runs: Runs,
}

impl Counting {
    /// A tool by the name that the simulated model gives to commands.
    pub(crate) fn new(takes: Duration) -> (Self, Runs) {
        let runs = Runs::default();
        let spec = ToolSpec {
            name: "shell",
            description: "Counts.",
            parameters: json!({"type": "object"}),
        };
        let tool = Self {
            spec,
            takes,
            runs: Arc::clone(&runs),
        };
        (tool, runs)
    }
}

impl Tool for Counting {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effect(&self) -> Effect {
        Effect::Executes
    }

    fn summary(&self, _input: &Value, _redactor: &Redactor) -> String {
        "count".to_owned()
    }

    fn run<'a>(
        &'a self,
        _input: Value,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        Box::pin(async move {
            let runs = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::time::sleep(self.takes).await;
            Ok(Output {
                text: format!("counted {runs}"),
                truncated: false,
                changes: None,
            })
        })
    }
}
