//! `POST …/chat/completions` and `POST …/messages`: the same model, in another dialect.
//!
//! The answer is planned, written and broken as events of the Responses dialect, and only then
//! spoken in the other one (`speaker`). So every fault that strikes a stream strikes these, too, at
//! the same word, and a new row in the fault table needs nothing here.

use alipes_wire::responses::CreateRequest;
use alipes_wire::{ApiError, ClientRequest, Dialect, Echo, Label, NotARequest, messages};
use bytes::Bytes;
use http::{Response, header};
use http_body_util::BodyExt as _;

use crate::answers::Refusal;
use crate::faults::FaultInfo;
use crate::http::{Body, Connection, full};
use crate::speaker::Speaker;
use crate::{inject, responses, turn};

/// A dialect that is not the simulator's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    Chat,
    Messages,
}

impl Foreign {
    /// The dialect that is spoken at `path`.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::Chat),
            "/v1/messages" => Some(Self::Messages),
            _ => None,
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Chat => Dialect::Chat,
            Self::Messages => Dialect::Messages,
        }
    }

    /// What its ids begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Chat => "chatcmpl",
            Self::Messages => "msg",
        }
    }

    /// Answers a request that was read and let in.
    pub(crate) fn answer(
        self,
        connection: &Connection,
        body: &Bytes,
        fault: Option<&FaultInfo>,
    ) -> Response<Body> {
        let understood = self.understand(body).and_then(|asked| {
            turn::check(&asked.request.input)?;
            Ok(asked)
        });
        let asked = match understood {
            Ok(asked) => asked,
            Err(refusal) => return full(refusal.response()),
        };
        let backend = &connection.backend;
        let request = CreateRequest {
            model: asked.request.model,
            instructions: asked.request.instructions,
            input: asked.request.input,
            tools: asked.request.tools,
            ..CreateRequest::default()
        };
        let turn = turn::answer(backend, (&request, Echo::default()), request.input.clone());
        let now = backend.now();
        let label = Label {
            id: backend.id(self.prefix()),
            model: request.model.clone(),
            created_at: now,
            include_usage: asked.include_usage,
            ..Label::default()
        };
        let speaker = Speaker::new(self.dialect(), label);
        if asked.stream && !responses::is_whole(fault) {
            let steps = inject::script(turn.events, fault, now);
            responses::sent(connection, speaker.respeak(steps), fault)
        } else {
            responses::whole(connection, speaker.object(turn.events))
        }
    }

    /// An error answer in this dialect's shape.
    pub(crate) async fn refusal(self, response: Response<Body>) -> Response<Body> {
        let is_json = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
        let status = response.status();
        if self == Self::Chat || !is_json || status.is_success() {
            return response;
        }
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let error = ApiError::from_body(&body.to_bytes()).unwrap_or_default();
        let body = messages::error_body(&error, Some(status.as_u16()));
        full(Response::from_parts(head, body.into()))
    }

    fn understand(self, body: &Bytes) -> Result<ClientRequest, Refusal> {
        let asked = self
            .dialect()
            .read(body)
            .map_err(|error: NotARequest| Refusal::new(format!("{error}.")))?;
        // The vendor's own server demands it.
        if self == Self::Messages && asked.request.max_output_tokens.is_none() {
            return Err(Refusal::new("max_tokens: Field required."));
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::answers::plain;

    #[tokio::test]
    async fn an_error_is_told_in_the_dialects_own_words() {
        let body = r#"{"error":{"code":"invalid_api_key","message":"m"}}"#;
        let refused = |status| {
            full(plain(
                status,
                "application/json",
                Bytes::from_static(body.as_bytes()),
            ))
        };
        let told = async |dialect: Foreign| {
            let response = dialect.refusal(refused(401)).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            let Ok(body) = response.into_body().collect().await;
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        };
        assert_eq!(told(Foreign::Chat).await, body);
        let expected = r#"{"type":"error","error":{"type":"authentication_error","message":"m"}}"#;
        assert_eq!(told(Foreign::Messages).await, expected);
    }
}
