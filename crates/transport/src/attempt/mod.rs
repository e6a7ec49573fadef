//! One try on one route with one credential: it ends well, or in a fault.

mod intake;
mod receipt;
mod request_headers;
mod sse;
mod websocket;

use alipes_base::Deadline;

pub(crate) use intake::Intake;
pub(crate) use sse::attempt as sse;
pub(crate) use websocket::{LiveSocket, attempt as websocket, frame_is_too_large, prewarm};

use crate::session::Conversation;
use crate::{Cause, Fault, Phase, Token};

/// The token for this attempt.
pub(crate) async fn token(
    about: &Conversation,
    deadline: &Deadline,
) -> Result<Option<Token>, Fault> {
    let token = match deadline.run(about.credential.current()).await {
        Ok(Ok(token)) => token,
        Ok(Err(error)) => {
            let mut fault = Fault::new(Phase::Credential, Cause::NoCredential);
            fault.message = Some(error.message);
            return Err(fault);
        }
        Err(expired) => {
            return Err(Fault::new(Phase::Credential, Cause::Deadline).limited(expired));
        }
    };
    if let Some(token) = &token {
        about.transport.redactor.learn(&token.secret);
    }
    Ok(token)
}

/// A token newer than `refused`; `None` if there is none to be had, and the refusal stands.
pub(crate) async fn newer_token(
    about: &Conversation,
    refused: Option<u64>,
    deadline: &Deadline,
) -> Option<Token> {
    let refreshed = deadline.run(about.credential.refresh(refused?)).await;
    let token = refreshed.ok()?.ok().flatten()?;
    about.transport.redactor.learn(&token.secret);
    Some(token)
}
