//! One question to a provider beside its answers: asked once, with a limit, and never again.

use std::time::Duration;

use alipes_base::{Deadline, Secret};
use alipes_models::Provider;
use alipes_net::{Call, NetError};
use alipes_transport::{Endpoint, Token, Transport, UnusableKey};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// The longest answer that is read, in bytes. The largest list of models that is known has some 5 MB.
const LONGEST: usize = 16 << 20;

/// A question's answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    body: Vec<u8>,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReply {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

/// Asks `path` beneath the endpoint, with a key if there is one.
pub(super) async fn ask(
    transport: &Transport,
    endpoint: &Endpoint,
    path: &str,
    key: Option<&Secret>,
    limit: (&'static str, Duration),
) -> Result<Reply, NoReply> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let identity = &transport.identity;
    let who = [
        (USER_AGENT, &identity.user_agent),
        (HeaderName::from_static("originator"), &identity.originator),
    ];
    for (name, value) in who {
        let value = HeaderValue::from_str(value).map_err(|_invalid| UnusableKey)?;
        headers.insert(name, value);
    }
    let token = key.map(|key| Token {
        secret: key.clone(),
        generation: 0,
        headers: Vec::new(),
    });
    endpoint.sign(&mut headers, token.as_ref())?;
    let call = Call {
        method: Method::GET,
        url: endpoint.url(path),
        headers,
        body: Vec::new().into(),
        partition: "questions".to_owned(),
        fresh: false,
    };
    let deadline = Deadline::after(&transport.clock, limit.0, limit.1);
    let response = transport.http.send(call, deadline).await?;
    let status = response.status;
    let body = response.body.read_prefix(LONGEST, deadline).await.to_vec();
    Ok(Reply { status, body })
}

impl Reply {
    /// The names of the models it lists; `None` if it is no such list.
    pub(super) fn models(&self, provider: &Provider) -> Option<Vec<String>> {
        let answer: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let list = match provider.models_are_a_bare_list {
            true => answer.as_array(),
            false => answer["data"].as_array(),
        };
        let name = |model: &serde_json::Value| model["id"].as_str().map(ToOwned::to_owned);
        Some(list?.iter().filter_map(name).collect())
    }
}
