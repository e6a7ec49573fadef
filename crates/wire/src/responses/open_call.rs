//! Calls of tools in a response that is being written: of functions, of tools that take plain text, and
//! of those that clients have by the vendor's own names.

use super::ResponseWriter;
use crate::frame::Frame;
use crate::json::Object;

/// What is called, and by which ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'a> {
    pub(super) item_id: &'a str,
    pub(super) call_id: &'a str,
    /// The group that it is in.
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

impl Called<'_> {
    /// The item, with what is given to the tool in the member `given`.
    fn item(&self, kind: &str, status: &str, (given, text): (&str, &str)) -> String {
        Object::new()
            .put("id", self.item_id)
            .put("type", kind)
            .put("status", status)
            .put("call_id", self.call_id)
            .put_some("namespace", self.namespace)
            .put("name", self.name)
            .put(given, text)
            .end()
    }

    fn place(&self, event: Object, index: usize) -> Object {
        event
            .put("item_id", self.item_id)
            .put("output_index", index)
    }
}

impl ResponseWriter {
    /// A whole tool call, with its arguments in the given pieces.
    pub fn function_call(
        &mut self,
        item_id: &str,
        call_id: &str,
        name: &str,
        pieces: &[&str],
    ) -> Vec<Frame> {
        let called = Called {
            item_id,
            call_id,
            namespace: None,
            name,
        };
        self.call_with(&called, pieces)
    }

    /// The same, of a function that may be in a group.
    pub(super) fn call_with(&mut self, called: &Called<'_>, pieces: &[&str]) -> Vec<Frame> {
        let arguments = pieces.concat();
        let item = |status, text| called.item("function_call", status, ("arguments", text));
        let mut frames = Vec::new();
        let index = self.begin_item(&item("in_progress", ""), &mut frames);
        for piece in pieces {
            let kind = "response.function_call_arguments.delta";
            frames.push(self.event(kind, |event| called.place(event, index).put("delta", piece)));
        }
        let kind = "response.function_call_arguments.done";
        frames.push(self.event(kind, |event| {
            let event = called.place(event, index).put("name", called.name);
            event.put("arguments", &arguments)
        }));
        self.end_item(index, item("completed", &arguments), &mut frames);
        frames
    }

    /// A whole call of a tool that takes plain text.
    pub(super) fn custom_call(&mut self, called: &Called<'_>, text: &str) -> Vec<Frame> {
        let item = |status, text| called.item("custom_tool_call", status, ("input", text));
        let mut frames = Vec::new();
        let index = self.begin_item(&item("in_progress", ""), &mut frames);
        for (kind, member) in [
            ("response.custom_tool_call_input.delta", "delta"),
            ("response.custom_tool_call_input.done", "input"),
        ] {
            frames.push(self.event(kind, |event| called.place(event, index).put(member, text)));
        }
        self.end_item(index, item("completed", text), &mut frames);
        frames
    }

    /// A whole call of the client's shell; `action` is JSON.
    pub(super) fn local_shell_call(&mut self, called: &Called<'_>, action: &str) -> Vec<Frame> {
        self.at_once("local_shell_call", called, |item| {
            item.raw("action", action)
        })
    }

    /// A whole call of the client's search for tools; `wanted` is JSON.
    pub(super) fn tool_search_call(&mut self, called: &Called<'_>, wanted: &str) -> Vec<Frame> {
        self.at_once("tool_search_call", called, |item| {
            item.put("execution", "client").raw("arguments", wanted)
        })
    }

    /// A whole call that has no events of its own.
    fn at_once(
        &mut self,
        kind: &str,
        called: &Called<'_>,
        fill: impl Fn(Object) -> Object,
    ) -> Vec<Frame> {
        let item = |status| {
            let item = Object::new().put("id", called.item_id).put("type", kind);
            let item = item.put("status", status).put("call_id", called.call_id);
            fill(item).end()
        };
        let mut frames = Vec::new();
        let index = self.begin_item(&item("in_progress"), &mut frames);
        self.end_item(index, item("completed"), &mut frames);
        frames
    }
}
