//! The walks of `docs/troubleshooting.md`, gone through as the page says: with its configuration, by the
//! commands that it shows, to what it says is printed. Only ports are others, because tests run side by
//! side. `INSTA_UPDATE=always` makes what is printed anew.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use alipes_simulator::{Manner, Proxy, ProxyOptions};

use crate::machine::{Machine, Ran, Serving};

/// Where the simulator and its proxy listen, by the page.
const SIMULATOR: &str = ":8900";
const PROXY: &str = ":3128";

/// One walk of the page.
struct Walk {
    /// What its last block, of what is printed, begins with.
    head: String,
    /// The configuration, with what this walk says of the provider.
    config: String,
    simulate: Typed,
    doctor: Typed,
    printed: String,
}

/// A line that a person types.
struct Typed {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// A walk whose simulator runs, and the machine that asks it.
pub(crate) struct Begun {
    pub(crate) machine: Machine,
    walk: Walk,
    ports: Ports,
    _serving: (Machine, Serving),
}

/// Ports as the page has them, and as they are.
struct Ports([(&'static str, String); 2]);

/// Goes through a walk of the page.
async fn walk(name: &str) {
    let begun = begin(name).await;
    let ran = begun.machine.run(&begun.arguments()).await;
    begun.is_as_shown(&ran);
}

/// Begins a walk of the page.
pub(crate) async fn begin(name: &str) -> Begun {
    let walk = Walk::named(name);
    // A port that was free a moment ago.
    let free = Proxy::start(ProxyOptions::local(Manner::Obliging));
    let free = free.await.unwrap().local_addr().port();
    let mut ports = Ports([(PROXY, format!(":{free}")), (SIMULATOR, ":0".to_owned())]);
    let mut arguments = walk.simulate.arguments.clone();
    if !arguments.iter().any(|word| word == "--listen") {
        arguments.extend(["--listen", "127.0.0.1:8900"].map(str::to_owned));
    }
    let arguments: Vec<String> = arguments.iter().map(|word| ports.real(word)).collect();
    let arguments: Vec<&str> = arguments.iter().map(|word| &**word).collect();
    let serving = Machine::new();
    let child = serving.command(&arguments).spawn().unwrap();
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    let server = Serving::of(child, url).await;
    let at: url::Url = server.base_url.parse().unwrap();
    ports.0[1].1 = format!(":{}", at.port().unwrap());
    let machine = Machine::configured(&ports.real(&walk.config)).with("NO_COLOR", "1");
    let variables = walk.doctor.variables.iter();
    let machine = variables.fold(machine, |machine, (name, value)| {
        machine.with(name, ports.real(value))
    });
    Begun {
        machine,
        walk,
        ports,
        _serving: (serving, server),
    }
}

impl Begun {
    /// What the last of the commands says to the program.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let words = self.walk.doctor.arguments.iter();
        words.map(|word| &**word).collect()
    }

    /// Compares what was printed with what the page shows, or replaces that.
    pub(crate) fn is_as_shown(&self, ran: &Ran) {
        let printed = self.ports.shown(&essence(&ran.out));
        if is_updating() {
            self.walk.replace(&printed);
            return;
        }
        assert_eq!(
            masked(&self.walk.printed),
            masked(&printed),
            "docs/troubleshooting.md is stale: INSTA_UPDATE=always makes it anew"
        );
        let has_failed = printed.contains("\n  ✗ ");
        assert_eq!(ran.code, Some(i32::from(has_failed)), "{}", ran.err);
    }
}

impl Walk {
    fn named(name: &str) -> Self {
        let text = text();
        let head = format!("<!-- walk: {name} -->\n```text\n");
        let (before, rest) = text.split_once(&head).unwrap();
        let section = before.rsplit("\n## ").next().unwrap();
        let (prose, rest_of_section) = section.split_once("```sh\n").unwrap();
        let commands = rest_of_section.split_once("```").unwrap().0;
        let mut commands = commands.lines().map(Typed::read);
        let (Some(simulate), Some(doctor), None) =
            (commands.next(), commands.next(), commands.next())
        else {
            panic!("not two commands: {section}")
        };
        assert_eq!(simulate.arguments[0], "simulate");
        Self {
            config: configured(block(&text, "toml"), prose),
            simulate,
            doctor,
            printed: block(&format!("{head}{rest}"), "text").to_owned(),
            head,
        }
    }

    fn replace(&self, printed: &str) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let text = text();
        let (before, rest) = text.split_once(&self.head).unwrap();
        let (_, after) = rest.split_once("\n```\n").unwrap();
        let text = format!("{before}{}{printed}\n```\n{after}", self.head);
        std::fs::write(page(), text).unwrap();
    }
}

impl Typed {
    /// `NAME=value alipes command --option`.
    fn read(line: &str) -> Self {
        assert!(!line.contains(['"', '\'', '\\', '$', '|']), "{line}");
        let mut words = line.split_whitespace();
        let variables = words.by_ref().take_while(|word| *word != "alipes");
        let variables = variables.map(|word| word.split_once('=').unwrap());
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            variables: variables.collect(),
            arguments: words.map(str::to_owned).collect(),
        }
    }
}

impl Ports {
    fn real(&self, text: &str) -> String {
        let ports = self.0.iter();
        ports.fold(text.to_owned(), |text, (shown, real)| {
            text.replace(shown, real)
        })
    }

    fn shown(&self, text: &str) -> String {
        let ports = self.0.iter();
        ports.fold(text.to_owned(), |text, (shown, real)| {
            text.replace(real, shown)
        })
    }
}

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/troubleshooting.md")
}

fn text() -> String {
    std::fs::read_to_string(page()).unwrap()
}

/// The first block in this language.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// The page's configuration with what a walk's words say of the provider: `base_url = "…"`.
fn configured(common: &str, prose: &str) -> String {
    let said = prose.split('`').skip(1).step_by(2);
    let said: Vec<(&str, &str)> = said
        .filter_map(|code| Some((code.split_once(" = ")?.0, code)))
        .collect();
    let mut lines = Vec::new();
    for line in common.lines() {
        let key = line.split_once(" = ").map(|(key, _)| key);
        match key {
            Some("base_url") => {
                let another = said.iter().find(|(key, _)| *key == "base_url");
                lines.push(another.map_or(line, |(_, code)| code));
                let others = said.iter().filter(|(key, _)| *key != "base_url");
                lines.extend(others.map(|(_, code)| code));
            }
            _ => lines.push(line),
        }
    }
    lines.join("\n")
}

#[expect(clippy::disallowed_methods, reason = "asked as insta asks")]
fn is_updating() -> bool {
    std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always")
}

/// The matrix and the diagnosis, without what is about the machine that the test runs on.
fn essence(printed: &str) -> String {
    let parts: Vec<&str> = printed.split("\n\n").collect();
    let (matrix, diagnosis) = (parts[1], parts[parts.len() - 1]);
    let parts = ["  …", matrix, diagnosis.trim_end()];
    parts.join("\n\n")
}

/// Without what differs from run to run: times, and the columns that hang on them.
fn masked(text: &str) -> String {
    let differs = |word: &&str| word.parse::<f64>().is_ok() || ["ms", "s"].contains(word);
    let words = text.split_whitespace().filter(|word| !differs(word));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_walk_and_every_command_of_the_page_is_gone_through() {
    let text = text();
    let gone = concat!(include_str!("walks.rs"), include_str!("doctor.rs"));
    let names = text.split("<!-- walk: ").skip(1);
    let names: Vec<&str> = names
        .map(|rest| rest.split_once(" -->").unwrap().0)
        .collect();
    for name in &names {
        assert!(gone.contains(&format!("(\"{name}\")")), "{name}");
    }
    assert_eq!(text.matches("```sh\n").count(), names.len());
    assert_eq!(text.matches("```text\n").count(), names.len());
}

#[tokio::test]
async fn a_healthy_way_is_told_as_such_and_every_step_of_it_shown() {
    walk("healthy").await;
}

#[tokio::test]
async fn a_challenge_on_one_route_is_found() {
    walk("challenge on one route").await;
}

#[tokio::test]
async fn a_revoked_key_is_found() {
    walk("revoked key").await;
}

#[tokio::test]
async fn a_proxy_that_was_not_used_is_found_with_the_reason() {
    walk("proxy not used").await;
}

#[tokio::test]
async fn a_dead_proxy_is_found_and_what_works_without_it() {
    walk("dead proxy").await;
}

#[tokio::test]
async fn somebody_who_looks_inside_tls_is_named() {
    walk("intercepted TLS").await;
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_found() {
    walk("quota used up").await;
}

#[tokio::test]
async fn a_silent_backend_is_found() {
    walk("silent backend").await;
}

#[tokio::test]
async fn a_wrong_model_name_is_found() {
    walk("wrong model name").await;
}

#[tokio::test]
async fn a_wrong_base_url_is_found() {
    walk("wrong base URL").await;
}

#[tokio::test]
async fn a_clock_that_is_a_day_off_is_found() {
    walk("clock a day off").await;
}
