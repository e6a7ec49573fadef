//! The beginning of an answer that only serves as evidence: who refuses us says why in its body,
//! and may never finish it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// How much of a refusal's body is kept.
const LONGEST: usize = 4_096;

/// How long a refusal's body may take: its status is known already.
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of the body in time.
pub(crate) async fn beginning(mut incoming: Incoming) -> Bytes {
    let mut body = Vec::new();
    let reading = async {
        while body.len() < LONGEST
            && let Some(Ok(frame)) = incoming.frame().await
        {
            body.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
    };
    // What has come by then is evidence enough.
    let _ = tokio::time::timeout(PATIENCE, reading).await;
    body.truncate(LONGEST);
    body.into()
}
