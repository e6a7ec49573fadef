//! How much is done in a second, and what an answer costs of a core.

use std::time::Duration;

use anyhow::Result;

use super::load::{self, Load};
use super::question::{Dialect, Question};
use super::system::System;
use super::{Stage, usage};

/// Connections that ask again as soon as they are answered.
const CONNECTIONS: usize = 32;

/// Our server may take so many times as much of a core as a bare pass-through.
const TARGET: f64 = 2.0;

/// What a system did, and what it took.
#[derive(Debug, Default)]
struct Done {
    load: Load,
    cpu: Option<Duration>,
}

/// The table.
pub(super) async fn table(stage: &Stage) -> Result<String> {
    let kinds = [
        ("1 kB", Question::plain(Dialect::Responses)),
        ("stream of 50", Question::streamed(Dialect::Responses, 50)),
    ];
    let mut table =
        "| asked what | who | answers a second | of a core, each | of bare hyper | target |\n\
                     |---|---|---|---|---|---|\n"
            .to_owned();
    for (index, (name, question)) in kinds.iter().enumerate() {
        let systems = [&stage.direct, &stage.bare, &stage.serve];
        let mut done = systems.map(|_| Done::default());
        for _ in 0..stage.rounds.count {
            for (system, done) in systems.iter().zip(&mut done) {
                done.more(system, question, stage.rounds.length).await?;
            }
        }
        let bare = done[1].each();
        for (system, done) in systems.iter().zip(&done) {
            let is_ours = system.name == stage.serve.name;
            let targeted = is_ours && index == 0;
            table.push_str(&done.row(name, system.name, bare, targeted));
        }
    }
    Ok(table.trim_end().to_owned())
}

impl Done {
    async fn more(&mut self, system: &System, question: &Question, length: Duration) -> Result<()> {
        let before = system.process().and_then(usage::cpu);
        let load = load::closed(system, question, CONNECTIONS, length).await?;
        let after = system.process().and_then(usage::cpu);
        let taken = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before));
        self.cpu = match (self.cpu, taken) {
            (Some(cpu), Some(taken)) => Some(cpu + taken),
            (cpu, taken) => cpu.or(taken),
        };
        self.load = std::mem::take(&mut self.load).and(load);
        Ok(())
    }

    /// Microseconds of a core that an answer takes.
    fn each(&self) -> Option<f64> {
        let answers = self.load.answers() as f64;
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / answers)
    }

    fn row(&self, what: &str, who: &str, bare: Option<f64>, targeted: bool) -> String {
        let each = self.each();
        let ratio = each.zip(bare).map(|(each, bare)| each / bare);
        let verdict = ratio.filter(|_| targeted).map(|ratio| {
            let verdict = if ratio <= TARGET { "met" } else { "MISSED" };
            format!("{verdict}: at most {TARGET:.1} ×")
        });
        format!(
            "| {what} | {who} | {:.0} | {} | {} | {} |\n",
            self.load.rate(),
            each.map_or("–".to_owned(), |each| format!("{each:.1} µs")),
            ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2} ×")),
            verdict.unwrap_or_default()
        )
    }
}
