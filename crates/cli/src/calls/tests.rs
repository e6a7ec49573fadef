//! Whatever stands in a record, nothing of it steers a terminal, and no line is wider than the page.

use alipes_base::{Environment, Redactor};
use alipes_store::CallRecord;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::line::Page;
use super::{list, show};
use crate::style::Style;

fn page(columns: usize) -> Page {
    let plain = Environment::new([("NO_COLOR", "1")], "/".into());
    Page {
        columns,
        style: Style::of_stdout(&plain),
        redactor: Redactor::new(),
        now_ms: 1_800_000_000_000,
    }
}

/// A call in which everything is said that can be.
fn full() -> Value {
    let fault = json!({
        "phase": "headers", "cause": "challenge", "blame": "edge", "scope": "route",
        "message": "words", "limit": "headers", "limit_us": 1, "retry_after_us": 2, "status": 403,
        "code": "c", "server": "s", "cf_ray": "r", "cf_mitigated": "m", "request_id": "i",
        "close_code": 1008, "egress": "direct", "unused_proxy": "p", "remote_addr": "a",
        "source": "e", "body": "<html>",
    });
    json!({
        "id": "call_0123456789abcdef0123456789abcdef", "begun_ms": 1_799_999_000_000_u64,
        "took_us": 5_000_000, "front": "serve", "client": "laptop", "conversation": "c",
        "auxiliary": true, "end": "failed", "attempts_left_out": 2, "first_event_us": 10,
        "first_output_us": 20, "bytes_received": 30,
        "asked": [{"model": "p/m", "account": "work", "endpoint": "p", "url": "https://p.test/v1"}],
        "attempts": [{
            "asked": 0, "number": 2, "route": "sse", "begun_us": 0, "took_us": 4_000_000,
            "phases": [
                {"phase": "connect", "begun_us": 0, "took_us": 1_000_000},
                {"phase": "headers", "begun_us": 1_000_000, "took_us": 3_000_000},
            ],
            "connection": {
                "remote_addr": "192.0.2.1:443", "egress": "direct", "protocol": "HTTP/2",
                "tls": "TLSv1_3", "key_exchange": "X25519", "reused": true, "unused_proxy": "p",
            },
            "sent": {"bytes": 100, "compressed": 50, "delta": true}, "beside": 1,
            "held_back": true, "end": "fault", "fault": fault.clone(), "reaction": "other-route",
            "pause_us": 5,
        }],
        "usage": {"input_tokens": 1}, "fault": fault,
    })
}

/// Every text in a value, to be replaced one at a time.
fn texts<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    match value {
        Value::String(_) => found.push(value),
        Value::Array(values) => values.iter_mut().for_each(|value| texts(value, found)),
        Value::Object(fields) => fields.values_mut().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn lines(call: &CallRecord, page: &Page) -> Vec<String> {
    let mut lines = show::lines(call, page);
    lines.push(list::line(call, page));
    lines
}

#[test]
fn no_text_of_a_record_steers_the_terminal_or_widens_a_line() {
    let count = {
        let (mut call, mut found) = (full(), Vec::new());
        texts(&mut call, &mut found);
        found.len()
    };
    assert!(count > 30);
    let long = "日".repeat(1 << 20);
    for evil in ["\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\r\n\u{9b}31m", &long] {
        for index in 0..count {
            let mut call = full();
            let mut found = Vec::new();
            texts(&mut call, &mut found);
            *found[index] = json!(evil);
            // Not every text may be any text.
            let Ok(call) = serde_json::from_value::<CallRecord>(call.clone()) else {
                continue;
            };
            for columns in [40, 80] {
                for line in lines(&call, &page(columns)) {
                    let harmful = |c: char| c.is_control() || c == '\u{202e}';
                    assert!(!line.contains(harmful), "{index}: {line:?}");
                    assert!(line.width() <= columns, "{index}: {line}");
                }
            }
        }
    }
}

#[test]
fn no_text_of_a_record_steers_the_terminal_as_json_and_every_one_of_them_arrives() {
    let evil = "\u{1b}[2J\u{9b}31m\u{202e}\0\u{7f}";
    let count = {
        let (mut call, mut found) = (full(), Vec::new());
        texts(&mut call, &mut found);
        found.len()
    };
    for index in 0..count {
        let (mut call, mut found) = (full(), Vec::new());
        texts(&mut call, &mut found);
        *found[index] = json!(evil);
        let Ok(call) = serde_json::from_value::<CallRecord>(call) else {
            continue;
        };
        let line = list::json_line(&call, &page(80));
        assert!(
            !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{index}: {line:?}"
        );
        let read: CallRecord = serde_json::from_str(&line).unwrap();
        assert_eq!(json!(read), json!(call), "{index}");
    }
}

#[test]
fn no_number_of_a_record_breaks_the_drawing() {
    let text = full().to_string();
    for extreme in ["0", "18446744073709551615"] {
        for number in [
            "4000000",
            "1000000",
            "5000000",
            "1799999000000",
            "100",
            "2",
            "1",
        ] {
            let changed = text.replace(&format!(":{number},"), &format!(":{extreme},"));
            if let Ok(call) = serde_json::from_str::<CallRecord>(&changed) {
                assert!(
                    lines(&call, &page(80))
                        .iter()
                        .all(|line| line.width() <= 80)
                );
            }
        }
    }
}

#[test]
fn what_a_call_went_through_is_drawn_to_scale() {
    let call: CallRecord = serde_json::from_value(full()).unwrap();
    let drawn = show::lines(&call, &page(60));
    insta::assert_snapshot!(drawn.join("\n"));
}
