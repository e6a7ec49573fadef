//! `alipes doctor`: what is wrong on the way to a provider, and what helps.
//!
//! The network is looked at by `transport::probe`, which says what it means; here are this machine and
//! its files, because only the binary knows all rooms, and how both are shown. Nothing here stops at
//! the first trouble: a configuration that cannot be read is a finding, and the rest is looked at.
//!
//! Whatever is shown comes from outside as likely as not: it passes [`Page::clean`], every line of it.

mod args;
mod bundle;
mod fix;
mod live;
mod local;
mod matrix;
mod official;
mod quota;
mod report;
mod show;
mod subject;
#[cfg(test)]
mod tests;

use std::time::Duration;

use alipes_transport::probe;

pub(crate) use args::DoctorArgs;

use self::report::{Check, Report, Status};
use self::subject::Subject;
use crate::calls::line::{Page, rows};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::{print, print_json};

/// The longest that anything on this machine is looked at, all of it at once.
const LIMIT: Duration = Duration::from_secs(4);

pub(crate) async fn run(args: DoctorArgs, machine: &Machine) -> Result<(), Failure> {
    let mut subject = Subject::find(&args, machine).await;
    subject.remember(machine).await;
    machine.learn_keys(&subject.catalog);
    let fixed = match args.fix {
        true => fix::mend(machine, &subject.catalog),
        false => Vec::new(),
    };
    let (local, survey, quota, official) = tokio::join!(
        local::checks(machine, &subject),
        subject.survey(args.live, machine),
        quota::check(&subject, machine),
        official::check(&subject, machine),
    );
    let mut report = Report {
        local,
        fixed,
        ..Report::default()
    };
    report.local.extend(quota.into_iter().chain(official));
    let problems: Vec<Check> = subject.problems().collect();
    // What several rooms stumble over is told once.
    let is_told = |check: &Check| problems.iter().any(|it| it.summary == check.summary);
    report.local.retain(|check| !is_told(check));
    report.local.extend(problems);
    if let Some(survey) = &survey {
        report.network = matrix::checks(survey);
        report.diagnoses = probe::diagnose(survey);
        subject.keep(survey, machine).await;
    }
    let page = Page::of(machine);
    let told = match args.json {
        true => print_json(&report.as_json(&page).to_string()),
        false => show::lines(&report, survey.as_ref(), &page, rows(machine))
            .iter()
            .try_for_each(|line| print(line)),
    };
    told.map_err(Failure::unwritten)?;
    if let Some(file) = &args.bundle {
        bundle::write(&report, file, &page, machine).await?;
    }
    match report.status() {
        Status::Fail => Err(Failure::Told),
        _ => Ok(()),
    }
}

/// A check that failed as a command would have.
fn failed(id: &str, category: &'static str, failure: &Failure) -> Check {
    Check::new(id, category, Status::Fail, failure.message())
}
