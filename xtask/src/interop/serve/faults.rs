//! The trouble that clients meet, as the simulator calls it.
//!
//! Each row is what some client cannot mend by itself: it lasts longer than that client tries, or it needs another way,
//! another connection or another provider.

/// How a client and its provider speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Sse,
    WebSocket,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Fault {
    /// What happens, for people.
    pub(super) name: &'static str,
    /// The simulator's fault over SSE; `None`: there is nothing of the kind.
    sse: Option<&'static str>,
    /// The same over WebSocket.
    websocket: Option<&'static str>,
    /// It stays, and our server has a second provider, of which a client alone cannot know.
    pub(super) has_reserve: bool,
}

/// All of them.
pub(super) static FAULTS: [Fault; 5] = [
    Fault {
        name: "cut before the text, twice",
        sse: Some("sse-cut-after-created@1-2"),
        websocket: Some("websocket-cut-after-created@1-2"),
        has_reserve: false,
    },
    Fault {
        name: "upgrade refused (403)",
        sse: None,
        websocket: Some("websocket-refused-403"),
        has_reserve: false,
    },
    Fault {
        name: "never answered, once",
        sse: Some("sse-stall-before-headers@1"),
        websocket: Some("websocket-stall-before-first-event@1"),
        has_reserve: false,
    },
    Fault {
        name: "500, always",
        sse: Some("500"),
        websocket: Some("500"),
        has_reserve: true,
    },
    Fault {
        name: "403 challenge, always",
        sse: Some("challenge"),
        websocket: Some("challenge"),
        has_reserve: true,
    },
];

impl Fault {
    /// The simulator's name for it.
    pub(super) fn on(&self, way: Way) -> Option<&'static str> {
        match way {
            Way::Sse => self.sse,
            Way::WebSocket => self.websocket,
        }
    }
}
