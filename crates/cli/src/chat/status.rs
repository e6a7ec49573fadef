//! The line at the bottom: who answers by which way, and how much of the context is used.

use alipes_agent::{ContextUse, TurnEvent};
use alipes_models::{Addressee, Catalog};
use alipes_transport::Trace;
use alipes_wire::{Price, Usage};
use ratatui_core::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::background::Background;
use super::looks::{FAINT, WARNING};
use super::wrap::cut;
use crate::tally;

/// How things stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    /// Who is asked: a model.
    pub(super) model: String,
    /// Who was asked last: a model, and the account.
    pub(super) asked: Option<Addressee>,
    /// The way that the last attempt took.
    pub(super) route: Option<String>,
    /// The connection that the last attempt used, in words.
    pub(super) connection: Option<String>,
    /// What confines commands.
    pub(super) sandbox: Option<String>,
    /// What runs in the background.
    pub(super) background: Background,
    /// The name by which the conversation can be resumed.
    pub(super) conversation: Option<String>,
    /// Tokens of all turns.
    pub(super) usage: Usage,
    /// What they cost, as long as every price was known.
    pub(super) spent: Spent,
    /// Knows the prices.
    pub(super) catalog: Catalog,
    /// How full the model's window is.
    pub(super) context: Option<ContextUse>,
}

/// What was paid, in the units of [`Price`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    units: u64,
    is_partial: bool,
}

impl Spent {
    /// `$0.042`; nothing where it is not known whole.
    fn text(self) -> Option<String> {
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let dollars = self.units as f64 / 1e12;
        let text = match dollars {
            d if d < 0.001 => "<$0.001".to_owned(),
            d if d < 10.0 => format!("${d:.3}"),
            d => format!("${d:.2}"),
        };
        (self.units > 0 && !self.is_partial).then_some(text)
    }
}

impl Status {
    /// Tokens of a step, and what each cost.
    fn spends(&mut self, usage: Usage, price: Option<Price>) {
        self.usage += usage;
        match price {
            Some(price) => {
                self.spent.units = self.spent.units.saturating_add(price.of(&usage));
            }
            None => self.spent.is_partial |= usage.input_tokens > 0,
        }
    }

    /// Who is asked, or was last.
    fn who(&self) -> String {
        match &self.asked {
            Some(asked) => asked.to_string(),
            None => self.model.clone(),
        }
    }

    pub(super) fn event(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Asking(to) | TurnEvent::NextProvider { to, .. } => {
                self.asked = Some(to.clone());
            }
            // However the turn ends: it was paid.
            TurnEvent::StepEnded { by, usage } | TurnEvent::SpentBeside { by, usage } => {
                self.spends(*usage, self.catalog.price(&by.model));
            }
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
        let used = self.usage.input_tokens > 0;
        let context = self.context.map(percent).filter(|_| used);
        let cached = self.usage.cached_percent().filter(|_| used);
        let cached = cached.map(|percent| format!("{percent} % cached"));
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut used = 0;
        let facts = [
            (Some(cut(&self.who(), columns)), FAINT),
            (warning, WARNING),
            (context, FAINT),
            (self.spent.text(), FAINT),
            (self.route.clone(), FAINT),
            (cached, FAINT),
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

    fn cost(&self) -> String {
        let unknown = "not known: no price is configured, or told by the list of models";
        match (self.spent.text(), self.usage.input_tokens) {
            (Some(text), _) => text,
            (None, 0) => "nothing yet".to_owned(),
            (None, _) => unknown.to_owned(),
        }
    }

    /// All of it.
    pub(super) fn table(&self) -> Vec<(String, String)> {
        let unknown = || "not known yet".to_owned();
        let rows = [
            ("model", Some(self.who())),
            ("route", self.route.clone()),
            ("connection", self.connection.clone()),
            ("context", self.context.map(tally::context)),
            ("tokens", Some(self.tokens())),
            ("cost", Some(self.cost())),
            ("commands", self.sandbox.clone()),
            (
                "conversation",
                self.conversation.clone().or(Some("not kept".to_owned())),
            ),
        ];
        let background = self.background.lines().into_iter();
        let background = background.map(|line| ("background", Some(line)));
        let rows = rows.into_iter().chain(background);
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
            context: Some(ContextUse {
                tokens: 12_900,
                window: 128_000,
                is_estimate: false,
            }),
            ..Status::default()
        };
        let usage = Usage {
            input_tokens: 12_345,
            cached_input_tokens: 6_000,
            output_tokens: 678,
            ..Usage::default()
        };
        let mut status = status;
        status.spends(usage, "1 in, 0.1 cached, 3 out".parse().ok());
        let line = |columns| status.line(columns).to_string();
        assert_eq!(
            line(100),
            "groq/some-model · commands not confined · context 10 % · $0.009 · websocket · 48 % cached"
        );
        assert_eq!(line(40), "groq/some-model · commands not confined");
        assert_eq!(line(33), "groq/some-model · context 10 %");
        assert_eq!(line(8), "groq/so…");
    }

    #[test]
    fn a_cost_is_told_only_where_every_price_was_known() {
        let price: Price = "1 in, 2 out".parse().unwrap();
        let usage = Usage {
            input_tokens: 100,
            ..Usage::default()
        };
        let mut spent = Status::default();
        assert_eq!(spent.cost(), "nothing yet");
        spent.spends(usage, Some(price));
        assert_eq!(spent.cost(), "<$0.001");
        spent.spends(usage, None);
        assert!(spent.cost().starts_with("not known"));
    }

    #[test]
    fn the_account_is_told_where_there_are_several() {
        let mut status = Status {
            model: "s/m".to_owned(),
            ..Status::default()
        };
        let asked = Addressee {
            model: "s/m".parse().unwrap(),
            account: "work".to_owned(),
        };
        status.event(&TurnEvent::Asking(asked));
        assert_eq!(status.line(40).to_string(), "s/m as work");
    }
}
