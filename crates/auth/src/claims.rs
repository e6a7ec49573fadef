//! What a token says about itself: read, never trusted.
//!
//! The signature is not checked: the token came from the issuer over TLS, and only the issuer's own
//! servers decide anything by it. So every claim may be missing or of a form nobody has seen yet; an
//! unknown plan is a plan (codex-protocol §5.8).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Where the vendor keeps its own claims.
const OWN: &str = "https://api.openai.com/auth";

const PROFILE: &str = "https://api.openai.com/profile";

/// Longer claims are not of the kind that is read here.
const LONGEST: usize = 256;

/// Larger tokens are not taken apart, in bytes.
const LARGEST: usize = 64 * 1024;

/// The claims that matter here; whatever cannot be read is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The ChatGPT account, for the header `chatgpt-account-id`.
    pub account_id: Option<String>,
    /// The plan's name, as it was written.
    pub plan: Option<String>,
    /// The region that the workspace's data is bound to.
    pub residency: Option<String>,
    /// Whose sign-in it is.
    pub email: Option<String>,
    /// Whether the account is one of the government's own cloud.
    pub fedramp: bool,
    /// When it was made, by the issuer's clock, in seconds since the Unix epoch.
    pub issued_at: Option<u64>,
    /// When it ends, by the issuer's clock, in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
}

impl Claims {
    /// The claims of one token; none, if it is no JWT (RFC 7519).
    #[must_use]
    pub fn of(token: &str) -> Self {
        let claims = payload(token).unwrap_or_default();
        let (own, profile) = (&claims[OWN], &claims[PROFILE]);
        let either = |name: &str| word(&own[name]).or_else(|| word(&claims[name]));
        Self {
            account_id: either("chatgpt_account_id"),
            plan: either("chatgpt_plan_type"),
            // The first is the newer name (seen in clients of this backend, 2026).
            residency: either("chatgpt_data_residency")
                .or_else(|| either("chatgpt_compute_residency"))
                .filter(|region| region != "no_constraint"),
            email: word(&profile["email"]).or_else(|| word(&claims["email"])),
            fedramp: own["chatgpt_account_is_fedramp"] == true,
            issued_at: seconds(&claims["iat"]),
            expires_at: seconds(&claims["exp"]),
        }
    }

    /// The claims of a sign-in's two tokens: who it is from either, how long it lasts from the
    /// access token alone.
    #[must_use]
    pub fn of_both(id_token: Option<&str>, access_token: &str) -> Self {
        let id = id_token.map(Self::of).unwrap_or_default();
        let access = Self::of(access_token);
        Self {
            account_id: access.account_id.or(id.account_id),
            plan: access.plan.or(id.plan),
            residency: access.residency.or(id.residency),
            email: id.email.or(access.email),
            fedramp: access.fedramp || id.fedramp,
            issued_at: access.issued_at,
            expires_at: access.expires_at,
        }
    }

    /// How long the token lasts in all, in seconds, whatever anybody's clock says.
    #[must_use]
    pub fn lifetime(&self) -> Option<u64> {
        self.expires_at?
            .checked_sub(self.issued_at?)
            .filter(|length| *length > 0)
    }
}

fn payload(token: &str) -> Option<Value> {
    if token.len() > LARGEST {
        return None;
    }
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&json).ok()
}

/// A short text that can also stand in a header.
fn word(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    (printable && !text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
}

/// A date in seconds; some issuers write it with a fraction.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        let sane = (0.0..1e15).contains(&number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was looked at"
        )]
        sane.then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(claims: &Value) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn what_a_token_says_is_read() {
        let claims = Claims::of(&token(&json!({
            "iat": 1_000, "exp": 4_600.5, OWN: {
                "chatgpt_account_id": "acct-1", "chatgpt_plan_type": "plus",
                "chatgpt_compute_residency": "no_constraint", "chatgpt_data_residency": "eu",
            }, PROFILE: {"email": "ada@example.org"},
        })));
        assert_eq!(claims.account_id.as_deref(), Some("acct-1"));
        assert_eq!(claims.residency.as_deref(), Some("eu"));
        assert_eq!(claims.email.as_deref(), Some("ada@example.org"));
        assert_eq!(claims.lifetime(), Some(3_600));
    }

    #[test]
    fn an_unknown_plan_is_a_plan() {
        let claims = Claims::of(&token(&json!({OWN: {"chatgpt_plan_type": "ultra_2031"}})));
        assert_eq!(claims.plan.as_deref(), Some("ultra_2031"));
    }

    #[test]
    fn a_jwt_without_account_id_and_one_that_is_none_have_no_account() {
        let odd = [
            token(&json!({OWN: {"chatgpt_account_id": null}, "exp": "soon"})),
            token(&json!({OWN: {"chatgpt_account_id": "a\r\nx: y"}, "exp": -1})),
            token(&json!({OWN: {"chatgpt_account_id": "x".repeat(300)}})),
            token(&json!({OWN: "what", "exp": 1e300})),
            token(&json!([1])),
            "opaque".to_owned(),
            "a.b.c".to_owned(),
            String::new(),
        ];
        for token in odd {
            assert_eq!(Claims::of(&token), Claims::default(), "{token}");
        }
    }

    #[test]
    fn the_account_may_stand_in_either_token() {
        let id = token(&json!({OWN: {"chatgpt_account_id": "acct-1"}, "exp": 5}));
        let both = Claims::of_both(Some(&id), "opaque");
        assert_eq!(
            (both.account_id.as_deref(), both.expires_at),
            (Some("acct-1"), None)
        );
    }
}
