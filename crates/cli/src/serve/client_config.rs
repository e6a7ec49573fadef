//! The few lines that point a client at our server.
//!
//! No key is printed: where a client can, it takes it from a command or a variable.

use super::args::ClientKind;

/// The lines for a client of the server at `base_url`, which ends in `/v1`.
pub(super) fn lines(client: ClientKind, base_url: &str) -> String {
    let origin = base_url.trim_end_matches("/v1");
    match client {
        ClientKind::Codex => format!(
            r#"# in ~/.codex/config.toml; then: export ALIPES_SERVE_KEY="$(alipes serve key)"
model = "default"
model_provider = "alipes"

[model_providers.alipes]
name = "alipes"
base_url = "{base_url}"
wire_api = "responses"
env_key = "ALIPES_SERVE_KEY"
supports_websockets = true"#
        ),
        ClientKind::Hermes => format!(
            r#"# in ~/.hermes/config.yaml, with what `alipes serve key` prints in place of KEY
model:
  provider: alipes
  default: default
providers:
  alipes:
    name: alipes
    base_url: "{base_url}"
    api_key: KEY
    transport: codex_responses
    model: default"#
        ),
        ClientKind::ClaudeCode => format!(
            r#"export ANTHROPIC_BASE_URL="{origin}"
export ANTHROPIC_AUTH_TOKEN="$(alipes serve key)"
export ANTHROPIC_MODEL="default"
export ANTHROPIC_SMALL_FAST_MODEL="default""#
        ),
        ClientKind::Opencode => format!(
            r#"// in opencode.json; then: export ALIPES_SERVE_KEY="$(alipes serve key)"
{{
  "model": "alipes/default",
  "provider": {{
    "alipes": {{
      "npm": "@ai-sdk/openai-compatible",
      "name": "alipes",
      "options": {{ "baseURL": "{base_url}", "apiKey": "{{env:ALIPES_SERVE_KEY}}" }},
      "models": {{ "default": {{ "name": "default" }} }}
    }}
  }}
}}"#
        ),
        ClientKind::OpenaiPython => format!(
            r#"# export ALIPES_SERVE_KEY="$(alipes serve key)"
import os
from openai import OpenAI

client = OpenAI(base_url="{base_url}", api_key=os.environ["ALIPES_SERVE_KEY"])
print(client.responses.create(model="default", input="hello").output_text)"#
        ),
        ClientKind::Curl => format!(
            r#"curl --no-buffer {base_url}/responses \
  -H "Authorization: Bearer $(alipes serve key)" -H "Content-Type: application/json" \
  -d '{{"model": "default", "input": "hello", "stream": true}}'"#
        ),
    }
}
