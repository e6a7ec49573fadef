//! The way to an endpoint's HTTP route, and connections opened on it before there is a request for
//! them.

use alipes_base::Deadline;
use alipes_net::{HttpClient, NetError};
use url::Url;

use crate::Token;
use crate::conversation::Conversation;

/// Where HTTP requests of one account go.
pub(crate) struct Way {
    http: HttpClient,
    pub(super) url: Url,
    /// Connections are shared within one account and one generation of its token.
    pub(crate) partition: String,
}

impl Way {
    pub(crate) fn of(about: &Conversation, token: Option<&Token>) -> Self {
        let generation = token.map_or(0, |token| token.generation);
        let endpoint = about.endpoint.key();
        let account = about.account();
        Self {
            // Nobody waits for what is opened ahead: what is waited for is something else.
            http: about.transport.http.unwatched(),
            url: about.endpoint.request_url().clone(),
            partition: format!("{endpoint}#{account}#{generation}"),
        }
    }

    /// Opens a connection that the next request takes; nothing is sent on it.
    ///
    /// # Errors
    /// The dialer's [`NetError`].
    pub(crate) async fn open(&self, deadline: Deadline) -> Result<(), NetError> {
        self.http
            .connect_ahead(&self.url, &self.partition, deadline)
            .await
    }
}
