//! How the issuer, or the way to it, can fail us.

use alipes_net::NetError;

use crate::Ending;

/// A call to the issuer failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// It was not reached, or it did not answer.
    #[error("the sign-in service cannot be reached: {0}")]
    Unreachable(#[from] NetError),
    /// It said no.
    #[error("the sign-in service refused: {0}")]
    Refused(Refusal),
    /// The edge before it wants a browser to prove itself, which this program is not and does not
    /// pretend to be.
    #[error(
        "the sign-in service asked for a browser challenge instead of answering ({status}{}); it asks that of this network, so try from another one",
        ray(cf_ray.as_ref())
    )]
    Challenged {
        /// The HTTP status.
        status: u16,
        /// The edge's name for the request.
        cf_ray: Option<String>,
    },
    /// What answered was not the service: a proxy's page, a portal.
    #[error("instead of the sign-in service a web page answered ({status}{})", ray(cf_ray.as_ref()))]
    NotTheService {
        /// The HTTP status.
        status: u16,
        /// The edge's name for the request, if it was Cloudflare's.
        cf_ray: Option<String>,
    },
    /// It agreed, and left out what was asked for.
    #[error("the sign-in service's answer holds no usable {0}")]
    Incomplete(&'static str),
}

/// The issuer's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 where the answer came by way of the browser.
    pub status: u16,
    /// Its code, such as `invalid_grant`.
    pub code: Option<String>,
    /// Its explanation, cut to one short line.
    pub description: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.description, &self.code, self.status) {
            (Some(text), Some(code), _) => write!(f, "{text} ({code})"),
            (Some(text), None, 0) => f.write_str(text),
            (Some(text), None, status) => write!(f, "{text} ({status})"),
            (None, Some(code), 0) => f.write_str(code),
            (None, Some(code), status) => write!(f, "{code} ({status})"),
            (None, None, status) => write!(f, "status {status}"),
        }
    }
}

impl AuthorityError {
    /// Whether asking the same again before long may be answered otherwise.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(Refusal { status, .. }) | Self::NotTheService { status, .. } => {
                matches!(status, 408 | 429 | 500..)
            }
            Self::Challenged { .. } | Self::Incomplete(_) => false,
        }
    }

    /// Whether a refresh will never succeed again, and why (codex-protocol §5.5): the codes that say
    /// so, OAuth's own `invalid_grant` (RFC 6749 §5.2), and any 401. Everything else may pass.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        let code = refusal.code.as_deref();
        match code.map(Ending::of) {
            Some(Ending::Refused(code)) if code == "invalid_grant" || refusal.status == 401 => {
                Some(Ending::Refused(code))
            }
            Some(Ending::Refused(_)) => None,
            None if refusal.status == 401 => Some(Ending::Refused("401".to_owned())),
            named => named,
        }
    }
}

fn ray(cf_ray: Option<&String>) -> String {
    cf_ray.map_or(String::new(), |ray| format!(", cf-ray {ray}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_issuers_last_words_end_a_chain() {
        let table = [
            (401, Some("refresh_token_reused"), Some(Ending::Reused)),
            (400, Some("refresh_token_expired"), Some(Ending::Expired)),
            (
                401,
                Some("refresh_token_invalidated"),
                Some(Ending::Revoked),
            ),
            (
                400,
                Some("invalid_grant"),
                Some(Ending::Refused("invalid_grant".to_owned())),
            ),
            (401, Some("odd"), Some(Ending::Refused("odd".to_owned()))),
            (401, None, Some(Ending::Refused("401".to_owned()))),
            (400, Some("invalid_request"), None),
            (429, Some("rate_limit_exceeded"), None),
            (500, None, None),
        ];
        for (status, code, expected) in table {
            let error = AuthorityError::Refused(Refusal {
                status,
                code: code.map(ToOwned::to_owned),
                description: None,
            });
            assert_eq!(error.ending(), expected, "{status} {code:?}");
        }
        let page = AuthorityError::NotTheService {
            status: 401,
            cf_ray: None,
        };
        assert_eq!(page.ending(), None);
    }
}
