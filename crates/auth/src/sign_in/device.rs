//! Signing in with a code that is typed on another device (codex-protocol §5.4).

use std::time::Duration;

use alipes_base::Deadline;
use serde_json::{Value, json};
use url::Url;

use super::{Desk, SignInError, SignedIn};
use crate::AuthError;
use crate::authority::{AuthorityError, Form, Grant, Refusal};

/// How long somebody may take to type the code.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(15);

/// Between two questions, if the issuer does not say.
const INTERVAL: u64 = 5;

/// The longest code that somebody could be asked to type.
const LONGEST: usize = 40;

/// A sign-in that waits for its code to be typed.
pub struct DeviceSignIn {
    desk: Desk,
    device: String,
    user_code: String,
    interval: Duration,
    url: Url,
}

impl DeviceSignIn {
    pub(crate) async fn begin(desk: Desk) -> Result<Self, AuthError> {
        let authority = &desk.authority;
        let form = Form::Json(json!({"client_id": authority.issuer.client_id}));
        let path = "api/accounts/deviceauth/usercode";
        let answer = authority.post(path, form, ("user-code", QUESTION)).await?;
        if answer.status == 404 {
            return Err(SignInError::NoDeviceCodes.into());
        }
        let answer = answer.accepted()?;
        let text = |name: &str| answer[name].as_str().map(ToOwned::to_owned);
        let user_code = text("user_code").or_else(|| text("usercode"));
        let user_code = user_code.filter(|code| can_be_typed(code));
        Ok(Self {
            device: text("device_auth_id").ok_or(AuthorityError::Incomplete("device id"))?,
            user_code: user_code.ok_or(AuthorityError::Incomplete("code"))?,
            interval: interval(&answer["interval"]),
            url: authority.issuer.url("codex/device"),
            desk,
        })
    }

    /// The page on which to type the code.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The code.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Waits until the code has been typed, and keeps the sign-in. Dropping it calls it off.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn finish(self) -> Result<SignedIn, AuthError> {
        let limit = Deadline::after(&self.desk.authority.clock, "sign-in", LIMIT);
        let typed = limit.run(self.typed()).await;
        let grant = typed.map_err(|expired| SignInError::TimedOut { expired, hint: "" })??;
        let text = |name: &'static str| {
            let text = grant[name].as_str().filter(|text| !text.is_empty());
            text.ok_or(AuthorityError::Incomplete(name))
        };
        let redirect_uri = self.desk.authority.issuer.url("deviceauth/callback");
        let grant = Grant {
            code: text("authorization_code")?,
            verifier: text("code_verifier")?,
            redirect_uri: redirect_uri.as_str(),
        };
        self.desk.finish(grant).await
    }

    /// Asks again and again. What may pass is waited out: somebody is busy typing. A page where the
    /// issuer should speak is told at once: nobody types for as long as it stands between.
    async fn typed(&self) -> Result<Value, AuthError> {
        let mut interval = self.interval;
        loop {
            tokio::time::sleep(interval).await;
            match self.ask().await {
                Ok(grant) => return Ok(grant),
                Err(AuthorityError::Refused(refusal)) if is_not_yet(&refusal) => {}
                Err(error) if error.may_pass() => {
                    if matches!(&error, AuthorityError::Refused(refusal) if refusal.status == 429) {
                        interval += self.interval;
                    }
                }
                Err(AuthorityError::Refused(refusal)) => return Err(refused(refusal).into()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn ask(&self) -> Result<Value, AuthorityError> {
        let form = Form::Json(json!({
            "device_auth_id": self.device, "user_code": self.user_code,
        }));
        let path = "api/accounts/deviceauth/token";
        let limit = ("device-code", QUESTION);
        let answer = self.desk.authority.post(path, form, limit).await?;
        answer.accepted()
    }
}

/// Whether nobody has typed the code yet: 403 and 404 say so (codex-protocol §5.4), in the issuer's
/// own JSON, unless that names one of the ends of RFC 8628 §3.5.
fn is_not_yet(refusal: &Refusal) -> bool {
    let ended = matches!(
        refusal.code.as_deref(),
        Some("access_denied" | "expired_token")
    );
    matches!(refusal.status, 403 | 404) && !ended
}

/// The names of RFC 8628 §3.5; this issuer's own are not known.
fn refused(refusal: Refusal) -> SignInError {
    match refusal.code.as_deref() {
        Some("access_denied") => SignInError::Cancelled,
        _ => SignInError::Refused(refusal),
    }
}

fn can_be_typed(code: &str) -> bool {
    let typed = code
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    typed && !code.is_empty() && code.len() <= LONGEST
}

/// Seconds, which this issuer writes as a text.
fn interval(value: &Value) -> Duration {
    let number = value.as_u64();
    let number = number.or_else(|| value.as_str()?.trim().parse().ok());
    Duration::from_secs(number.unwrap_or(INTERVAL).clamp(1, 60))
}
