//! `alipes login` as a person does it: in a real browser, or with a code typed on another page; then a turn, and out
//! again. The issuer is the simulator's, which lets nobody to the model who has no token of its own making.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::issuer::Issuer;
use super::person::{Person, Visit, noted};
use super::report::Report;
use super::running::Running;
use super::{Alipes, Cache, TURN_LIMIT};
use crate::process::{self, Finished, now};

/// Who signs in at the simulator's issuer, and the plan.
const WHO: &str = "ada@simulated.example";
const SIGNED_IN: &str = "signed in as ada@simulated.example (plus)";

/// How often it is tried again while both ports are taken.
const PORTS_POLL: Duration = Duration::from_millis(100);

/// All ways in, and the way out.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) {
    const BROWSER: &str = "login in a browser, a turn, and logout";
    let person = match Person::find(cache) {
        Ok(person) => person,
        Err(why) => return Report::skip(BROWSER, &format!("{why:#}")),
    };
    report.check(BROWSER, || in_a_browser(alipes, &person));
    report.check("login that its user cancels", || {
        let visit = refused(alipes, &person, ("deny", &[]), "the sign-in was cancelled")?;
        says(&visit, "Not signed in", "The sign-in was cancelled")
    });
    report.check("login that the issuer refuses", || {
        let faults: &[&str] = &["sign-in-error"];
        let visit = refused(alipes, &person, ("look", faults), "<b>Try later</b>")?;
        says(&visit, "Not signed in", "<b>Try later</b>")
    });
    report.check("login with a code on another device", || {
        with_a_code(alipes, &person)
    });
}

/// Approves, and sees what a person needs to see; the tokens are there and private, work, and are gone in the end.
fn in_a_browser(alipes: &Alipes, person: &Person) -> Result<()> {
    let machine = Machine::with(alipes, &[])?;
    let (ended, visit) = machine.login(person, "approve")?;
    let ended = ended.succeeded("alipes login")?;
    says_line(&ended, SIGNED_IN)?;
    ensure!(
        visit.asked.contains("Approve"),
        "the issuer did not ask: {}",
        visit.asked
    );
    says(
        &visit,
        "Signed in",
        &format!("alipes is signed in as {WHO}"),
    )?;
    machine.keeps_its_tokens_to_itself()?;
    machine.takes_a_turn()?;
    machine.signs_out()
}

/// Does that step in the browser, and is not signed in; the page.
fn refused(
    alipes: &Alipes,
    person: &Person,
    (step, faults): (&str, &[&str]),
    why: &str,
) -> Result<Visit> {
    let machine = Machine::with(alipes, faults)?;
    let (ended, visit) = machine.login(person, step)?;
    ensure!(
        ended.status.code() == Some(1) && ended.stderr.contains(why),
        "it should say `{why}` ({}):\n{}",
        ended.status,
        ended.said()
    );
    ensure!(!machine.file().exists(), "a refused sign-in was kept");
    Ok(visit)
}

/// Without a display there is a code; it is typed into the issuer's page.
fn with_a_code(alipes: &Alipes, person: &Person) -> Result<()> {
    let machine = Machine::with(alipes, &[])?;
    let mut signing = Running::start(&mut machine.command(&["login", "--device"]), machine.home())?;
    let [url, code] = signing.shows(TURN_LIMIT)?;
    let visit = person.visits(&url, &format!("code:{code}"), machine.home())?;
    ensure!(
        visit.text.contains("Signed in."),
        "the code was not taken: {}",
        visit.text
    );
    signing.ends(TURN_LIMIT)?;
    machine.keeps_its_tokens_to_itself()?;
    machine.takes_a_turn()?;
    machine.signs_out()
}

/// A machine whose ChatGPT is the simulator.
struct Machine<'a> {
    alipes: &'a Alipes,
    issuer: Issuer,
    home: TempDir,
}

impl<'a> Machine<'a> {
    fn with(alipes: &'a Alipes, faults: &[&str]) -> Result<Self> {
        let (issuer, home) = (Issuer::start(faults)?, tempfile::tempdir()?);
        let url = issuer.url();
        let configuration = format!(
            "[auth]\nissuer = \"{url}\"\n[providers.openai-codex]\n\
             base_url = \"{url}/backend-api/codex\"\nprofile = \"openai-codex\"\n\
             api_key = {{ login = \"openai-codex\" }}\n[model]\ndefault = \"openai-codex/sim-model\"\n"
        );
        std::fs::write(home.path().join("config.toml"), configuration)?;
        Ok(Self {
            alipes,
            issuer,
            home,
        })
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where the sign-in is kept.
    fn file(&self) -> PathBuf {
        self.home().join("auth.json")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.alipes.command(self.home());
        // A key would make the sign-in unnecessary.
        command.env_remove("ALIPES_API_KEY").args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Finished> {
        process::run(&mut self.command(arguments), TURN_LIMIT)
    }

    /// Signs in with the person's browser. The two ports it may come back to can be another program's for a moment.
    fn login(&self, person: &Person, step: &str) -> Result<(Finished, Visit)> {
        let (browser, notes) = person.as_browser(step, self.home())?;
        let begun = now();
        loop {
            let mut login = self.command(&["login", "--browser"]);
            let ended = process::run(login.env("BROWSER", &browser), TURN_LIMIT)?;
            if !ended.stderr.contains("no port is free") || begun.elapsed() > TURN_LIMIT {
                return Ok((ended, noted(&notes)?));
            }
            std::thread::sleep(PORTS_POLL);
        }
    }

    fn keeps_its_tokens_to_itself(&self) -> Result<()> {
        let kept: Value = serde_json::from_reader(File::open(self.file())?)?;
        let login = &kept["logins"]["openai-codex"];
        for token in ["access_token", "refresh_token", "id_token"] {
            ensure!(login[token].is_string(), "no {token} was kept");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = self.file().metadata()?.permissions().mode() & 0o777;
            ensure!(mode == 0o600, "others can read the tokens: {mode:o}");
        }
        let status = self.run(&["login", "status"])?.succeeded("login status")?;
        for part in [WHO, "plus", "acct-simulated", "works for"] {
            ensure!(
                status.stdout.contains(part),
                "login status does not say {part}:\n{}",
                status.stdout
            );
        }
        Ok(())
    }

    fn takes_a_turn(&self) -> Result<()> {
        let turn = self.run(&["exec", "say hello"])?.succeeded("the turn")?;
        ensure!(
            turn.stdout.contains("(simulated) Hello!"),
            "the turn brought no answer:\n{}",
            turn.said()
        );
        Ok(())
    }

    fn signs_out(&self) -> Result<()> {
        let out = self.run(&["logout"])?.succeeded("alipes logout")?;
        says_line(&out, "signed out; the sign-in was revoked")?;
        self.issuer.saw("/oauth/revoke")?;
        ensure!(!self.file().exists(), "the sign-in is still kept");
        let turn = self.run(&["exec", "say hello"])?;
        ensure!(
            !turn.status.success() && turn.stderr.contains("alipes login"),
            "a turn after signing out should ask to sign in:\n{}",
            turn.said()
        );
        Ok(())
    }
}

fn says_line(ended: &Finished, line: &str) -> Result<()> {
    ensure!(
        ended.stdout.lines().any(|said| said == line),
        "it should say `{line}`:\n{}",
        ended.said()
    );
    Ok(())
}

/// The last page is ours, is shown as it is meant, and says this as words and not as markup.
fn says(visit: &Visit, title: &str, text: &str) -> Result<()> {
    let shown = || format!("the last page is {visit:#?}");
    ensure!(visit.url.contains("/auth/callback"), "{}", shown());
    ensure!(visit.title == format!("{title} - alipes"), "{}", shown());
    ensure!(visit.heading == [title], "{}", shown());
    ensure!(
        visit.status == 200 && visit.text.contains(text),
        "{}",
        shown()
    );
    ensure!(visit.inside == 0, "foreign markup came alive: {}", shown());
    let complaint = visit
        .complaints
        .iter()
        .find(|complaint| !complaint.contains("favicon"));
    complaint.map_or(Ok(()), |complaint| {
        Err(anyhow!("the browser complained: {complaint}"))
    })
}
