//! Tokens made on the spot, with the claims of codex-protocol §5.8. Nobody checks their signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Twist;

/// The account that signs in.
pub(super) const ACCOUNT: &str = "acct-simulated";

/// What a token says.
#[derive(Clone, Copy)]
pub(super) struct Claims<'c> {
    pub(super) id: &'c str,
    /// By the simulator's clock, in seconds since the Unix epoch.
    pub(super) now: u64,
    pub(super) lifetime: u64,
    pub(super) twist: Option<Twist>,
}

impl Claims<'_> {
    /// The token.
    pub(super) fn signed(self) -> String {
        if self.twist == Some(Twist::Opaque) {
            return format!("opaque-{}", self.id);
        }
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encoded(&json!({"alg": "RS256", "typ": "JWT", "kid": "simulated"}));
        let body = encoded(&self.body());
        format!("{head}.{body}.c2ltdWxhdGVk")
    }

    fn body(self) -> Value {
        let account = match self.twist {
            Some(Twist::NoAccount) => Value::Null,
            Some(Twist::OtherAccount) => json!("acct-somebody-else"),
            _ => json!(ACCOUNT),
        };
        let plan = match self.twist {
            Some(Twist::UnknownPlan) => "ultra_2031",
            _ => "plus",
        };
        json!({
            "iss": "https://issuer.simulated", "jti": self.id, "sub": "user-simulated",
            "iat": self.now, "exp": self.now + self.lifetime,
            "https://api.openai.com/auth": {
                "chatgpt_account_id": account, "chatgpt_plan_type": plan,
                "chatgpt_user_id": "user-simulated", "chatgpt_compute_residency": "no_constraint",
            },
            "https://api.openai.com/profile": {"email": "ada@simulated.example"},
        })
    }
}
