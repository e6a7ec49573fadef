//! The acts, as data: what strikes, and what to look at.
//!
//! The quick ones first; the last takes its time, because no program can know sooner.

/// What the agent is asked to do.
pub(super) const TASK: &str = "describe this folder";

/// One run of the task.
pub(super) struct Act {
    pub(super) title: &'static str,
    pub(super) story: &'static str,
    /// As `simulate --fault` takes it; it strikes the first provider, never the second.
    pub(super) fault: Option<&'static str>,
    /// Whether there is a second provider to ask.
    pub(super) has_reserve: bool,
}

pub(super) const ACTS: [Act; 7] = [
    Act {
        title: "undisturbed",
        story: "A turn of two steps: the model asks for tools, and answers from what they say.",
        fault: None,
        has_reserve: false,
    },
    Act {
        title: "the WebSocket is refused with 403",
        story: "Something on the way lets no upgrade pass. The other route carries the turn.",
        fault: Some("websocket-refused-403"),
        has_reserve: false,
    },
    Act {
        title: "the connection is cut in the middle of the text",
        story: "What was shown is replaced by the new answer, and no tool runs twice.",
        fault: Some("websocket-cut-after-text@2"),
        has_reserve: false,
    },
    Act {
        title: "Cloudflare wants a challenge solved, on every route",
        story: "Nobody tries to. It is named, with its ray for support, and the next provider is asked.",
        fault: Some("challenge"),
        has_reserve: true,
    },
    Act {
        title: "the plan is used up for an hour",
        story: "Trying again cannot help, so nobody does: the next provider is asked at once.",
        fault: Some("usage-limit"),
        has_reserve: true,
    },
    Act {
        title: "every connection is reset, for a second",
        story: "A short outage is bridged: pauses grow, and end when the way is open again.",
        fault: Some("connection-reset@1s"),
        has_reserve: false,
    },
    Act {
        title: "the socket goes dead without a word",
        story: "No limit can tell that from a model that thinks. An unanswered ping can, in seven seconds.",
        fault: Some("websocket-freeze-after-text@2"),
        has_reserve: false,
    },
];

#[cfg(test)]
mod tests {
    use alipes_simulator::Scenario;

    use super::*;

    #[test]
    fn every_fault_is_one_that_the_simulator_knows() {
        Scenario::from_flags(ACTS.iter().filter_map(|act| act.fault)).unwrap();
    }
}
