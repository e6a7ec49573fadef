//! The faults on offer, as data: where each one strikes and what it does there.
//!
//! A fault is a point and an action; `inject` knows how to carry out any action at any point, so a
//! new fault is a new row. The names say route, what happens, and when: a *stall* says nothing more
//! but still answers pings, a *freeze* answers nothing at all, a *cut* ends the TCP connection
//! without any closing word (FIN), a *reset* tears it down (RST).

mod table;

use std::fmt;
use std::time::Duration;

use self::table::FAULTS;
use crate::answers::Answer;
use crate::framing::Dress;
use crate::issuer::Twist;
use crate::plug::Pull;
use crate::seen::Route;
use crate::tls::Flaw;
use crate::unwilling::Unwilling;

/// One fault as people see it.
#[derive(Debug)]
pub struct FaultInfo {
    /// The name that flags and scenarios use.
    pub name: &'static str,
    /// What it strikes; its attempts are counted there.
    pub route: Target,
    /// What happens, in one line.
    pub about: &'static str,
    pub(crate) point: Point,
    pub(crate) action: Action,
}

/// Which traffic a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Accepted connections, before anything is read.
    Connection,
    /// TLS handshakes.
    Tls,
    /// HTTP/2 connections, which there are over TLS only.
    Http2,
    /// One route.
    Route(Route),
    /// Model requests on either route, counted together.
    AnyRoute,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Http2 => "http2",
            Self::Route(route) => route.as_str(),
            Self::AnyRoute => "any",
        })
    }
}

/// Where in the life of a request a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The connection has been accepted.
    Accept,
    /// The ClientHello has been read.
    ClientHello,
    /// The same, and it does not fit into one segment: it is a post-quantum one.
    LargeHello,
    /// The connection, or the WebSocket, is open.
    Open,
    /// The request has been read; instead of the answer's head (over WebSocket: of the upgrade's).
    Headers,
    /// The same, if the body came compressed.
    Packed,
    /// The stream is open; before its first event.
    FirstEvent,
    /// After `response.created`.
    AfterCreated,
    /// In the middle of the visible text.
    AfterText,
    /// At the terminal event.
    End,
}

impl Point {
    /// Whether there is no answer yet when it is reached.
    pub(crate) fn is_before_the_head(self) -> bool {
        matches!(self, Self::Headers | Self::Packed)
    }
}

/// What a fault does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Another answer instead.
    Answer(&'static Answer),
    /// Nothing more is said, but the connection lives.
    Stall,
    /// Nothing is said for so long; then FIN without any closing word.
    CutLate(Duration),
    /// This item is said from its beginning to its end; then nothing more, or the same after so long.
    SayItem(Said, Option<Duration>),
    /// Nothing is said for so long; then it goes on.
    Pause(Duration),
    /// The connection is left alone altogether: no pong, no read.
    Freeze,
    /// RST.
    Reset,
    /// FIN without any closing word.
    Cut,
    /// A WebSocket close frame.
    CloseFrame(u16),
    /// The text is put into the stream as one event; then it goes on.
    Say(&'static str),
    /// These bytes are put into the stream as they are (SSE); then it goes on.
    SayBytes(&'static [u8]),
    /// An event of 64 MiB of a kind nobody knows; then it goes on. Compressed, it is a bomb.
    SayHuge,
    /// The stream looks different (SSE), and says the same.
    Dress(Dress),
    /// Sequence numbers count down.
    Renumber,
    /// The stream ends in good order.
    End,
    /// An error frame or event with this answer's status and body; then nothing more.
    ErrorFrame(&'static Answer),
    /// The same, and a close frame with this code.
    ErrorAndClose(&'static Answer, u16),
    /// `response.failed` with this code and message; then nothing more.
    Fail(&'static str, &'static str),
    /// The same, and the stream stays open.
    FailOpen(&'static str, &'static str),
    /// `response.incomplete` with this reason.
    StopShort(&'static str),
    /// The terminal event is bent.
    Bend(Bend),
    /// Up to 1 GB of this.
    Flood(Flood),
    /// The answer comes as one JSON object (SSE).
    Whole,
    /// The whole stream comes in zstd (SSE).
    Pack,
    /// What was said on this socket before is forgotten.
    Forget,
    /// A certificate that is not the right one.
    Certificate(Flaw),
    /// No ping is ever heard, all else is.
    Deafen,
    /// No request is taken (HTTP/2).
    TurnAway(Unwilling),
    /// The answer comes later.
    Late(Duration),
    /// The issuer's answer is bent.
    Twist(Twist),
}

impl Action {
    /// How it ends the connection; none if it does something else.
    pub(crate) fn pull(&self) -> Option<Pull> {
        match self {
            Self::Freeze => Some(Pull::Freeze),
            Self::Reset => Some(Pull::Reset),
            Self::Cut => Some(Pull::Cut),
            _ => None,
        }
    }
}

/// An item that no healthy answer has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    /// A thought, with a summary.
    Reasoning,
    /// A call of a function.
    Call,
}

/// How a terminal event can be wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bend {
    /// `output` is null.
    NullOutput,
    /// The event comes twice.
    Twice,
    /// The blank line after it is missing (SSE).
    NoBlankLine,
    /// It never comes; the stream ends in good order.
    Missing,
    /// `[DONE]` comes after it, as in the older dialect.
    Done,
    /// More text comes after it.
    MoreText,
}

/// What an endless stream is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flood {
    /// Small comments (SSE).
    Comments,
    /// One line without an end (SSE).
    Line,
    /// Events of a kind nobody knows.
    Events,
}

/// All faults, in the order in which they are listed.
#[must_use]
pub fn faults() -> &'static [FaultInfo] {
    FAULTS
}

pub(crate) fn find(name: &str) -> Option<&'static FaultInfo> {
    FAULTS.iter().find(|fault| fault.name == name)
}

/// The name that looks most like `name`, if one does.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    FAULTS
        .iter()
        .map(|fault| (strsim::jaro_winkler(name, fault.name), fault.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_unique_and_every_line_is_one() {
        let names: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), FAULTS.len());
        for fault in FAULTS {
            assert!(
                !fault.about.contains('\n') && fault.about.len() <= 90,
                "{}",
                fault.name
            );
            assert!(!fault.name.contains(['@', ' ']), "{}", fault.name);
        }
    }

    #[test]
    fn a_fault_strikes_where_it_can() {
        for fault in FAULTS {
            let points: &[Point] = match fault.route {
                Target::Connection => &[Point::Accept],
                Target::Tls => &[Point::ClientHello, Point::LargeHello],
                Target::Http2 => &[Point::Open],
                Target::Route(Route::WebSocket) => &[
                    Point::Headers,
                    Point::Open,
                    Point::FirstEvent,
                    Point::AfterCreated,
                    Point::AfterText,
                    Point::End,
                ],
                Target::Route(_) => &[
                    Point::Headers,
                    Point::Packed,
                    Point::FirstEvent,
                    Point::AfterCreated,
                    Point::AfterText,
                    Point::End,
                ],
                Target::AnyRoute => &[Point::Headers],
            };
            assert!(points.contains(&fault.point), "{}", fault.name);
            let is_where = match fault.action {
                Action::CloseFrame(_) | Action::ErrorAndClose(..) | Action::Forget => {
                    fault.route == Target::Route(Route::WebSocket)
                }
                Action::Answer(_) => fault.point.is_before_the_head(),
                Action::Certificate(_) => fault.route == Target::Tls,
                Action::Deafen => fault.point == Point::Open,
                Action::TurnAway(_) => fault.route == Target::Http2,
                _ => true,
            };
            assert!(is_where, "{}", fault.name);
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_right_name() {
        assert_eq!(
            nearest("websocket-refused-430"),
            Some("websocket-refused-403")
        );
        assert_eq!(nearest("sse-cut-after-txt"), Some("sse-cut-after-text"));
        assert_eq!(nearest("teapot"), None);
    }
}
