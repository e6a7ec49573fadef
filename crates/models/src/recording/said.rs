//! What was said in a call, kept only where somebody asked for it: within bounds, and without secrets.

use alipes_base::Redactor;
use alipes_store::CallBodies;
use alipes_wire::{EncodedRequest, RawEvent};
use bytes::Bytes;

use super::across;

/// The longest request and the longest answer that are kept whole, in bytes.
const LONGEST: usize = 1 << 20;

/// How many events of an answer are kept.
const MOST_EVENTS: usize = 20_000;

/// What stands where the rest was left out.
const LEFT_OUT: &str = "… the rest was left out";

/// What was said so far.
#[derive(Default)]
pub(super) struct Said {
    request: Option<EncodedRequest>,
    events: Vec<Bytes>,
    bytes: usize,
    left_out: bool,
}

impl Said {
    /// The request to whoever is asked now.
    pub(super) fn request(&mut self, body: &EncodedRequest) {
        self.request = Some(body.clone());
    }

    /// One more event of an answer.
    pub(super) fn event(&mut self, event: &RawEvent) {
        let length = event.raw().len();
        if self.bytes + length > LONGEST || self.events.len() >= MOST_EVENTS {
            self.left_out = true;
            return;
        }
        self.bytes += length;
        self.events.push(event.raw().clone());
    }

    /// About how much memory it holds, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes + self.request.as_ref().map_or(0, EncodedRequest::size)
    }

    /// The texts, without secrets.
    pub(super) fn written(self, redactor: &Redactor) -> CallBodies {
        let request = self.request.map(|request| request.body());
        let mut response = String::with_capacity(self.bytes + self.events.len());
        for event in across::without(&self.events, redactor) {
            response.push_str(&event);
            response.push('\n');
        }
        if self.left_out {
            response.push_str(LEFT_OUT);
        }
        CallBodies {
            request: request.map_or_else(String::new, |body| {
                // The beginning of a secret that is cut in two would not be known as one.
                shortened(&redactor.redact(&String::from_utf8_lossy(&body)))
            }),
            response: redactor.redact(&response),
        }
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LONGEST);
    format!("{}{LEFT_OUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Secret;

    fn event(text: &str) -> RawEvent {
        RawEvent::parse(format!(r#"{{"type":"x","delta":"{text}"}}"#).into()).unwrap()
    }

    #[test]
    fn what_was_said_is_bounded_and_without_secrets() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("open-sesame".to_owned()));
        let mut said = Said::default();
        said.event(&event("open-sesame"));
        said.event(&event(&"x".repeat(LONGEST)));
        let written = said.written(&redactor).response;
        assert!(
            written.contains("[redacted]") && !written.contains("open-sesame"),
            "{written}"
        );
        assert!(written.ends_with(LEFT_OUT), "{written}");
        assert!(shortened(&"é".repeat(LONGEST)).len() < LONGEST + 100);
    }
}
