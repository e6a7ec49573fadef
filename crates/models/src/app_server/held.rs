//! The program while a turn has it. It is given back after a turn that has ended well, and in every
//! other case, a dropped turn included, it is told to stop and then made to.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_wire::{Item, ModelRequest};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::connection::{Connection, Said};
use super::start::Setup;
use super::thread::{Thread, terms};
use super::trouble::{PREPARING, Trouble};

/// How long it may take to stop by itself (seen with Codex CLI 0.169: 2 ms for the turn, 40 ms for
/// the program). Then it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long it may take to take the conversation. It asks for its workspace first, and was seen to
/// wait 142 s there (Codex CLI 0.169).
const PREPARE: Duration = Duration::from_secs(180);

/// The program, running.
pub(super) struct Live {
    pub(super) connection: Connection,
    pub(super) thread: Option<Thread>,
    /// Tool servers of the person's own configuration.
    pub(super) tool_servers: Vec<String>,
    /// The turn that runs, by its thread and name.
    pub(super) running: Option<[String; 2]>,
}

impl Live {
    /// Gets it to know what was said before, in a thread that this conversation goes on from, and tells
    /// what is said now: nothing where the conversation does not end with the user's words.
    pub(super) async fn tell(
        &mut self,
        setup: &Setup,
        request: &ModelRequest,
        conversation: &[Item],
        deadline: &Deadline,
    ) -> Result<Option<String>, Trouble> {
        let limit = deadline.tightened(&setup.clock, PREPARING, PREPARE);
        let terms = terms(request, &setup.folder, &self.tool_servers);
        let known = self.thread.take();
        let thread = match known.filter(|thread| thread.leads_to(&terms, conversation)) {
            Some(known) => known,
            None => {
                let start = self.connection.call("thread/start", &terms, &limit);
                Thread::started(&start.await?, terms).ok_or(Trouble::Interrupted)?
            }
        };
        let (history, prompt) = thread.opening(conversation);
        if !history.is_empty() {
            let items = json!({"threadId": thread.id, "items": history});
            let told = self.connection.call("thread/inject_items", &items, &limit);
            told.await?;
        }
        self.thread = Some(thread);
        Ok(prompt)
    }
}

/// It belongs to one turn.
pub(super) struct Held<'s> {
    live: Option<Live>,
    idle: &'s mut Option<Live>,
    endings: &'s mut JoinSet<()>,
    clock: Clock,
}

impl<'s> Held<'s> {
    /// What is idle now, if there is one.
    pub(super) fn new(
        idle: &'s mut Option<Live>,
        endings: &'s mut JoinSet<()>,
        clock: &Clock,
    ) -> Self {
        Self {
            live: idle.take(),
            idle,
            endings,
            clock: clock.clone(),
        }
    }

    /// The program, if it runs.
    pub(super) fn live(&mut self) -> Option<&mut Live> {
        self.live.as_mut()
    }

    /// Puts a fresh one in its place.
    pub(super) fn put(&mut self, live: Live) -> &mut Live {
        self.live.insert(live)
    }

    /// The turn has ended well.
    pub(super) fn give_back(mut self) {
        *self.idle = self.live.take();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Without a runtime nothing can be waited for, and the program is killed where it is dropped.
        if let (Some(live), Ok(runtime)) = (self.live.take(), Handle::try_current()) {
            let limit = Deadline::after(&self.clock, "close", GRACE);
            self.endings.spawn_on(end(live, limit), &runtime);
        }
    }
}

/// Ends the turn, then the program.
async fn end(mut live: Live, limit: Deadline) {
    let connection = &mut live.connection;
    if let Some([thread, turn]) = live.running {
        let running = json!({"threadId": thread, "turnId": turn});
        let asked = connection.ask("turn/interrupt", &running, &limit).await;
        if asked.is_ok() {
            while let Ok(said) = connection.next(&limit).await {
                if matches!(said, Said::Notification(method, _) if method == "turn/completed") {
                    break;
                }
            }
        }
    }
    connection.close(&limit).await;
}
