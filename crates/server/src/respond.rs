//! The way of one request, from its body to its answer, whatever its dialect.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::{Asker, Making, ModelName, ModelsError, RelayRequest};
use alipes_wire::{CannotCarry, ClientRequest, Dialect, Label, NotARequest, Relayed};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, Asked, Keeping};
use crate::body::Kept;
use crate::call::Call;
use crate::clients::Client;
use crate::continuations::Found;
use crate::conversations::{Conversation, Lease};
use crate::door::Admission;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::serving::Serving;
use crate::{fronts, routing, stream};

/// How long an answer may take, all attempts at all providers together.
const REQUEST: Duration = Duration::from_secs(30 * 60);

/// Which parts of its vendor's API that are not for everybody yet a request is written for (Anthropic
/// docs, "Beta headers"); without them, their members are refused.
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// The longest name of a conversation that is remembered, in bytes. One without a name is kept like all
/// others of its client that have none.
const LONGEST_KEY: usize = 512;

/// What a client says.
pub(crate) struct Said {
    pub(crate) words: Relayed,
    /// What goes on with them.
    pub(crate) headers: HeaderMap,
    /// Whose call it is.
    pub(crate) asker: Asker,
    /// The answer is sent when it is whole, and not as it comes.
    pub(crate) in_one_piece: bool,
}

/// A request that can be asked.
pub(crate) struct Prepared {
    pub(crate) lease: Lease,
    pub(crate) request: RelayRequest,
    conversation: String,
}

/// Answers a request.
pub(crate) async fn respond(
    shared: &Arc<Shared>,
    admission: Admission,
    dialect: Dialect,
    request: Request,
) -> Response {
    match answer(shared, admission, dialect, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(dialect),
    }
}

async fn answer(
    shared: &Arc<Shared>,
    admission: Admission,
    dialect: Dialect,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = carried(request.headers());
    let body = read(shared, request).await?;
    let words = Relayed::parse(dialect, body.bytes.clone()).map_err(not_a_request)?;
    let streams = words.stream;
    let previous = words.previous_response_id.clone();
    let asker = asker(&admission.client, &admission.call_id);
    let said = Said {
        words,
        headers,
        asker,
        in_one_piece: !streams,
    };
    let answer = begin(shared, &admission.client, said, previous)?;
    let held = stream::Held { admission, body };
    match streams {
        true => stream::response(answer, held, shared.drain.clone()).await,
        false => {
            let stopping = shared.drain.is_over();
            tokio::select! {
                response = whole(answer) => Ok(response),
                () = stopping => Err(Refusal::stopping()),
            }
        }
    }
}

/// The headers that go on with a request: which parts of its vendor's API it was written for.
pub(crate) fn carried(headers: &HeaderMap) -> HeaderMap {
    let said = headers.get_all(ANTHROPIC_BETA).iter();
    said.map(|value| (ANTHROPIC_BETA, value.clone())).collect()
}

/// The body of a request.
pub(crate) async fn read(shared: &Shared, request: Request) -> Result<Kept, Refusal> {
    is_plain(request.headers())?;
    let most = shared.serving.load().largest_body();
    shared.room.read(request.into_body(), most).await
}

/// Whether a body is what it looks like. Whoever is in front of us may have read one in another coding, or in
/// one coding twice, as something else.
fn is_plain(headers: &HeaderMap) -> Result<(), Refusal> {
    let refused = |status, why| Err(Refusal::new(status, "unsupported_encoding", why));
    if headers.contains_key(CONTENT_ENCODING) {
        let why = "this takes a body as it is, without a content-encoding";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_known = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if is_known(coding) => Ok(()),
        _ => refused(
            StatusCode::NOT_IMPLEMENTED,
            "this takes a body in chunks, and in no other transfer-encoding",
        ),
    }
}

/// Whose call it is, for the record.
pub(crate) fn asker(client: &Client, call_id: &str) -> Asker {
    Asker {
        call_id: Some(call_id.to_owned()),
        client: Some(client.name.clone()),
    }
}

/// Begins to ask for an answer, which the client shall see as the continuation of `previous`.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    client: &Arc<Client>,
    said: Said,
    previous: Option<String>,
) -> Result<Answer, Refusal> {
    let Prepared {
        lease,
        request,
        conversation,
    } = prepare(shared, client, said)?;
    let asked = Asked {
        label: Label {
            include_usage: request.words.include_usage,
            previous_response_id: previous,
            ..label(shared, &request.words)
        },
        words: Arc::clone(&request.words),
        in_one_piece: request.in_one_piece,
    };
    let keeping = Keeping {
        shared: Arc::clone(shared),
        client: Arc::clone(client),
        conversation,
    };
    let deadline = Deadline::after(&shared.clock, "request", REQUEST);
    let call = Call::start(lease, request, deadline);
    Ok(Answer::new(call, asked, keeping))
}

/// Finds who is asked, and what.
pub(crate) fn prepare(
    shared: &Shared,
    client: &Client,
    Said {
        words,
        headers,
        asker,
        in_one_piece,
    }: Said,
) -> Result<Prepared, Refusal> {
    let serving = shared.serving.load_full();
    let names = routing::models(&words.model, client, &serving.catalog, &serving.section)?;
    let found = continued(shared, &words, &client.name)?;
    let conversation = conversation(&words, found.as_ref());
    let key = Conversation {
        client: client.name.clone(),
        model: words.model.clone(),
        key: conversation.clone(),
    };
    let mut lease = lease(shared, &serving, key, &names)?;
    let mut request = request_of(words, found, &mut lease)?.asked_by(asker);
    request.headers = headers;
    request.in_one_piece = in_one_piece;
    Ok(Prepared {
        lease,
        request,
        conversation,
    })
}

/// What the client shall know the answer by.
pub(crate) fn label(shared: &Shared, words: &Relayed) -> Label {
    let prefix = fronts::id_prefix(words.dialect());
    Label {
        id: format!("{prefix}{}", shared.new_id()),
        model: words.model.clone(),
        created_at: shared.clock.unix_ms() / 1_000,
        ..Label::default()
    }
}

/// What the relay is asked.
fn request_of(
    words: Relayed,
    found: Option<Found>,
    lease: &mut Lease,
) -> Result<RelayRequest, Refusal> {
    let (relay, dialect) = (lease.relay(), words.dialect());
    let request = RelayRequest::new(words, found.map(|found| found.continued));
    if !relay.speaks(dialect) {
        let read = request.items().map_err(unreadable)?;
        if let Some(refused) = relay.cannot_carry(&read.request) {
            return Err(cannot_carry(read, &refused));
        }
    }
    Ok(request)
}

/// What `previous_response_id` means; one that is not known is told as its provider would.
fn continued(shared: &Shared, words: &Relayed, client: &str) -> Result<Option<Found>, Refusal> {
    let Some(id) = &words.previous_response_id else {
        return Ok(None);
    };
    let found = shared.continuations.find(id, client);
    found.map(Some).ok_or_else(|| Refusal::unknown_response(id))
}

/// What the client calls the conversation, by itself or by going on with one.
fn conversation(words: &Relayed, found: Option<&Found>) -> String {
    let named = words.cache_key.as_ref();
    let named = named.filter(|key| key.len() <= LONGEST_KEY).cloned();
    let going_on = || found.map(|found| found.conversation.clone());
    named.or_else(going_on).unwrap_or_default()
}

fn lease(
    shared: &Shared,
    serving: &Serving,
    conversation: Conversation,
    names: &[ModelName],
) -> Result<Lease, Refusal> {
    let transport = shared.transport.load_full();
    let lease = shared.conversations.lease(conversation, || {
        let making = Making {
            environment: &shared.environment,
            transport: &transport,
            session_id: &shared.rng.uuid(),
        };
        serving.catalog.relay(names, making)
    });
    lease.map_err(|error| no_model(&error))
}

/// The whole answer in one piece.
async fn whole(mut answer: Answer) -> Response {
    while answer.next().await.is_some() {}
    let attempts = answer.attempts();
    let mut response = match answer.whole() {
        Ok(whole) => Response::new(Body::from(whole)),
        Err(refusal) => return stream::counted(refusal, answer.dialect(), attempts),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.tell(headers);
    response
}

fn cannot_carry(read: &ClientRequest, refused: &CannotCarry) -> Refusal {
    let why = format!("{refused}: no provider of this model speaks your client's dialect");
    let refusal = Refusal::invalid(why);
    match read.param(refused) {
        Some(param) => refusal.about(&param),
        None => refusal,
    }
}

pub(crate) fn not_a_request(error: NotARequest) -> Refusal {
    unreadable(&error)
}

fn unreadable(error: &NotARequest) -> Refusal {
    let refusal = Refusal::invalid(error.to_string());
    match error.param() {
        Some(param) => refusal.about(param),
        None => refusal,
    }
}

/// What is configured cannot be had: that is for whoever runs the server to mend.
fn no_model(error: &ModelsError) -> Refusal {
    let why = match error {
        // The person who reads it may have no command line of ours, and none of our files.
        ModelsError::NoModel { .. } | ModelsError::NoneChosen { .. } => {
            "no default model is configured here: ask for one as PROVIDER/NAME, or have `default` under \
             [model] set where this runs (`alipes providers --all` lists the providers)"
                .to_owned()
        }
        error => error.to_string(),
    };
    let status = match error {
        ModelsError::UnknownModel { .. } | ModelsError::UnknownProvider { .. } => {
            return Refusal::new(StatusCode::NOT_FOUND, "model_not_found", why).about("model");
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, "configuration", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_remembered_by_a_name_and_not_by_a_book() {
        let named = |key: &str| {
            let body = format!(r#"{{"model":"m","input":[],"prompt_cache_key":"{key}"}}"#);
            let words = Relayed::parse(Dialect::Responses, body.into()).unwrap();
            conversation(&words, None)
        };
        assert_eq!(named("mine"), "mine");
        assert_eq!(named(&"x".repeat(LONGEST_KEY + 1)), "");
    }
}
