//! The messages: JSON-RPC 2.0 without its `jsonrpc` member, one message a line (codex-protocol §7.2).
//!
//! What arrives is read tolerantly: a line that is no message is no error, because a program may well
//! print something else.

use serde_json::{Value, json};

/// A message from the program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Incoming {
    /// The answer to a request of ours.
    Answer {
        /// The request's number.
        id: u64,
        outcome: Result<Value, Refusal>,
    },
    /// It wants something from us, and waits for the answer.
    Request {
        /// To be sent back as it came.
        id: Value,
        method: String,
    },
    /// It tells something.
    Notification { method: String, params: Value },
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: String,
}

impl Incoming {
    /// Reads a line; `None` if it is no message.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut message: Value = serde_json::from_slice(line).ok()?;
        let method = message["method"].as_str().map(ToOwned::to_owned);
        let id = message.get_mut("id").map(Value::take);
        match (method, id) {
            (Some(method), Some(id)) => Some(Self::Request { id, method }),
            (Some(method), None) => {
                let params = message["params"].take();
                Some(Self::Notification { method, params })
            }
            (None, Some(id)) => {
                let outcome = match message.get_mut("error") {
                    Some(error) => Err(Refusal::read(error)),
                    None => Ok(message["result"].take()),
                };
                let id = id.as_u64()?;
                Some(Self::Answer { id, outcome })
            }
            (None, None) => None,
        }
    }
}

impl Refusal {
    fn read(error: &Value) -> Self {
        Self {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// A request of ours.
pub(super) fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"id": id, "method": method, "params": params})
}

/// Something that we tell.
pub(super) fn notification(method: &str) -> Value {
    json!({"method": method})
}

/// Our answer to a request of the program.
pub(super) fn answer(id: &Value, outcome: &Result<Value, Refusal>) -> Value {
    match outcome {
        Ok(result) => json!({"id": id, "result": result}),
        Err(Refusal { code, message }) => {
            json!({"id": id, "error": {"code": code, "message": message}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_answer_a_request_a_notification_or_nothing() {
        let parse = |line: &str| Incoming::parse(line.as_bytes());
        let table = [
            (
                r#"{"id":7,"result":{"a":1}}"#,
                Some(Incoming::Answer {
                    id: 7,
                    outcome: Ok(json!({"a": 1})),
                }),
            ),
            (
                r#"{"error":{"code":-32600,"message":"no"},"id":7}"#,
                Some(Incoming::Answer {
                    id: 7,
                    outcome: Err(Refusal {
                        code: -32_600,
                        message: "no".to_owned(),
                    }),
                }),
            ),
            (
                r#"{"method":"m","id":"s-1","params":{}}"#,
                Some(Incoming::Request {
                    id: json!("s-1"),
                    method: "m".to_owned(),
                }),
            ),
            (
                r#"{"method":"m"}"#,
                Some(Incoming::Notification {
                    method: "m".to_owned(),
                    params: Value::Null,
                }),
            ),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line), expected, "{line}");
        }
        for line in ["", "garbage", "[]", "{}", "7", r#"{"id":"mine?"}"#, "\u{0}"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
