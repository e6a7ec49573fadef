//! `alipes calls export ID --json`, or `--har`: one call whole, as our own JSON or for a network panel.

use std::path::Path;

use alipes_store::{CallBodies, CallRecord};
use anyhow::anyhow;
use serde_json::json;

use super::line::Page;
use super::{har, told};
use crate::failure::Failure;
use crate::private;
use crate::style::harmless_json;

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    Har,
}

/// Writes a call to a file, or to standard output.
pub(super) fn write(
    call: &CallRecord,
    bodies: Option<&CallBodies>,
    (shape, out): (Shape, Option<&Path>),
    page: &Page,
) -> Result<(), Failure> {
    let value = match shape {
        Shape::Har => har::of(call, bodies),
        Shape::Json => {
            let bodies = bodies
                .map(|bodies| json!({"request": bodies.request, "response": bodies.response}));
            json!({"call": call, "bodies": bodies})
        }
    };
    let text = harmless_json(&page.redactor.redact(&format!("{value:#}")));
    let Some(path) = out else {
        return told(&text);
    };
    private::write_new(path, &text).map_err(|error| {
        let path = path.display();
        Failure::failed(anyhow!("{path} cannot be written: {error}"))
    })
}
