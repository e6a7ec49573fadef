//! Where an account's workspace wants to be served.
//!
//! Some workspaces live at another origin or in a region of their own, and the backend says so when
//! asked (`wham/accounts/check`). It is asked in the background, with a short limit, when the last
//! answer is old, and the answer is kept with the sign-in. Nothing ever waits for it: whatever it
//! says counts from the next conversation on, and its failure is nobody's problem. (The Codex CLI
//! asks before its first turn, and does not get further where that call is challenged or stalls.)

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_transport::Token;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use crate::authority::is_loopback;
use crate::renewal::Renewal;
use crate::store::{Login, OwnLogin, Workspace};

/// How long the answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// For how long an answer counts, in seconds.
const KEPT: u64 = 6 * 3_600;

/// How long after a question without an answer it is asked again, in seconds.
const AGAIN: u64 = 10 * 60;

/// What the backend says where nothing is special.
const FREE: &str = "NO_CONSTRAINT";

/// The one header that follows from it (seen with the Codex CLI, 2026).
const OVERRIDE: &str = "x-openai-account-routing-override";

/// The regions that the header can name.
const REGIONS: [&str; 2] = ["us", "us_cr"];

/// The domains to which a workspace may be sent with its token.
const DOMAINS: [&str; 2] = ["chatgpt.com", "openai.com"];

/// Asks the backend that a provider's base URL leads to.
pub(crate) struct Routing {
    /// The backend's own address, if the provider has such a backend.
    backend: Option<Url>,
    /// Who we say we are in requests.
    originator: String,
}

impl Routing {
    /// For a provider at `base_url`, such as `https://chatgpt.com/backend-api/codex`.
    pub(crate) fn new(base_url: &Url, originator: &str) -> Self {
        let path = base_url.path().trim_end_matches('/');
        let backend = path.strip_suffix("/codex").map(|path| {
            let mut url = base_url.clone();
            url.set_path(path);
            url.set_query(None);
            url
        });
        Self {
            backend,
            originator: originator.to_owned(),
        }
    }

    /// The headers that the last answer asks for.
    pub(crate) fn headers(&self, login: &OwnLogin) -> Option<(String, String)> {
        let routing = login.workspace.as_ref()?.routing.clone()?;
        let known = REGIONS.contains(&routing.as_str());
        known.then(|| (OVERRIDE.to_owned(), routing))
    }

    /// Asks, if the last answer is old; at most once at a time.
    pub(crate) fn ask_in_background(
        &self,
        renewal: &Arc<Renewal>,
        login: &OwnLogin,
        token: &Token,
        tasks: &Mutex<JoinSet<()>>,
    ) {
        let asked_at = login.workspace.as_ref().map(|workspace| workspace.asked_at);
        let now = renewal.authority.now();
        let is_known = asked_at.is_some_and(|at| now.abs_diff(at) < KEPT);
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        let (Some(account), Some(backend)) = (login.claims().account_id, &self.backend) else {
            return;
        };
        if is_known || !tasks.is_empty() {
            return;
        }
        let question = Question {
            renewal: Arc::clone(renewal),
            backend: backend.clone(),
            originator: self.originator.clone(),
            account,
            token: token.clone(),
        };
        tasks.spawn(question.ask());
    }
}

/// One question, on its own.
struct Question {
    renewal: Arc<Renewal>,
    backend: Url,
    originator: String,
    account: String,
    token: Token,
}

impl Question {
    async fn ask(self) {
        let answer = self.answer().await;
        let now = self.renewal.authority.now();
        let Ok(locked) = self.renewal.store.lock(&self.renewal.authority.clock).await else {
            return;
        };
        if let Ok(Some(Login::Own(mut login))) = locked.login(&self.renewal.name)
            && login.claims().account_id.as_ref() == Some(&self.account)
        {
            // What was known stays known, and is asked about again before long.
            let known = login.workspace.take().unwrap_or_default();
            login.workspace = Some(match answer {
                Some(answer) => Workspace {
                    asked_at: now,
                    ..answer
                },
                None => Workspace {
                    asked_at: now.saturating_sub(KEPT - AGAIN),
                    ..known
                },
            });
            // The next process asks again.
            let _unsaved = locked.save(&self.renewal.name, &Login::Own(login));
        }
    }

    async fn answer(&self) -> Option<Workspace> {
        let authority = &self.renewal.authority;
        let mut headers = authority.headers(&self.originator);
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", self.token.secret.expose())).ok()?;
        bearer.set_sensitive(true);
        headers.insert(http::header::AUTHORIZATION, bearer);
        for (name, value) in &self.token.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.insert(name, HeaderValue::from_str(value).ok()?);
        }
        let mut url = self.backend.clone();
        url.set_path(&format!("{}/wham/accounts/check", self.backend.path()));
        let answer = authority
            .get(url, headers, ("accounts-check", LIMIT))
            .await
            .ok()?;
        read(&answer.accepted().ok()?, &self.account, &self.backend)
    }
}

/// What the answer says about one account. Accounts come as a list, or as a map of envelopes.
fn read(answer: &Value, account: &str, backend: &Url) -> Option<Workspace> {
    let accounts = &answer["accounts"];
    let entries: Vec<&Value> = match accounts {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().map(|envelope| &envelope["account"]).collect(),
        _ => return None,
    };
    let is_it = |entry: &&&Value| entry["id"] == account || entry["account_id"] == account;
    let entry = entries.iter().find(is_it)?;
    let said = |name: &str| entry[name].as_str().filter(|value| *value != FREE);
    let region = said("account_routing_override").filter(|region| REGIONS.contains(region));
    let origin = said("workspace_backend_origin").and_then(|text| allowed_origin(text, backend));
    Some(Workspace {
        origin,
        routing: region.map(ToOwned::to_owned),
        asked_at: 0,
    })
}

/// The origin, if a token may be sent there and it is not where it goes anyway: encrypted, at the
/// vendor's own domains; and on this machine, where the backend is on this machine.
fn allowed_origin(text: &str, backend: &Url) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let bare = bare && url.username().is_empty() && url.password().is_none();
    let host = url.host_str()?;
    let of_vendor = DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let trusted =
        (of_vendor && url.scheme() == "https") || (is_loopback(&url) && is_loopback(backend));
    let elsewhere = url.origin() != backend.origin();
    (bare && trusted && elsewhere).then(|| url.origin().ascii_serialization())
}

/// `base_url` at the origin that the workspace asked for, if it asked for one that is allowed.
pub(crate) fn moved(base_url: &Url, login: &OwnLogin) -> Option<Url> {
    let origin = login.workspace.as_ref()?.origin.as_deref()?;
    let origin = Url::parse(&allowed_origin(origin, base_url)?).ok()?;
    let mut url = base_url.clone();
    url.set_scheme(origin.scheme()).ok()?;
    url.set_host(origin.host_str()).ok()?;
    url.set_port(origin.port()).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn backend() -> Url {
        Url::parse("https://chatgpt.com/backend-api").unwrap()
    }

    fn entry(origin: &str, region: &str) -> Value {
        json!({"id": "a", "workspace_backend_origin": origin, "account_routing_override": region})
    }

    #[test]
    fn an_account_is_found_in_a_list_and_in_a_map() {
        let gov = entry("https://gov.chatgpt.com", "us_cr");
        let map = json!({"accounts": {"a": {"account": gov.clone()}}});
        for answer in [json!({"accounts": [{"id": "b"}, gov]}), map] {
            let workspace = read(&answer, "a", &backend()).unwrap();
            assert_eq!(workspace.origin.as_deref(), Some("https://gov.chatgpt.com"));
            assert_eq!(workspace.routing.as_deref(), Some("us_cr"));
        }
        let free = read(&json!({"accounts": [entry(FREE, FREE)]}), "a", &backend());
        assert_eq!(free, Some(Workspace::default()));
        for odd in [
            json!({}),
            json!({"accounts": [null, 7, {"id": null}]}),
            json!({"accounts": "x"}),
        ] {
            assert_eq!(read(&odd, "a", &backend()), None, "{odd}");
        }
    }

    #[test]
    fn a_token_is_not_sent_to_an_origin_outside_the_vendors_domains() {
        for origin in [
            "https://evil.example",
            "https://chatgpt.com.evil.example",
            "https://notchatgpt.com",
            "http://gov.chatgpt.com",
            "https://gov.chatgpt.com/path",
            "https://u:p@gov.chatgpt.com",
            "https://127.0.0.1:8900",
            "https://chatgpt.com",
            "not an origin",
        ] {
            assert_eq!(allowed_origin(origin, &backend()), None, "{origin}");
        }
    }
}
