//! One try on one route with one credential: it ends well, or in a fault.

mod arrival;
mod event_stream;
mod http_edge;
mod intake;
mod live_socket;
mod receipt;
mod request_headers;
mod resting;
mod side_probe;
mod sse;
mod unread;
mod way;
mod websocket;

use alipes_base::Deadline;

pub(crate) use intake::Intake;
pub(crate) use live_socket::{LiveSocket, open as open_socket};
pub(crate) use request_headers::{identified, of as request_headers};
pub(crate) use resting::Resting;
pub(crate) use sse::attempt as sse;
pub(crate) use way::Way;
pub(crate) use websocket::{attempt as websocket, prewarm};

use crate::conversation::Conversation;
use crate::{Cause, Fault, Phase, Token};

/// The token for this attempt.
pub(crate) async fn token(
    about: &Conversation,
    deadline: &Deadline,
) -> Result<Option<Token>, Fault> {
    let token = match deadline.run(about.credential.current()).await {
        Ok(Ok(token)) => token,
        Ok(Err(error)) => return Err(error.fault()),
        Err(expired) => {
            return Err(Fault::new(Phase::Credential, Cause::Deadline).limited(expired));
        }
    };
    if let Some(token) = &token {
        about.transport.redactor.learn(&token.secret);
    }
    Ok(token)
}

/// The fault, and where a key that was refused and cannot be renewed is kept: another one has to be put
/// there.
pub(crate) fn with_place_of_key(about: &Conversation, fault: Fault) -> Fault {
    match about.credential.place() {
        Some(place) if fault.cause == Cause::Unauthorized => fault.because(&comes_from(&place)),
        _ => fault,
    }
}

fn comes_from(place: &str) -> String {
    format!("the key comes from {place}")
}

/// A token newer than `refused`; else why there is none, and the refusal stands.
pub(crate) async fn newer_token(
    about: &Conversation,
    refused: Option<u64>,
    deadline: &Deadline,
) -> Result<Token, String> {
    let none = || match about.credential.place() {
        Some(place) => format!("{}, which holds no other one", comes_from(&place)),
        None => "there is no newer key".to_owned(),
    };
    let refused = refused.ok_or_else(none)?;
    let token = match deadline.run(about.credential.refresh(refused)).await {
        Ok(Ok(token)) => token.ok_or_else(none)?,
        Ok(Err(error)) => return Err(format!("no newer key: {error}")),
        Err(expired) => return Err(format!("no newer key: {expired}")),
    };
    about.transport.redactor.learn(&token.secret);
    Ok(token)
}
