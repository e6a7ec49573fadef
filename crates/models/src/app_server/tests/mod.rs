//! The driver against a scripted program on real pipes: a shell named `codex` in a `PATH` of its own,
//! with a script that answers what every turn begins with and then plays a scene.

#![cfg(unix)]

mod endings;
mod faults;
mod turns;

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor, Secret};
use alipes_transport::{Done, Fault, Reader, Trace, Update};
use alipes_wire::{Assembler, Dialect, Item, ModelEvent, ModelRequest};
use tempfile::TempDir;

use super::{AppServer, Setup};

/// Longer than any of these tests takes on a machine that is asleep half of the time.
const LONG: Duration = Duration::from_secs(60);

/// The script around a scene. `$id` is the request's, `say` writes a line, `tell METHOD FIELDS` a
/// notification of the turn.
const FRAME: &str = r#"
echo started >> starts
env > variables
say() { printf '%s\n' "$1"; }
tell() { say "{\"method\":\"$1\",\"params\":{\"threadId\":\"T\",\"turnId\":\"U\",$2}}"; }
finish() { tell turn/completed '"turn":{"id":"U","items":[],"status":"completed","error":null}'; }
message() { tell item/completed "\"item\":{\"type\":\"agentMessage\",\"id\":\"m\",\"text\":\"$1\",\"phase\":\"final_answer\"}"; }
while read -r line; do
  printf '%s\n' "$line" >> heard
  id=${line#*\"id\":}
  id=${id%%,*}
  case $line in
    *'"method":"initialize"'*) say "{\"id\":$id,\"result\":{\"userAgent\":\"alipes/VERSION (Debian; x86_64)\"}}" ;;
    *'"method":"account/read"'*) say "{\"id\":$id,\"result\":{\"account\":null,\"requiresOpenaiAuth\":SIGNED_OUT}}" ;;
    *'"method":"config/read"'*) say "{\"id\":$id,\"result\":{\"config\":{\"mcp_servers\":{\"files\":{}}}}}" ;;
    *'"method":"thread/start"'*) say "{\"id\":$id,\"result\":{\"thread\":{\"id\":\"T\"}}}" ;;
    *'"method":"thread/inject_items"'*) say "{\"id\":$id,\"result\":{}}" ;;
    *'"method":"turn/interrupt"'*) say "{\"id\":$id,\"result\":{}}"; finish ;;
    *'"method":"turn/start"'*)
      say "{\"id\":$id,\"result\":{\"turn\":{\"id\":\"U\"}}}"
      SCENE
      ;;
  esac
done
"#;

/// A folder with the scripted program in it, which is its home too.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new(scene: &str) -> Self {
        Self::with(scene, "0.169.0", false)
    }

    fn with(scene: &str, version: &str, signed_out: bool) -> Self {
        let script = FRAME
            .replace("VERSION", version)
            .replace("SIGNED_OUT", &signed_out.to_string())
            .replace("SCENE", scene);
        Self::of_script(&script)
    }

    fn of_script(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The shell, which takes `app-server` for the script: a file that was just written cannot
        // always be started while other tests start programs.
        std::os::unix::fs::symlink("/bin/sh", folder.path().join("codex")).unwrap();
        std::fs::write(folder.path().join("app-server"), script).unwrap();
        Self { folder }
    }

    fn server(&self) -> AppServer {
        let folder = self.folder.path().to_owned();
        let home = folder.to_string_lossy().into_owned();
        let path = format!("{home}:/usr/bin:/bin");
        let variables = [
            ("HOME", home.as_str()),
            ("PATH", path.as_str()),
            ("ALIPES_API_KEY", "sk-ours"),
            ("CODEX_HOME", home.as_str()),
        ];
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("hunter22".to_owned()));
        AppServer::new(Setup {
            provider: "codex-app-server".to_owned(),
            environment: Environment::new(variables, folder.clone()),
            folder,
            clock: Clock::system(),
            redactor,
            originator: "alipes".to_owned(),
        })
    }

    /// What the script wrote into this file of its home.
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many requests of this method it has heard.
    fn heard(&self, method: &str) -> usize {
        let method = format!("\"method\":\"{method}\"");
        self.read("heard").matches(&method).count()
    }

    /// Waits until a file of its home holds this.
    async fn until(&self, name: &str, text: &str) {
        let looking = async {
            while !self.read(name).contains(text) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(LONG, looking).await;
        assert!(
            found.is_ok(),
            "{name} never held {text}: {}",
            self.read(name)
        );
    }
}

/// What came of a request.
struct Seen {
    events: Vec<ModelEvent>,
    items: Vec<Item>,
    /// As often as the answer began anew: whether the reader had seen text.
    restarts: Vec<bool>,
    traces: Vec<Trace>,
    result: Result<Done, Fault>,
}

impl Seen {
    fn text(&self) -> String {
        let text = self.events.iter().filter_map(|event| match event {
            ModelEvent::TextDelta { delta } => Some(delta.as_str()),
            _ => None,
        });
        text.collect()
    }

    fn fault(self) -> Fault {
        self.result.unwrap_err()
    }
}

fn request(input: &[Item]) -> ModelRequest {
    ModelRequest {
        model: "m".to_owned(),
        instructions: "be brief".to_owned(),
        input: input.to_vec(),
        ..ModelRequest::default()
    }
}

fn within(length: Duration) -> Deadline {
    Deadline::after(&Clock::system(), "test", length)
}

/// Asks with this conversation, as a reader that can begin anew.
async fn ask(server: &mut AppServer, input: &[Item]) -> Seen {
    ask_as(server, input, true, within(LONG)).await
}

async fn ask_as(
    server: &mut AppServer,
    input: &[Item],
    accepts_restart: bool,
    deadline: Deadline,
) -> Seen {
    let reader = Reader::of_text(accepts_restart);
    let mut stream = server.stream(request(input), reader, deadline);
    let mut assembler = Assembler::new(Dialect::Responses);
    let (mut events, mut restarts, mut traces) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(update) = stream.next().await {
        match update {
            Update::Event(event) => assembler.push(&event, &mut events),
            Update::Restarted { delivered } => {
                assembler = Assembler::new(Dialect::Responses);
                events.clear();
                restarts.push(delivered);
            }
            Update::Trace(trace) => traces.push(trace),
            _ => {}
        }
    }
    Seen {
        events,
        items: assembler.into_items(),
        restarts,
        traces,
        result: stream.outcome().await,
    }
}
