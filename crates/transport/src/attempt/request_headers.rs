//! The headers of a request: who we are, what proves it, and which conversation it belongs to.

use alipes_wire::Dialect;
use alipes_wire::responses::{TURN_STATE, WEBSOCKET_BETA};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::conversation::Conversation;
use crate::{Cause, Fault, Phase, Route, Token, UnusableKey};

/// The headers for an attempt on `route` (codex-protocol §1.2 and §2.1).
pub(crate) fn of(
    about: &Conversation,
    token: Option<&Token>,
    route: Route,
) -> Result<HeaderMap, Fault> {
    let mut headers = about.carried.clone();
    headers.extend(identified(about, token)?);
    let mut set = |name: HeaderName, value: &str| set(&mut headers, name, value);
    // Cache affinity hangs on it where the Responses dialect is spoken; elsewhere nobody needs to
    // know which requests belong together.
    if about.endpoint.dialect() == Dialect::Responses {
        for name in ["session-id", "x-client-request-id"] {
            set(HeaderName::from_static(name), &about.id)?;
        }
    }
    match route {
        Route::WebSocket => set(HeaderName::from_static("openai-beta"), WEBSOCKET_BETA)?,
        Route::Sse | Route::AppServer => {
            set(ACCEPT, "text/event-stream")?;
            set(CONTENT_TYPE, "application/json")?;
            if let Some(state) = &about.turn_state {
                set(HeaderName::from_static(TURN_STATE), state)?;
            }
            if let Some(cookies) = about.cookies.header() {
                set(COOKIE, &cookies)?;
            }
        }
    }
    Ok(headers)
}

/// The headers of every call: who we are, and what proves it.
pub(crate) fn identified(about: &Conversation, token: Option<&Token>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    let identity = &about.transport.identity;
    set(&mut headers, USER_AGENT, &identity.user_agent)?;
    let originator = HeaderName::from_static("originator");
    set(&mut headers, originator, &identity.originator)?;
    let signed = about.endpoint.sign(&mut headers, token);
    signed.map_err(|unusable| unusable_key(&unusable))?;
    Ok(headers)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Fault> {
    headers.insert(name, header_value(value)?);
    Ok(())
}

fn header_value(value: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(value).map_err(|_invalid| unusable_key(&UnusableKey))
}

fn unusable_key(unusable: &UnusableKey) -> Fault {
    let mut fault = Fault::new(Phase::Credential, Cause::NoCredential);
    fault.message = Some(unusable.to_string());
    fault
}
