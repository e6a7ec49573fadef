//! Any tool, with the secrets taken out of what it gives.
//!
//! A file or a command may show a key, and an output goes to the model, the journal and the screen.
//! The [`Toolbox`](crate::Toolbox) hands out no other tools, so this is the one place to pass.
//! It is a net for accidents: a key that was encoded is not known again, nor one that was cut in two, so
//! whoever cuts a text looks where ([`crate::cut`]). Errors that the
//! model reads need none: they repeat its own words and what the system said, never a file's.

use alipes_base::Redactor;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{Context, Effect, Output, Preview, Subject, Tool, ToolError, ToolSpec};

/// Tells the model that the text is not exact, or it would write it back as if it were.
const NOTE: &str = "[what looks like a credential was replaced by a mark; do not write this text back to a file]\n";

/// A tool behind the net.
pub(crate) struct Redacted(pub(crate) Box<dyn Tool>);

impl Tool for Redacted {
    fn spec(&self) -> &ToolSpec {
        self.0.spec()
    }

    fn effect(&self) -> Effect {
        self.0.effect()
    }

    fn summary(&self, input: &Value, redactor: &Redactor) -> String {
        redactor.redact(&self.0.summary(input, redactor))
    }

    fn whole_summary(&self, input: &Value, redactor: &Redactor) -> String {
        redactor.redact(&self.0.whole_summary(input, redactor))
    }

    fn subject(&self, input: &Value) -> Subject {
        self.0.subject(input)
    }

    fn caution(&self) -> Option<&'static str> {
        self.0.caution()
    }

    fn preview<'a>(
        &'a self,
        input: &'a Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Preview, ToolError>> {
        async move {
            let preview = self.0.preview(input, context).await?;
            let redacted = |text: &str| context.redactor.redact(text);
            Ok(Preview {
                summary: preview.summary.map(|line| redacted(&line)),
                detail: preview.detail.map(|detail| detail.map(redacted)),
                seen: preview.seen,
            })
        }
        .boxed()
    }

    fn run<'a>(
        &'a self,
        input: Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        async move {
            let output = self.0.run(input, context).await?;
            Ok(redacted(output, &context.redactor))
        }
        .boxed()
    }
}

fn redacted(output: Output, redactor: &Redactor) -> Output {
    let mut text = redactor.redact(&output.text);
    let changes = output.changes.map(|changes| redactor.redact(&changes));
    if text == output.text {
        return Output { changes, ..output };
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(NOTE);
    Output {
        text,
        truncated: true,
        changes,
    }
}
