//! Debian's Prometheus scrapes `alipes serve`, and is asked what the dashboard in `contrib/grafana` asks.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::report::Report;
use super::{Alipes, Cache, KEY, TURN_LIMIT};
use crate::process::{self, Server, now, without_proxy};
use crate::workspace;

/// Requests before the first look at the counts, and again before the second: what grows between two scrapes has a
/// rate.
const ASKED: usize = 3;

/// It scrapes every second.
const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(300);

/// A question to Prometheus.
const QUERY: Duration = Duration::from_secs(10);

/// What Grafana puts in place of its variables.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "1m"), ("$endpoint", ".*")];

/// Scrapes, compares, and asks every query of the dashboard.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) {
    const COUNTS: &str = "prometheus scrapes serve and has its counts of faults";
    let programs = match cache.prometheus() {
        Ok(programs) => programs,
        Err(why) => return Report::skip(COUNTS, &format!("{why:#}")),
    };
    let mut stage = None;
    report.check(COUNTS, || {
        let opened = stage.insert(Stage::open(alipes, &programs)?);
        opened.ask(alipes)?;
        opened.counts(ASKED)?;
        opened.ask(alipes)?;
        opened.counts(2 * ASKED)
    });
    let Some(stage) = stage else { return };
    report.check("every query of the dashboard has an answer there", || {
        let queries = queries()?;
        ensure!(queries.len() > 10, "only {} queries", queries.len());
        queries.iter().try_for_each(|query| stage.answers(query))
    });
    report.check("promtool finds nothing wrong with the page", || {
        stage.lint()
    });
}

/// A provider that fails once in each request, our server, and Prometheus; ended when dropped.
#[derive(Debug)]
struct Stage {
    prometheus: Prometheus,
    serve: Server,
    _provider: Server,
    home: TempDir,
}

/// Prometheus, with a folder of its own.
#[derive(Debug)]
struct Prometheus {
    child: Child,
    promtool: PathBuf,
    url: String,
    _folder: TempDir,
}

impl Stage {
    fn open(alipes: &Alipes, programs: &Path) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut command = alipes.command(home.path());
        command.args(["simulate", "--listen", "127.0.0.1:0", "--quiet"]);
        for request in 0..2 * ASKED {
            let first_attempt = 2 * request + 1;
            command.args(["--fault", &format!("sse-500@{first_attempt}")]);
        }
        let provider = Server::start(&mut command)?;
        std::fs::write(home.path().join("config.toml"), config(provider.url()))?;
        let mut command = alipes.command(home.path());
        let serve = Server::start(command.args(["serve", "--listen", "127.0.0.1:0"]))?;
        Ok(Self {
            prometheus: Prometheus::start(programs, serve.url())?,
            serve,
            _provider: provider,
            home,
        })
    }

    fn ask(&self, alipes: &Alipes) -> Result<()> {
        for _ in 0..ASKED {
            let mut command = alipes.command(self.home.path());
            command.args(["exec", "--ephemeral", "--base-url", self.serve.url()]);
            command.args(["-m", "serve/default", "hi"]);
            process::run(&mut command, TURN_LIMIT)?.succeeded("alipes exec")?;
        }
        Ok(())
    }

    /// Waits until Prometheus has so many faults on its books: one for each request.
    fn counts(&self, faults: usize) -> Result<()> {
        let query = "sum by (endpoint, cause) (alipes_serve_attempt_faults_total)";
        let expected = serde_json::json!({"endpoint": "sim", "cause": "server-error"});
        let started = now();
        loop {
            let answer = self.prometheus.query(query);
            if let Ok(series) = &answer
                && let [only] = series.as_slice()
                && only["metric"] == expected
                && number(only) == Some(faults as f64)
            {
                return Ok(());
            }
            if started.elapsed() > LIMIT {
                bail!("{faults} faults were expected; Prometheus has {answer:?}");
            }
            std::thread::sleep(POLL);
        }
    }

    /// Some series that the query gives has a number.
    fn answers(&self, query: &str) -> Result<()> {
        let series = self.prometheus.query(query)?;
        let mut numbers = series.iter().filter_map(number);
        ensure!(
            numbers.any(f64::is_finite),
            "`{query}` has no number: {series:?}"
        );
        Ok(())
    }

    /// The page itself, by the tool of those who made the format.
    fn lint(&self) -> Result<()> {
        let page = self.home.path().join("page");
        let url = self.serve.url().trim_end_matches("/v1").to_owned() + "/metrics";
        let mut curl = Command::new("curl");
        without_proxy(&mut curl);
        curl.args(["--silent", "--show-error", "--fail", "--output"]);
        curl.arg(&page).arg("--header");
        curl.args([&format!("Authorization: Bearer {KEY}"), &url]);
        process::run(&mut curl, QUERY)?.succeeded("curl")?;
        let mut promtool = Command::new(&self.prometheus.promtool);
        promtool.args(["check", "metrics"]);
        let input = Stdio::from(std::fs::File::open(&page)?);
        let ended = process::run_fed(&mut promtool, input, QUERY)?;
        ended.succeeded("promtool check metrics").map(drop)
    }
}

fn config(url: &str) -> String {
    format!(
        "[providers.sim]\nbase_url = \"{url}\"\nroutes = [\"sse\"]\n[model]\ndefault = \"sim/m\"\n\
         [serve.keys.interop]\nkey = {{ env = \"ALIPES_API_KEY\" }}\n"
    )
}

impl Prometheus {
    fn start(programs: &Path, serve: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let target = serve.trim_start_matches("http://").trim_end_matches("/v1");
        let key = folder.path().join("key");
        std::fs::write(&key, KEY)?;
        let settings = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: alipes\n    authorization:\n      \
             credentials_file: {}\n    static_configs:\n      - targets: [\"{target}\"]\n",
            key.display()
        );
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, settings)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let said = std::fs::File::create(folder.path().join("said"))?;
        let mut command = Command::new(programs.join("prometheus"));
        without_proxy(&mut command)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        Ok(Self {
            child: command.spawn().context("prometheus cannot be started")?,
            promtool: programs.join("promtool"),
            url: format!("http://{address}"),
            _folder: folder,
        })
    }

    /// The series that a query gives now.
    fn query(&self, query: &str) -> Result<Vec<Value>> {
        let mut command = Command::new(&self.promtool);
        without_proxy(&mut command).args(["query", "--format=json", "instant", &self.url, query]);
        let ended = process::run(&mut command, QUERY)?.succeeded("promtool query")?;
        Ok(serde_json::from_str(&ended.stdout)?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a series.
fn number(series: &Value) -> Option<f64> {
    series["value"][1].as_str()?.parse().ok()
}

/// The dashboard's queries, as Grafana would send them.
fn queries() -> Result<Vec<String>> {
    let file = workspace::root()?.join("contrib/grafana/alipes.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let panels = dashboard["panels"].as_array().context("it has no panels")?;
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let queries = targets
        .flatten()
        .filter_map(|target| target["expr"].as_str());
    let filled = |query: &str| {
        VARIABLES
            .iter()
            .fold(query.to_owned(), |query, (variable, value)| {
                query.replace(variable, value)
            })
    };
    Ok(queries.map(filled).collect())
}

/// A port that nobody has now: Prometheus does not say which one it takes by itself.
#[expect(clippy::disallowed_methods, reason = "a port is looked for")]
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
