//! The line at the bottom: who answers by which way, and how much of the context is used.

use alipes_agent::{ContextUse, TurnEvent};
use alipes_transport::Trace;
use alipes_wire::Usage;
use ratatui_core::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::looks::{FAINT, WARNING};
use super::wrap::cut;
use crate::tally;

/// How things stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    /// Who is asked: a model, and the account where it is told.
    pub(super) model: String,
    /// The way that the last attempt took.
    pub(super) route: Option<String>,
    /// The connection that the last attempt used, in words.
    pub(super) connection: Option<String>,
    /// What confines commands.
    pub(super) sandbox: Option<String>,
    /// The name by which the conversation can be resumed.
    pub(super) conversation: Option<String>,
    /// Tokens of all turns.
    pub(super) usage: Usage,
    /// How full the model's window is.
    pub(super) context: Option<ContextUse>,
}

impl Status {
    pub(super) fn event(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::NextProvider { to, .. } => self.model = to.to_string(),
            TurnEvent::Trace(Trace::AttemptStarted { route, .. }) => {
                self.route = Some(route.to_string());
            }
            TurnEvent::Trace(Trace::Connected { facts, .. }) => {
                self.connection = Some(format!("{} ({})", facts.remote_addr, facts.way()));
            }
            _ => {}
        }
    }

    /// Whether commands run with the person's rights.
    fn is_unconfined(&self) -> bool {
        let sandbox = self.sandbox.as_deref();
        sandbox.is_some_and(|sandbox| sandbox.starts_with("not confined"))
    }

    /// As many facts as fit, the ones that matter most first.
    pub(super) fn line(&self, columns: usize) -> Line<'static> {
        let warning = self
            .is_unconfined()
            .then(|| "commands not confined".to_owned());
        let route = self.route.clone();
        let context = self
            .context
            .map(percent)
            .filter(|_| self.usage.input_tokens > 0);
        let tokens = (self.usage.input_tokens > 0).then(|| self.tokens());
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut used = 0;
        let model = Some(cut(&self.model, columns));
        let facts = [
            (model, FAINT),
            (warning, WARNING),
            (context, FAINT),
            (tokens, FAINT),
            (route, FAINT),
        ];
        for (fact, style) in facts {
            let Some(fact) = fact.filter(|fact| !fact.is_empty()) else {
                continue;
            };
            let gap = if used == 0 { "" } else { " · " };
            let width = gap.width() + fact.width();
            if used + width > columns {
                continue;
            }
            used += width;
            spans.push(Span::styled(gap, FAINT));
            spans.push(Span::styled(fact, style));
        }
        Line::from(spans)
    }

    /// `12k in (45 % cached), 1.2k out`
    fn tokens(&self) -> String {
        let usage = &self.usage;
        let cached = match usage.cached_input_tokens * 100 / usage.input_tokens.max(1) {
            0 => String::new(),
            percent => format!(" ({percent} % cached)"),
        };
        let (read, written) = (short(usage.input_tokens), short(usage.output_tokens));
        format!("{read} in{cached}, {written} out")
    }

    /// All of it.
    pub(super) fn table(&self) -> Vec<(String, String)> {
        let unknown = || "not known yet".to_owned();
        let rows = [
            ("model", Some(self.model.clone())),
            ("route", self.route.clone()),
            ("connection", self.connection.clone()),
            ("context", self.context.map(tally::context)),
            ("tokens", Some(self.tokens())),
            ("commands", self.sandbox.clone()),
            (
                "conversation",
                self.conversation.clone().or(Some("not kept".to_owned())),
            ),
        ];
        let rows = rows.into_iter();
        rows.map(|(name, fact)| (name.to_owned(), fact.unwrap_or_else(unknown)))
            .collect()
    }
}

/// `context ~10 %`
fn percent(used: ContextUse) -> String {
    let sign = if used.is_estimate { "~" } else { "" };
    format!("context {sign}{} %", used.percent())
}

/// `999`, `1.2k`, `12k`, `1.2M`
pub(super) fn short(tokens: u64) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..10_000 => format!("{}.{}k", tokens / 1_000, tokens % 1_000 / 100),
        10_000..1_000_000 => format!("{}k", tokens / 1_000),
        _ => format!("{}.{}M", tokens / 1_000_000, tokens % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_whole_and_a_warning_is_not_the_first_to_go() {
        let status = Status {
            model: "groq/some-model".to_owned(),
            route: Some("websocket".to_owned()),
            sandbox: Some("not confined: it runs with your rights".to_owned()),
            usage: Usage {
                input_tokens: 12_345,
                cached_input_tokens: 6_000,
                output_tokens: 678,
                ..Usage::default()
            },
            ..Status::default()
        };
        let line = |columns| status.line(columns).to_string();
        assert_eq!(
            line(100),
            "groq/some-model · commands not confined · 12k in (48 % cached), 678 out · websocket"
        );
        assert_eq!(line(40), "groq/some-model · commands not confined");
        assert_eq!(line(30), "groq/some-model · websocket");
        assert_eq!(line(8), "groq/so…");
    }
}
