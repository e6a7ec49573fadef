//! What is posted beside a session's answers: the turn waits for it, or whoever is served does.

use std::sync::Arc;

use alipes_base::Deadline;
use bytes::Bytes;
use http::HeaderMap;

use super::{AuxiliaryAnswer, AuxiliaryFault, Question};
use crate::{Credential, Endpoint, Session, Transport};

/// The way of calls beside a session's answers, for whoever goes on asking when the session is busy.
#[derive(Clone)]
pub struct SideCalls {
    transport: Transport,
    endpoint: Arc<Endpoint>,
    credential: Arc<dyn Credential>,
}

impl SideCalls {
    /// Whom they go to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Posts `body`, JSON with further headers, to `path` beneath the base URL. It is no turn: whatever
    /// becomes of it, the conversation goes on as it was.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], by the deadline at the latest.
    pub async fn post(
        &self,
        path: &str,
        body: Bytes,
        headers: HeaderMap,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let question = Question::saying(path, body, headers);
        let (endpoint, credential) = (&self.endpoint, &self.credential);
        let asked = self.transport.ask(endpoint, credential, question, deadline);
        asked.await
    }
}

impl Session {
    /// The way of its calls beside answers.
    #[must_use]
    pub fn side_calls(&self) -> SideCalls {
        let about = &self.about;
        SideCalls {
            transport: about.transport.clone(),
            endpoint: Arc::clone(&about.endpoint),
            credential: Arc::clone(&about.credential),
        }
    }

    /// Whether it can be asked for `path` beside answers.
    #[must_use]
    pub fn has_side_call(&self, path: &str) -> bool {
        let profile = self.about.endpoint.profile();
        profile.side_calls.iter().any(|known| known == path)
    }
}
