//! What a peer saw of our client, and what it ought to have seen.
//!
//! The peers print one JSON object per event, in the form of the traffic recorded from the real Codex CLI 0.169:
//! `ev`, then headers as pairs and bodies parsed. The rules here are those recordings, for the fields that are ours.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::KEY;
use super::peers::{MODEL, Route};

/// The version of the WebSocket dialect, as the Codex CLI names it.
const WEBSOCKET_BETA: &str = "responses_websockets=2026-02-06";

/// The events of one turn.
#[derive(Debug)]
pub(super) struct Testimony {
    events: Vec<Value>,
}

impl Testimony {
    /// Parses a peer's lines.
    pub(super) fn of(lines: &[String]) -> Result<Self> {
        let events: Result<Vec<Value>, _> = lines
            .iter()
            .map(|line| serde_json::from_str(line))
            .collect();
        let events =
            events.with_context(|| format!("the peer printed something else: {lines:#?}"))?;
        Ok(Self { events })
    }

    /// Whether the turn went as the protocol asks, on that route and HTTP version.
    pub(super) fn check(&self, route: Route, version: &str) -> Result<()> {
        if let Some(refused) = self.all("refused").next() {
            bail!("the peer refused a request: {}", refused["error"]);
        }
        match route {
            Route::Sse => self.check_sse(version),
            Route::Websocket => self.check_websocket(version),
        }
    }

    fn check_sse(&self, version: &str) -> Result<()> {
        ensure!(
            self.all("ws_upgrade").next().is_none(),
            "a WebSocket was tried on the route sse"
        );
        let posts: Vec<_> = self.all("http").collect();
        let [first, second] = posts.as_slice() else {
            bail!("one tool turn is 2 requests, the peer saw {}", posts.len());
        };
        for post in &posts {
            ensure!(
                post["httpver"] == version,
                "came by HTTP/{}, not {version}",
                post["httpver"]
            );
            check_identity(post)?;
            ensure!(
                header(post, "openai-beta").is_none(),
                "openai-beta belongs to the WebSocket only"
            );
            expect_header(post, "content-type", |value| {
                value.starts_with("application/json")
            })?;
            expect_header(post, "accept", |value| value.contains("text/event-stream"))?;
            check_body(&post["body"])?;
        }
        ensure!(
            header(first, "session-id") == header(second, "session-id"),
            "the session-id changed within a turn"
        );
        check_echo(&first["body"]["input"], &second["body"]["input"])
    }

    fn check_websocket(&self, version: &str) -> Result<()> {
        ensure!(
            self.all("http").next().is_none(),
            "a POST was sent on the route websocket"
        );
        let upgrades: Vec<_> = self.all("ws_upgrade").collect();
        let [upgrade] = upgrades.as_slice() else {
            bail!("one turn is one WebSocket, the peer saw {}", upgrades.len());
        };
        ensure!(
            upgrade["httpver"] == version,
            "upgraded from HTTP/{}",
            upgrade["httpver"]
        );
        check_identity(upgrade)?;
        expect_header(upgrade, "openai-beta", |value| value == WEBSOCKET_BETA)?;
        let open = self
            .all("ws_open")
            .next()
            .context("no WebSocket was opened")?;
        ensure!(
            open["compressed"] == true,
            "permessage-deflate was not agreed on"
        );
        self.check_frames()
    }

    /// The first frame carries everything, each later one the id of what it follows and only what is new.
    fn check_frames(&self) -> Result<()> {
        let frames: Vec<_> = self.all("ws_frame").map(|frame| &frame["body"]).collect();
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
            bail!("no frame was sent");
        };
        ensure!(
            first.get("previous_response_id").is_none(),
            "the first frame follows nothing"
        );
        for frame in &frames {
            ensure!(
                frame["type"] == "response.create",
                "a frame of type {} was sent",
                frame["type"]
            );
            check_body(frame)?;
        }
        let followers = frames.get(1..).unwrap_or_default();
        ensure!(!followers.is_empty(), "a tool turn has a second frame");
        for frame in followers {
            ensure!(
                frame["previous_response_id"].is_string(),
                "a later frame carries no previous_response_id"
            );
        }
        let asked: Vec<_> = frames
            .iter()
            .filter(|frame| frame["generate"] != false)
            .collect();
        ensure!(
            asked.len() == 2,
            "one tool turn asks the model twice, not {} times",
            asked.len()
        );
        let kinds = kinds(&last["input"]);
        ensure!(
            kinds == ["function_call_output"],
            "the last frame carries {kinds:?}, not only the tool's result"
        );
        Ok(())
    }

    fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["ev"] == kind)
    }
}

/// Who we are, on every request: our own name, and the conversation's.
fn check_identity(request: &Value) -> Result<()> {
    ensure!(
        request["path"] == "/v1/responses",
        "the path is {}",
        request["path"]
    );
    expect_header(request, "originator", |value| value == "alipes")?;
    expect_header(request, "user-agent", |value| value.starts_with("alipes/"))?;
    expect_header(request, "session-id", |value| !value.is_empty())?;
    expect_header(request, "authorization", |value| {
        value == format!("Bearer {KEY}")
    })
}

/// The fields that the real backends insist on, and those that keep the model's memory of its reasoning.
fn check_body(body: &Value) -> Result<()> {
    ensure!(body["model"] == MODEL, "the model is {}", body["model"]);
    ensure!(body["stream"] == true, "stream is {}", body["stream"]);
    ensure!(body["store"] == false, "store is {}", body["store"]);
    ensure!(
        body["instructions"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "there are no instructions"
    );
    ensure!(
        body["prompt_cache_key"].is_string(),
        "there is no prompt_cache_key"
    );
    ensure!(body["input"].is_array(), "the input is no array");
    let tools = body["tools"].as_array().context("there are no tools")?;
    let offered = |tool: &&Value| tool["type"] == "function" && tool["name"] == "list_files";
    let tool = tools
        .iter()
        .find(offered)
        .context("the tool list_files is not offered")?;
    ensure!(
        tool["parameters"]["type"] == "object",
        "the tool's parameters are no JSON schema of an object"
    );
    Ok(())
}

/// Over SSE the second request repeats the first, then what the model said without loss, then the tool's result.
fn check_echo(first: &Value, second: &Value) -> Result<()> {
    let (Some(first), Some(second)) = (first.as_array(), second.as_array()) else {
        bail!("an input is no array");
    };
    ensure!(
        second.starts_with(first),
        "the second request does not begin with the first one's input"
    );
    let rest = second.get(first.len()..).unwrap_or_default();
    let [reasoning, message, call, output] = rest else {
        bail!(
            "the second request adds {:?}",
            rest.iter().map(|item| &item["type"]).collect::<Vec<_>>()
        );
    };
    ensure!(
        reasoning["encrypted_content"]
            .as_str()
            .is_some_and(|sealed| sealed.starts_with("sealed-")),
        "the reasoning came back without its encrypted content: {reasoning}"
    );
    ensure!(
        reasoning["x_unknown_field"]["kept"] == true,
        "an unknown field was lost: {reasoning}"
    );
    ensure!(
        message["phase"] == "commentary",
        "the message lost its phase: {message}"
    );
    ensure!(
        call["type"] == "function_call" && call["name"] == "list_files",
        "the call changed: {call}"
    );
    ensure!(
        output["type"] == "function_call_output" && output["call_id"] == call["call_id"],
        "the result answers another call: {output}"
    );
    Ok(())
}

fn kinds(input: &Value) -> Vec<&str> {
    let items = input.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect()
}

/// A header's value; names are lower case in a testimony.
fn header<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let headers = request["headers"].as_array()?;
    headers.iter().find(|pair| pair[0] == name)?[1].as_str()
}

fn expect_header(request: &Value, name: &str, holds: impl FnOnce(&str) -> bool) -> Result<()> {
    match header(request, name) {
        Some(value) if holds(value) => Ok(()),
        found => bail!("the header {name} is {found:?}"),
    }
}

#[cfg(test)]
mod tests;
