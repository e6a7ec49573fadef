//! The client's own shell (`local_shell`; OpenAI API reference, "Local shell"), as a function whose
//! arguments are the command as its vendor describes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::ToolDefinition;
use crate::fields::Fields;
use crate::json::Object;

/// The type of the tool, and what the function is called.
pub(super) const TYPE: &str = "local_shell";

/// What the function takes: the members of an action, apart from its type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    command: Vec<String>,
    env: Option<BTreeMap<String, String>>,
    timeout_ms: Option<u64>,
    working_directory: Option<String>,
    user: Option<String>,
}

pub(super) fn function() -> ToolDefinition {
    let about = "Runs a command on the user's machine, and gives back what it printed. The command is \
                 run as it is, without a shell around it.";
    let text = json!({"type": "string"});
    ToolDefinition {
        name: TYPE.to_owned(),
        description: about.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {
                    "type": "array", "items": text,
                    "description": "The program and its arguments, such as [\"bash\", \"-lc\", \"ls | wc -l\"].",
                },
                "env": {
                    "type": "object", "additionalProperties": text,
                    "description": "Variables of the environment.",
                },
                "timeout_ms": {"type": "integer", "description": "A limit in milliseconds."},
                "working_directory": text,
                "user": {"type": "string", "description": "Who runs it."},
            },
            "required": ["command"],
            "additionalProperties": false,
        }),
    }
}

/// What shall be run, as the client is told it; `None` if the arguments are no command: nobody guesses
/// what was meant by one that is broken.
pub(in crate::responses) fn action(arguments: &str) -> Option<String> {
    let action: Action = serde_json::from_str(arguments).ok()?;
    (!action.command.is_empty()).then_some(())?;
    let said = Object::of_type("exec")
        .put("command", &action.command)
        .put("env", action.env.unwrap_or_default())
        .put_some("timeout_ms", action.timeout_ms)
        .put_some("working_directory", action.working_directory)
        .put_some("user", action.user);
    Some(said.end())
}

/// The arguments that a call's action is.
pub(super) fn arguments(call: &Fields<'_>) -> String {
    let action = call.object("action").unwrap_or_default();
    action.rest(&["type"]).unwrap_or_else(|| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_run_as_it_was_meant_or_not_at_all() {
        let whole =
            r#"{"command":["ls","-l"],"working_directory":"/a","timeout_ms":5,"user":null}"#;
        let told = r#"{"type":"exec","command":["ls","-l"],"env":{},"timeout_ms":5,"working_directory":"/a"}"#;
        assert_eq!(action(whole).as_deref(), Some(told));
        for broken in [
            r#"{"command":["rm","-rf","/tm"#,
            r#"{"command":"ls -l"}"#,
            r#"{"command":[]}"#,
            r#"{"command":["ls"],"workdir":"/a"}"#,
            r#"{"command":["ls"],"env":{"A":1}}"#,
            "ls",
            "",
        ] {
            assert_eq!(action(broken), None, "{broken}");
        }
    }
}
