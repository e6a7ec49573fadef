//! A call as a HAR 1.2 log (<http://www.softwareishard.com/blog/har-12-spec/>): an entry for each
//! attempt. What HAR has no member for stands in members that begin with an underscore, as it allows.

use std::time::{Duration, SystemTime};

use alipes_store::{AttemptRecord, CallBodies, CallRecord};
use serde_json::{Value, json};

/// The kind of what was said.
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// The log of a call. What was said is that of the last attempt that was sent.
pub(super) fn of(call: &CallRecord, bodies: Option<&CallBodies>) -> Value {
    let tried: Vec<&AttemptRecord> = call.attempts.iter().filter(|one| one.number > 0).collect();
    let last = tried.len().saturating_sub(1);
    let entries = tried.iter().enumerate().map(|(index, attempt)| {
        let said = bodies.filter(|_| index == last);
        entry(call, attempt, said)
    });
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "alipes", "version": env!("CARGO_PKG_VERSION")},
        "pages": [],
        "entries": entries.collect::<Vec<_>>(),
        "comment": format!("{}, {}", call.id, call.end.as_str()),
    }})
}

fn entry(call: &CallRecord, attempt: &AttemptRecord, said: Option<&CallBodies>) -> Value {
    let begun_ms = call.begun_ms.saturating_add(attempt.begun_us / 1_000);
    let timings = timings(attempt);
    let address = attempt
        .connection
        .as_ref()
        .map_or("", |found| &found.remote_addr);
    // An address with its port, or in brackets, is no IP address.
    let address = address
        .parse::<std::net::SocketAddr>()
        .map(|at| at.ip().to_string());
    let mut entry = json!({
        "startedDateTime": date(begun_ms),
        "time": total(&timings),
        "request": request(call, attempt, said),
        "response": response(attempt, said),
        "cache": {},
        "timings": timings,
        "_attempt": attempt,
    });
    if let Ok(address) = address {
        entry["serverIPAddress"] = json!(address);
    }
    entry
}

fn request(call: &CallRecord, attempt: &AttemptRecord, said: Option<&CallBodies>) -> Value {
    let url = call.asked.get(attempt.asked).map_or("", |asked| &asked.url);
    let is_socket = attempt.route == "websocket";
    let url = match is_socket {
        true => url.replacen("http", "ws", 1),
        false => url.to_owned(),
    };
    let sent = attempt.sent.as_ref();
    let size = sent.map(|sent| sent.compressed.unwrap_or(sent.bytes));
    let mut request = json!({
        "method": if is_socket { "GET" } else { "POST" },
        "url": url,
        "httpVersion": protocol(attempt),
        "cookies": [], "headers": [], "queryString": [],
        "headersSize": -1,
        "bodySize": size.map_or(json!(-1), |size| json!(size)),
    });
    if let Some(said) = said {
        request["postData"] = json!({"mimeType": JSON, "params": [], "text": said.request});
    }
    request
}

fn response(attempt: &AttemptRecord, said: Option<&CallBodies>) -> Value {
    let fault = attempt.fault.as_ref();
    let told = fault.and_then(|fault| fault.status);
    // No status came where there is a fault without one; HAR has zero for that.
    let status = told.unwrap_or(match (fault, attempt.route.as_str()) {
        (Some(_), _) => 0,
        (None, "websocket") => 101,
        (None, _) => 200,
    });
    let text = said.map(|said| said.response.as_str());
    let text = text.or_else(|| fault.and_then(|fault| fault.body.as_deref()));
    let mut content = json!({
        "size": text.map_or(0, str::len),
        "mimeType": if fault.is_some() { "" } else { EVENTS },
    });
    if let Some(text) = text {
        content["text"] = json!(text);
    }
    json!({
        "status": status, "statusText": "", "httpVersion": protocol(attempt),
        "cookies": [], "headers": [], "content": content, "redirectURL": "",
        "headersSize": -1, "bodySize": -1,
        "_error": fault.map(|fault| &fault.cause),
    })
}

fn protocol(attempt: &AttemptRecord) -> &str {
    let connection = attempt.connection.as_ref();
    connection.map_or("", |connection| &connection.protocol)
}

/// The phases by the names that HAR has, in milliseconds; -1 where there was none. `connect` holds
/// `ssl`, as the specification wants it.
fn timings(attempt: &AttemptRecord) -> Value {
    let of = |names: &[&str]| {
        let spans = attempt
            .phases
            .iter()
            .filter(|span| names.contains(&&*span.phase));
        let took: Vec<u64> = spans.map(|span| span.took_us).collect();
        (!took.is_empty()).then(|| took.iter().map(|us| *us as f64 / 1_000.0).sum::<f64>())
    };
    let or_none = |took: Option<f64>| took.unwrap_or(-1.0);
    json!({
        "blocked": or_none(of(&["queue", "credential"])),
        "dns": or_none(of(&["resolve"])),
        "connect": or_none(of(&["connect", "proxy", "tls", "upgrade"])),
        "ssl": or_none(of(&["tls"])),
        "send": of(&["send"]).unwrap_or(0.0),
        "wait": of(&["headers", "first-output"]).unwrap_or(0.0),
        "receive": of(&["stream"]).unwrap_or(0.0),
    })
}

/// All of them together, `ssl` once.
fn total(timings: &Value) -> f64 {
    let names = ["blocked", "dns", "connect", "send", "wait", "receive"];
    let took = names.iter().filter_map(|name| timings[name].as_f64());
    took.filter(|took| *took > 0.0).sum()
}

/// A date as ISO 8601 spells it, in UTC.
pub(crate) fn date(unix_ms: u64) -> String {
    // "Sat, 21 Nov 2026 08:00:00 GMT" has all but the fraction.
    let latest = 253_402_300_799_000;
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(unix_ms.min(latest));
    let told = httpdate::fmt_http_date(at);
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let word = |index| told.split(' ').nth(index).unwrap_or_default();
    let month = months.find(word(2)).unwrap_or(0) / 3 + 1;
    let (day, year, time, ms) = (word(1), word(3), word(4), unix_ms % 1_000);
    format!("{year}-{month:02}-{day}T{time}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_spelt_as_har_wants_them() {
        assert_eq!(date(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(date(1_795_248_123_456), "2026-11-21T08:02:03.456Z");
        assert!(date(u64::MAX).starts_with("9999-12-31T23:59:59"));
    }

    #[test]
    fn the_parts_of_an_entry_add_up_to_its_time() {
        let call: CallRecord = serde_json::from_str(
            r#"{"id":"call_x","end":"failed","asked":[{"url":"https://p.test/v1/responses"}],
            "attempts":[
              {"number":0,"route":"sse","end":"not-tried"},
              {"number":1,"route":"websocket","end":"fault",
               "connection":{"remote_addr":"[2001:db8::1]:443","protocol":"HTTP/1.1"},
               "phases":[{"phase":"resolve","took_us":1000},{"phase":"connect","took_us":2000},
                 {"phase":"tls","took_us":3000},{"phase":"upgrade","took_us":4000}],
               "fault":{"cause":"challenge","status":403,"body":"<html>"}}]}"#,
        )
        .unwrap();
        let bodies = CallBodies {
            request: "{}".to_owned(),
            response: "{\"type\":\"x\"}\n".to_owned(),
        };
        let log = of(&call, Some(&bodies));
        let entries = log["log"]["entries"].as_array().unwrap();
        let [entry] = &entries[..] else {
            panic!("{log:#}")
        };
        assert_eq!(entry["time"], json!(10.0));
        assert_eq!(entry["timings"]["ssl"], json!(3.0));
        assert_eq!(entry["timings"]["connect"], json!(9.0));
        assert_eq!(entry["serverIPAddress"], "2001:db8::1");
        assert_eq!(entry["request"]["url"], "wss://p.test/v1/responses");
        assert_eq!(entry["response"]["status"], 403);
        assert_eq!(entry["request"]["postData"]["text"], "{}");
    }
}
