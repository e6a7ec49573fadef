//! Getting the program ready: found, started, introduced, new enough, signed in.

use std::path::PathBuf;
use std::time::Duration;

use alipes_auth::installed_codex;
use alipes_base::{Clock, Deadline, Environment, Redactor};
use serde_json::{Value, json};

use super::connection::{Connection, introduction};
use super::held::Live;
use super::trouble::{STARTING, Trouble};
use super::version::{NEEDED, Version};

/// How long it may take until it can be asked (measured with Codex CLI 0.169: 0.2 to 0.9 s).
const LIMIT: Duration = Duration::from_secs(20);

/// What it is started with.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The provider's name.
    pub(crate) provider: String,
    /// The person's variables: where the program is, and its own configuration.
    pub(crate) environment: Environment,
    /// The folder that it looks at.
    pub(crate) folder: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    /// Who we say we are; it says so to its backend too.
    pub(crate) originator: String,
}

impl Setup {
    /// Starts it, until it can be asked.
    pub(super) async fn start(&self, deadline: &Deadline) -> Result<Live, Trouble> {
        let limit = deadline.tightened(&self.clock, STARTING, LIMIT);
        let program = installed_codex(&self.environment).ok_or(Trouble::Missing)?;
        let opened = Connection::open(&program, &self.environment, &self.folder);
        let mut connection = opened.map_err(|error| Trouble::NotStarted(program, error))?;
        let answer = connection
            .call("initialize", &introduction(&self.originator), &limit)
            .await?;
        check(&answer)?;
        connection.tell("initialized", &limit).await?;
        let account = json!({"refreshToken": false});
        let account = connection.call("account/read", &account, &limit).await?;
        if account["account"].is_null() && account["requiresOpenaiAuth"] == true {
            return Err(Trouble::NotSignedIn);
        }
        let config = connection.call("config/read", &json!({}), &limit).await?;
        Ok(Live {
            connection,
            thread: None,
            tool_servers: names(&config["config"]["mcp_servers"]),
            running: None,
        })
    }

    /// How long it may take at most.
    pub(super) fn limit(&self, deadline: &Deadline) -> Duration {
        LIMIT.min(deadline.remaining(&self.clock))
    }
}

/// Whether it is new enough. One that does not say so in a way we know is taken for new.
fn check(answer: &Value) -> Result<(), Trouble> {
    let said = answer["userAgent"].as_str().and_then(Version::within);
    match said.filter(|found| *found < NEEDED) {
        Some(found) => Err(Trouble::TooOld(found)),
        None => Ok(()),
    }
}

fn names(table: &Value) -> Vec<String> {
    let table = table.as_object().into_iter().flatten();
    table.map(|(name, _)| name.clone()).collect()
}
