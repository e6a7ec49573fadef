//! The exporter's way out: our own client, with its egress, its TLS and its limits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::Call;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use url::Url;

/// The longest that a receiver is waited for.
const LONGEST: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes: it says what was not taken, if anything.
const LARGEST: usize = 64 << 10;

/// Our client, as the exporter wants one.
pub(super) struct Out {
    pub(super) http: alipes_net::HttpClient,
    pub(super) clock: Clock,
}

/// What a client's method gives, as `async_trait` spells it.
type Sending<'s> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 's>>;

impl HttpClient for Out {
    fn send_bytes<'s, 't>(&'s self, request: Request<Bytes>) -> Sending<'t>
    where
        's: 't,
        Self: 't,
    {
        Box::pin(self.send(request))
    }
}

impl Out {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let call = Call {
            method: head.method,
            url: Url::parse(&head.uri.to_string())?,
            headers: head.headers,
            body,
            partition: "traces".to_owned(),
            // Nobody looks after a connection between two of them.
            fresh: true,
        };
        let deadline = Deadline::after(&self.clock, "traces", LONGEST);
        let answer = self.http.send(call, deadline).await?;
        let (status, headers) = (answer.status, answer.headers);
        let mut response = Response::new(answer.body.read_prefix(LARGEST, deadline).await);
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Out")
    }
}
