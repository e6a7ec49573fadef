//! What a call is about, in the words that rules are written in: paths, a command, hosts.

use serde_json::Value;

/// What a call will touch, as the model named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Every path that it may read or write, relative to the root or absolute.
    pub paths: Vec<String>,
    /// The command line that it will run, as a shell reads it.
    pub command: Option<String>,
    /// What it will write to a program that runs already, and may be a shell: a command wherever one is
    /// forbidden, and none where one is allowed. A line is ended if nothing can be added to it.
    pub input: Option<String>,
    /// The number of that program.
    pub process: Option<u64>,
    /// Every host that it will talk to.
    pub hosts: Vec<String>,
}

impl Subject {
    /// What the fields say that most tools have: `path` and `command`.
    #[must_use]
    pub fn of(input: &Value) -> Self {
        let text = |name| input.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            paths: text("path").into_iter().collect(),
            command: text("command"),
            ..Self::default()
        }
    }
}
