//! The rows: one fault each.

use std::time::Duration;

use super::Action::{
    Answer as Refuse, Bend as Bent, Certificate, CloseFrame, Cut, CutLate, Deafen, Dress, End,
    ErrorAndClose, ErrorFrame, Fail, FailOpen, Flood as Flooded, Forget, Freeze, Late, Pack, Pause,
    Renumber, Reset, Say, SayBytes, SayHuge, SayItem, Stall, StopShort, TurnAway, Twist as Twisted,
    Whole,
};
use super::Target::{AnyRoute, Connection, Http2, Tls};
use super::{Bend, FaultInfo, Flood, Point, Said, Target};
use crate::answers;
use crate::framing::Dress as Dressed;
use crate::issuer::Twist;
use crate::seen::Route;
use crate::tls::Flaw;
use crate::unwilling::Unwilling;

const SSE: Target = Target::Route(Route::Sse);
const WS: Target = Target::Route(Route::WebSocket);
const MODELS: Target = Target::Route(Route::Models);
const AUTHORIZE: Target = Target::Route(Route::Authorize);
const TOKEN: Target = Target::Route(Route::Token);
const DEVICE: Target = Target::Route(Route::Device);
const ACCOUNT: Target = Target::Route(Route::Account);

/// One row each: target, point, action, name, what happens. A macro, so that it reads as a table.
macro_rules! table {
    ($($target:ident $point:ident $action:expr, $name:literal, $about:literal;)*) => {
        &[$(FaultInfo {
            name: $name,
            route: $target,
            about: $about,
            point: Point::$point,
            action: $action,
        }),*]
    };
}

pub(super) static FAULTS: &[FaultInfo] = table! {
    Connection Accept Reset,  "connection-reset",  "every connection is reset as soon as it is accepted (over TLS: in the handshake)";
    Connection Accept Cut,    "connection-cut",    "every connection is closed as soon as it is accepted";
    Connection Accept Freeze, "connection-silent", "connections are accepted and then left alone";

    Tls ClientHello Reset,  "tls-reset-after-hello",  "the handshake is reset after the ClientHello (TLS)";
    Tls ClientHello Cut,    "tls-cut-after-hello",    "the connection ends after the ClientHello (TLS)";
    Tls ClientHello Freeze, "tls-freeze-after-hello", "the ClientHello is never answered (TLS)";
    Tls LargeHello  Reset,  "tls-reset-large-hello",  "a ClientHello of two segments, the post-quantum one, is reset (TLS)";
    Tls LargeHello  Freeze, "tls-freeze-large-hello", "a ClientHello of two segments is never answered (TLS)";
    Tls ClientHello Certificate(Flaw::Expired),     "certificate-expired",       "the certificate has expired (TLS)";
    Tls ClientHello Certificate(Flaw::NotYetValid), "certificate-not-yet-valid", "the certificate is not valid yet (TLS)";
    Tls ClientHello Certificate(Flaw::WrongHost),   "certificate-wrong-host",    "the certificate is for another host (TLS)";
    Tls ClientHello Certificate(Flaw::Stranger),    "certificate-stranger",      "the certificate is from an authority that nobody knows (TLS)";
    Http2 Open Deafen, "http2-pings-unanswered", "HTTP/2 pings are never answered, requests are (TLS)";
    Http2 Open TurnAway(Unwilling::Stream),     "http2-stream-refused", "every request over HTTP/2 is reset with REFUSED_STREAM (TLS)";
    Http2 Open TurnAway(Unwilling::Connection), "http2-go-away",        "over HTTP/2 the first request is told GOAWAY, and that it was not looked at (TLS)";

    AnyRoute Headers Refuse(&answers::UNAUTHORIZED), "401",         "either route answers 401 invalid_api_key";
    AnyRoute Headers Refuse(&answers::RATE_LIMITED), "429",         "either route answers 429 with Retry-After: 1";
    AnyRoute Headers Refuse(&answers::USAGE_LIMIT),  "usage-limit", "either route answers 429 usage_limit_reached, resetting in an hour";
    AnyRoute Headers Refuse(&answers::SERVER_ERROR), "500",         "either route answers 500";
    AnyRoute Headers Refuse(&answers::OVERLOADED),   "503",         "either route answers 503 server_is_overloaded";
    AnyRoute Headers Refuse(&answers::QUOTA),        "quota",       "either route answers 429 insufficient_quota";
    AnyRoute Headers Refuse(&answers::NO_PLAN),      "usage-not-included", "either route answers 403 usage_not_included, from the account check";
    AnyRoute Headers Refuse(&answers::BLOCKED),      "blocked",     "either route answers a block page of the edge (403, no challenge)";
    AnyRoute Headers Refuse(&answers::CAPTIVE_PORTAL), "captive-portal", "a network's login page answers in the place of either route (302, WISPr)";
    AnyRoute Headers Refuse(&answers::REGION),       "region",      "either route answers 403 unsupported_country_region_territory";
    AnyRoute Headers Refuse(&answers::CHALLENGE),    "challenge",   "either route answers a challenge page (403, cf-mitigated: challenge)";

    WS Headers Refuse(&answers::BAD_REQUEST),      "websocket-refused-400", "the upgrade is refused with 400";
    WS Headers Refuse(&answers::UNAUTHORIZED),     "websocket-refused-401", "the upgrade is refused with 401 invalid_api_key";
    WS Headers Refuse(&answers::FORBIDDEN),        "websocket-refused-403", "the upgrade is refused with a bare 403";
    WS Headers Refuse(&answers::NOT_FOUND),        "websocket-refused-404", "the upgrade is refused with 404";
    WS Headers Refuse(&answers::UPGRADE_REQUIRED), "websocket-refused-426", "the upgrade is refused with 426: use HTTP";
    WS Headers Refuse(&answers::RATE_LIMITED),     "websocket-refused-429", "the upgrade is refused with 429 and Retry-After: 1";
    WS Headers Refuse(&answers::SERVER_ERROR),     "websocket-refused-500", "the upgrade is refused with 500";
    WS Headers Refuse(&answers::OVERLOADED),       "websocket-refused-503", "the upgrade is refused with 503 server_is_overloaded";
    WS Headers Refuse(&answers::NOT_IMPLEMENTED),  "websocket-refused-501", "the upgrade is refused with 501";
    WS Headers Refuse(&answers::EDGE_TIMEOUT),     "websocket-refused-524", "the edge gives up on the upgrade (524, a web page)";
    WS Headers Refuse(&answers::BLOCKED),          "websocket-blocked",     "the upgrade meets a block page (403, no challenge)";
    WS Headers Refuse(&answers::CHALLENGE),        "websocket-challenge",   "the upgrade meets a challenge page (403, cf-mitigated: challenge)";
    WS Headers Refuse(&answers::HTML),             "websocket-html-200",    "the upgrade is answered by a web page with 200";
    WS Headers Stall,                 "websocket-stall-before-upgrade",     "the upgrade is never answered";
    WS Headers Reset,                 "websocket-reset-before-upgrade",     "the connection is reset instead of the upgrade's answer";
    WS Headers Cut,                   "websocket-cut-before-upgrade",       "the connection ends instead of the upgrade's answer";
    WS Open Deafen,                   "websocket-pings-unanswered",         "pings are never answered, requests are";
    WS FirstEvent Stall,              "websocket-stall-before-first-event", "the request is never answered; pings are";
    WS FirstEvent Freeze,             "websocket-freeze-before-first-event","neither the request nor a ping is ever answered";
    WS FirstEvent Reset,              "websocket-reset-before-first-event", "the connection is reset instead of the first event";
    WS FirstEvent Cut,                "websocket-cut-before-first-event",   "the connection ends instead of the first event";
    WS FirstEvent CloseFrame(1000),   "websocket-close-1000-before-first-event", "a close frame, 1000, instead of the first event";
    WS FirstEvent CloseFrame(1009),   "websocket-close-1009-before-first-event", "a close frame, 1009 (too big), instead of the first event";
    WS FirstEvent CloseFrame(1013),   "websocket-close-1013-before-first-event", "a close frame, 1013 (try again later), instead of the first event";
    WS FirstEvent CloseFrame(1011),   "websocket-close-1011-before-first-event", "a close frame, 1011 (internal error), instead of the first event";
    WS FirstEvent Pause(LATE),        "websocket-late-first-event",         "the first event comes 12 s late; pings are answered";
    WS AfterCreated Stall,            "websocket-stall-after-created",      "events stop after the first; pings are answered";
    WS AfterCreated Freeze,           "websocket-freeze-after-created",     "events stop after the first; pings are not answered";
    WS AfterCreated Reset,            "websocket-reset-after-created",      "the connection is reset after the first event";
    WS AfterCreated Cut,              "websocket-cut-after-created",        "the connection ends after the first event";
    WS AfterCreated CloseFrame(1011), "websocket-close-1011-after-created", "a close frame, 1011, after the first event";
    WS AfterCreated SayItem(Said::Reasoning, None), "websocket-stall-after-reasoning", "events stop after a finished reasoning item; pings are answered";
    WS AfterCreated SayItem(Said::Call, None),      "websocket-stall-after-call",      "events stop after a finished function call; pings are answered";
    WS AfterText Stall,               "websocket-stall-after-text",         "events stop in the middle of the text; pings are answered";
    WS AfterText Pause(LATE),         "websocket-pause-after-text",         "12 s of silence in the middle of the text; pings are answered";
    WS AfterText Freeze,              "websocket-freeze-after-text",        "events stop in the middle of the text; pings are not answered";
    WS AfterText Reset,               "websocket-reset-after-text",         "the connection is reset in the middle of the text";
    WS AfterText Cut,                 "websocket-cut-after-text",           "the connection ends in the middle of the text";
    WS AfterText CloseFrame(1000),    "websocket-close-1000-after-text",    "a close frame, 1000, in the middle of the text";
    WS AfterText CloseFrame(1008),    "websocket-close-1008-after-text",    "a close frame, 1008 (policy), in the middle of the text";
    WS AfterText CloseFrame(1009),    "websocket-close-1009-after-text",    "a close frame, 1009 (too big), in the middle of the text";
    WS AfterText CloseFrame(1011),    "websocket-close-1011-after-text",    "a close frame, 1011 (internal error), in the middle of the text";
    WS AfterText CloseFrame(1013),    "websocket-close-1013-after-text",    "a close frame, 1013 (try again later), in the middle of the text";
    WS AfterText CloseFrame(1012),    "websocket-close-1012-after-text",    "a close frame, 1012 (restart), in the middle of the text";
    WS FirstEvent ErrorFrame(&answers::USAGE_LIMIT),      "websocket-usage-limit",      "an error frame, 429 usage_limit_reached; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::RATE_LIMITED),     "websocket-rate-limited",     "an error frame, 429 with Retry-After: 1; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::SERVER_ERROR),     "websocket-error-500",        "an error frame, 500; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::UNAUTHORIZED),     "websocket-error-401",        "an error frame, 401 invalid_api_key; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::QUOTA),            "websocket-quota",            "an error frame, 429 insufficient_quota; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::CONTEXT),          "websocket-context-too-long", "an error frame, 400 context_length_exceeded; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::ENCRYPTED),        "websocket-invalid-encrypted-content", "an error frame, 400 invalid_encrypted_content; the socket stays open";
    WS FirstEvent ErrorFrame(&answers::NO_MODEL),         "websocket-model-not-found",  "an error frame, 404 model_not_found; the socket stays open";
    WS AfterText  ErrorFrame(&answers::TOKEN_EXPIRED),    "websocket-token-expired-after-text", "an error frame, 401 token_expired, in the middle of the text";
    WS FirstEvent ErrorAndClose(&answers::CONNECTION_LIMIT, 1000), "websocket-connection-limit", "an error frame, websocket_connection_limit_reached, and a close frame";
    WS FirstEvent Forget, "websocket-previous-response-not-found", "every previous_response_id is unknown; full input is answered";
    WS AfterText Fail("server_error", "The server had an error."),      "websocket-failed",            "response.failed in the middle of the text; the socket stays open";
    WS AfterCreated Fail("server_is_overloaded", "Overloaded."),        "websocket-failed-overloaded", "response.failed, server_is_overloaded; the socket stays open";
    WS AfterText Say(BROKEN_JSON),      "websocket-broken-json",    "a frame that is no JSON in the middle of the text; then it goes on";
    WS AfterText Say(UNKNOWN_EVENT),    "websocket-unknown-event",  "an event nobody knows in the middle of the text; then it goes on";
    WS End Bent(Bend::NullOutput),      "websocket-null-output",    "the final event's output is null";
    WS End Bent(Bend::Twice),           "websocket-completed-twice","the final event comes twice";
    WS End Bent(Bend::MoreText),        "websocket-text-after-final-event", "more text comes after the final event";
    WS FirstEvent Renumber,             "websocket-numbers-backwards", "sequence numbers count down";
    WS AfterText SayHuge,               "websocket-huge-event",     "an event of 64 MiB in the middle of the text, compressed a bomb; then it goes on";
    WS FirstEvent Flooded(Flood::Events), "websocket-endless",      "up to 1 GB of unknown events instead of the first one";

    SSE Headers Refuse(&answers::BAD_REQUEST),  "sse-400",         "the request is answered with 400";
    SSE Headers Refuse(&answers::BAD_IMAGE),    "sse-bad-image",   "the request is answered with 400: an image in it could not be decoded";
    SSE Packed Refuse(&answers::UNDECODABLE),   "sse-refuses-zstd","a compressed request is answered with 400: it could not be decoded";
    SSE Headers Refuse(&answers::UNAUTHORIZED), "sse-401",         "the request is answered with 401 invalid_api_key";
    SSE Headers Refuse(&answers::FORBIDDEN),    "sse-403",         "the request is answered with a bare 403";
    SSE Headers Refuse(&answers::NOT_FOUND),    "sse-404",         "the request is answered with 404";
    SSE Headers Refuse(&answers::TOO_LARGE),    "sse-413",         "the request is answered with 413";
    SSE Headers Refuse(&answers::CONFLICT),     "sse-409",         "the request is answered with 409";
    SSE Headers Refuse(&answers::MISDIRECTED),  "sse-421",         "the request is answered with 421: not by this connection";
    SSE Headers Refuse(&answers::TOO_EARLY),    "sse-425",         "the request is answered with 425: too early";
    SSE Headers Refuse(&answers::RATE_LIMITED), "sse-429",         "the request is answered with 429 and Retry-After: 1";
    SSE Headers Refuse(&answers::USAGE_LIMIT),  "sse-usage-limit", "the request is answered with 429 usage_limit_reached, resetting in an hour";
    SSE Headers Refuse(&answers::RETRY_AT_DATE),     "sse-429-date",     "the request is answered with 429 and a date 2 s ahead as Retry-After";
    SSE Headers Refuse(&answers::RETRY_IN_PAST),     "sse-429-negative", "the request is answered with 429 and Retry-After: -5";
    SSE Headers Refuse(&answers::RETRY_GARBAGE),     "sse-429-garbage",  "the request is answered with 429 and Retry-After: soon";
    SSE Headers Refuse(&answers::RETRY_IN_A_YEAR),   "sse-429-year",     "the request is answered with 429 and a year as Retry-After";
    SSE Headers Refuse(&answers::QUOTA),             "sse-quota",        "the request is answered with 429 insufficient_quota";
    SSE Headers Refuse(&answers::NO_PLAN),           "sse-usage-not-included", "the request is answered with 403 usage_not_included";
    SSE Headers Refuse(&answers::DETAIL),            "sse-403-detail",   "the request is answered with 403 and {\"detail\": …}";
    SSE Headers Refuse(&answers::BLOCKED),           "sse-blocked",      "the request meets a block page of the edge (403, no challenge)";
    SSE Headers Refuse(&answers::REGION),            "sse-region",       "the request is answered with 403 unsupported_country_region_territory";
    SSE Headers Refuse(&answers::REDIRECT),          "sse-redirect",     "the request is sent elsewhere (302)";
    SSE Headers Refuse(&answers::NO_MODEL),          "sse-model-not-found",  "the request is answered with 404 model_not_found";
    SSE Headers Refuse(&answers::CONTEXT),           "sse-context-too-long", "the request is answered with 400 context_length_exceeded";
    SSE Headers Refuse(&answers::ENCRYPTED),         "sse-invalid-encrypted-content", "the request is answered with 400 invalid_encrypted_content";
    SSE Headers Refuse(&answers::POLICY),            "sse-policy",       "the request is answered with 400 content_policy_violation";
    SSE Headers Refuse(&answers::ERROR_200),         "sse-error-200",    "the request is answered with 200 and an error as JSON";
    SSE Headers Refuse(&answers::BAD_GATEWAY),       "sse-502",          "the request is answered with 502 and a web page";
    SSE Headers Refuse(&answers::EDGE_TIMEOUT),      "sse-524",          "the edge gives up on the request (524, a web page)";
    SSE Headers Refuse(&answers::SERVER_ERROR), "sse-500",         "the request is answered with 500";
    SSE Headers Refuse(&answers::ERROR_LATER),  "sse-500-later",   "the request is answered with 500 and Retry-After: 20";
    SSE Headers Refuse(&answers::BUSY_LATER),   "sse-503-later",   "the request is answered with 503 and Retry-After: 20";
    SSE Headers Refuse(&answers::OVERLOADED),   "sse-503",         "the request is answered with 503 server_is_overloaded";
    SSE Headers Refuse(&answers::CHALLENGE),    "sse-challenge",   "the request meets a challenge page (403, cf-mitigated: challenge)";
    SSE Headers Refuse(&answers::HTML),         "sse-html-200",    "the request is answered by a web page with 200";
    SSE Headers Refuse(&answers::HEADER_FLOOD), "sse-header-flood","an answer with more than 256 KiB of headers";
    SSE Headers Stall,       "sse-stall-before-headers",     "the request is never answered";
    SSE Headers Freeze,      "sse-freeze-before-headers",    "the request is never answered, nor is an HTTP/2 ping";
    SSE Headers Reset,       "sse-reset-before-headers",     "the connection is reset instead of the answer";
    SSE Headers Cut,         "sse-cut-before-headers",       "the connection ends instead of the answer";
    SSE FirstEvent Stall,    "sse-stall-before-first-event", "the stream opens and stays empty";
    SSE FirstEvent Pause(LATE), "sse-late-first-event",      "the stream opens, and the first event comes 12 s late";
    SSE AfterCreated Stall,  "sse-stall-after-created",      "events stop after the first";
    SSE AfterCreated Freeze, "sse-freeze-after-created",     "events stop after the first, and HTTP/2 pings are not answered";
    SSE AfterCreated Reset,  "sse-reset-after-created",      "the connection is reset after the first event";
    SSE AfterCreated Cut,    "sse-cut-after-created",        "the connection ends after the first event";
    SSE AfterCreated SayItem(Said::Reasoning, None), "sse-stall-after-reasoning", "events stop after a finished reasoning item";
    SSE AfterCreated SayItem(Said::Call, None),      "sse-stall-after-call",      "events stop after a finished function call";
    SSE AfterCreated SayItem(Said::Call, Some(LATER)), "sse-cut-late-after-call", "130 s of silence after a finished function call, then the connection ends";
    SSE AfterCreated CutLate(IDLE), "sse-cut-late",          "45 s of silence after the first event, then the connection ends";
    SSE AfterText Stall,     "sse-stall-after-text",         "events stop in the middle of the text";
    SSE AfterText Pause(LATE), "sse-pause-after-text",       "12 s of silence in the middle of the text";
    SSE AfterText Freeze,    "sse-freeze-after-text",        "events stop in the middle of the text, and HTTP/2 pings are not answered";
    SSE AfterText Reset,     "sse-reset-after-text",         "the connection is reset in the middle of the text";
    SSE AfterText Cut,       "sse-cut-after-text",           "the connection ends in the middle of the text";
    SSE FirstEvent Whole,       "sse-json",                  "the answer comes as one JSON object and not as a stream";
    SSE FirstEvent Pack,        "sse-encoded",               "the stream comes compressed (zstd), which nobody has asked for";
    SSE FirstEvent End,         "sse-empty",                 "the stream opens and ends in good order, without an event";
    SSE FirstEvent ErrorFrame(&answers::SERVER_ERROR), "sse-error-event", "an error event instead of the first one";
    SSE AfterText Fail("server_error", "The server had an error."),      "sse-failed",            "response.failed in the middle of the text";
    SSE AfterText FailOpen("server_error", "The server had an error."),  "sse-failed-held-open",  "response.failed in the middle of the text, and the stream stays open";
    SSE AfterCreated Fail("server_is_overloaded", "Overloaded."),        "sse-failed-overloaded", "response.failed, server_is_overloaded";
    SSE AfterText Fail("token_expired", "Your token has expired."),      "sse-token-expired-after-text", "response.failed, token_expired, in the middle of the text";
    SSE AfterCreated Fail("rate_limit_exceeded", "Please try again in 1s."), "sse-failed-rate-limit", "response.failed, rate_limit_exceeded, \"try again in 1s\"";
    SSE AfterText StopShort("max_output_tokens"), "sse-incomplete",  "response.incomplete, max_output_tokens, in the middle of the text";
    SSE AfterText Say(BROKEN_JSON),      "sse-broken-json",    "an event that is no JSON in the middle of the text; then it goes on";
    SSE AfterText Say(UNKNOWN_EVENT),    "sse-unknown-event",  "an event nobody knows in the middle of the text; then it goes on";
    SSE End Bent(Bend::NullOutput),      "sse-null-output",    "the final event's output is null";
    SSE End Bent(Bend::Twice),           "sse-completed-twice","the final event comes twice";
    SSE End Bent(Bend::NoBlankLine),     "sse-no-blank-line",  "the blank line after the final event is missing";
    SSE End Bent(Bend::Missing),         "sse-no-final-event", "the stream ends in good order without its final event";
    SSE End Bent(Bend::Done),            "sse-done",           "[DONE] comes after the final event";
    SSE End Bent(Bend::MoreText),        "sse-text-after-final-event", "more text comes after the final event";
    SSE FirstEvent Renumber,             "sse-numbers-backwards", "sequence numbers count down";
    SSE FirstEvent Dress(Dressed::ByteOrderMark),   "sse-byte-order-mark",  "a byte order mark before the first event";
    SSE FirstEvent Dress(Dressed::CarriageReturns), "sse-carriage-returns", "lines end with CR and LF, in different chunks";
    SSE FirstEvent Dress(Dressed::Crumbs),          "sse-crumbs",           "every byte comes by itself, in the middle of characters too";
    SSE AfterText SayBytes(INVALID_UTF8), "sse-invalid-utf8",  "an event that is no UTF-8 in the middle of the text; then it goes on";
    SSE AfterText SayHuge,               "sse-huge-event",     "an event of 64 MiB in the middle of the text; then it goes on";
    SSE FirstEvent Flooded(Flood::Comments), "sse-endless",      "up to 1 GB of comments instead of events";
    SSE FirstEvent Flooded(Flood::Line),     "sse-endless-line", "one line of up to 1 GB instead of events";

    MODELS Headers Refuse(&answers::UNAUTHORIZED), "models-401",       "the model list is answered with 401";
    MODELS Headers Refuse(&answers::SERVER_ERROR), "models-500",       "the model list is answered with 500";
    MODELS Headers Refuse(&answers::CHALLENGE),    "models-challenge", "the model list meets a challenge page";
    MODELS Headers Stall,                          "models-stall",     "the model list is never answered";

    AUTHORIZE End Twisted(Twist::Error("access_denied", "The user said no.")), "sign-in-denied", "the browser comes back with access_denied";
    AUTHORIZE End Twisted(Twist::Error("unauthorized", "missing_codex_entitlement")), "sign-in-no-entitlement", "the browser comes back with missing_codex_entitlement";
    AUTHORIZE End Twisted(Twist::Error("server_error", "<b>Try later</b>")), "sign-in-error", "the browser comes back with an error";
    AUTHORIZE End Twisted(Twist::OtherState),           "sign-in-other-state",  "the browser comes back with another sign-in's state";
    TOKEN Headers Late(Duration::from_millis(1_500)),   "token-slow",           "the issuer takes 1.5 s for tokens";
    TOKEN Headers Stall,                                "token-stall",          "the issuer never answers for tokens";
    TOKEN Headers Refuse(&answers::RATE_LIMITED),       "token-429",            "the issuer answers 429 for tokens";
    TOKEN Headers Refuse(&answers::SERVER_ERROR),       "token-500",            "the issuer answers 500 for tokens";
    TOKEN Headers Refuse(&answers::CHALLENGE),          "token-challenge",      "the issuer answers a challenge page for tokens";
    TOKEN Headers Refuse(&answers::REFRESH_REUSED),     "token-reused",         "the issuer says that the refresh token was used before";
    TOKEN Headers Refuse(&answers::REFRESH_EXPIRED),    "token-expired",        "the issuer says that the refresh token has expired";
    TOKEN Headers Refuse(&answers::REFRESH_REVOKED),    "token-revoked",        "the issuer says that the sign-in was revoked";
    TOKEN End Twisted(Twist::OtherAccount),             "token-other-account",  "the tokens are another account's";
    TOKEN End Twisted(Twist::NoAccount),                "token-no-account",     "the tokens name no account";
    TOKEN End Twisted(Twist::UnknownPlan),              "token-unknown-plan",   "the tokens name a plan nobody has heard of";
    TOKEN End Twisted(Twist::Opaque),                   "token-opaque",         "the tokens are no JWTs";
    DEVICE Headers Refuse(&answers::NOT_FOUND),         "device-off",           "the issuer offers no sign-in by device code";
    DEVICE Headers Refuse(&answers::RATE_LIMITED),      "device-429",           "the issuer answers 429 to devices";
    DEVICE Headers Refuse(&answers::SERVER_ERROR),      "device-500",           "the issuer answers 500 to devices";
    DEVICE Headers Refuse(&answers::CHALLENGE),         "device-challenge",     "the issuer answers a challenge page to devices";
    ACCOUNT Headers Refuse(&answers::SERVER_ERROR),     "account-500",          "usage and workspace are answered with 500";
    ACCOUNT Headers Refuse(&answers::CHALLENGE),        "account-challenge",    "usage and workspace meet a challenge page";
    ACCOUNT Headers Stall,                              "account-stall",        "usage and workspace are never answered";
    ACCOUNT End Twisted(Twist::Elsewhere),              "account-elsewhere",    "the workspace wants to be served under this machine's other name";
    ACCOUNT End Twisted(Twist::Region),                 "account-region",       "the workspace wants to be served in a region";
};

/// Longer than a dead edge is waited for, and shorter than a model is.
const LATE: Duration = Duration::from_secs(12);

/// How long a connection may be idle at a server in between: longer than two requests are waited for side by
/// side before there is output.
const IDLE: Duration = Duration::from_secs(45);

/// The same where there was output.
const LATER: Duration = Duration::from_secs(130);

const INVALID_UTF8: &[u8] =
    b"event: response.weather_report\ndata: {\"type\":\"response.weather_report\",\"weather\":\"\xff\xfe\"}\n\n";

const BROKEN_JSON: &str = r#"{"type":"response.output_text.delta","delta":"br"#;
const UNKNOWN_EVENT: &str =
    r#"{"type":"response.weather_report","weather":"an event nobody knows"}"#;
