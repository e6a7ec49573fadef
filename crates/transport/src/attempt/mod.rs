//! One try on one route with one credential: it ends well, or in a fault.

mod intake;
mod request_headers;
mod sse;
mod websocket;

use alipes_base::Deadline;

pub(crate) use intake::Intake;
pub(crate) use sse::attempt as sse;
pub(crate) use websocket::{LiveSocket, attempt as websocket, frame_is_too_large, prewarm};

use crate::session::Conversation;
use crate::{Cause, Fault, Phase, Token};

/// The token for this attempt: a newer one than `refused`, if that generation was refused.
pub(crate) async fn token(
    about: &Conversation,
    refused: Option<u64>,
    deadline: &Deadline,
) -> Result<Option<Token>, Fault> {
    let asked = match refused {
        Some(generation) => about.credential.refresh(generation),
        None => about.credential.current(),
    };
    let token = match deadline.run(asked).await {
        Ok(Ok(token)) => token,
        Ok(Err(error)) => {
            let mut fault = Fault::new(Phase::Credential, Cause::NoCredential);
            fault.message = Some(error.message);
            return Err(fault);
        }
        Err(expired) => return Err(Fault::new(Phase::Credential, Cause::Deadline).limited(expired)),
    };
    if let Some(token) = &token {
        about.transport.redactor.learn(&token.secret);
    }
    if refused.is_some() && token.is_none() {
        return Err(Fault::new(Phase::Credential, Cause::Unauthorized));
    }
    Ok(token)
}
