//! The foreign programs, installed once in the exact versions that `interop/` names.
//!
//! A copy of the list that was installed lies beside it; as long as both are equal nothing is done.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace;

/// The Codex CLI alone is some 100 MB to load and 300 MB to unpack; llama.cpp is nine minutes of one core to compile,
/// and was twenty on two that were busy.
const INSTALL_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Where the foreign programs lie.
#[derive(Debug)]
pub(crate) struct Cache {
    /// The folder `interop`.
    interop: PathBuf,
    node: PathBuf,
    python: PathBuf,
}

impl Cache {
    /// The other agent that ours is compared with.
    pub(crate) const HERMES: &str = "hermes-agent==0.19.0";

    /// A proxy in front of model backends.
    const LITELLM: &str = "litellm[proxy]==1.106.2";

    /// What traces are made of on the wire.
    const OTLP: &str = "opentelemetry-proto==1.45.2";

    /// llama.cpp's server, which pip compiles (C and C++; cmake comes along), and what writes a model for it.
    const LLAMA: [&str; 2] = ["llama-cpp-python[server]==0.3.36", "gguf==0.19.0"];

    /// Installs what is missing.
    pub(crate) fn open() -> Result<Self> {
        let cache = Self::as_it_is()?;
        cache.install_node("", &cache.node)?;
        cache.install_python()?;
        Ok(cache)
    }

    /// Installs nothing but what is asked for.
    pub(crate) fn as_it_is() -> Result<Self> {
        let interop = workspace::root()?.join("interop");
        Ok(Self {
            node: interop.join(".cache").join("npm"),
            python: interop.join(".cache").join("python"),
            interop,
        })
    }

    /// A script of ours below `interop`.
    pub(crate) fn script(&self, name: &str) -> PathBuf {
        self.interop.join(name)
    }

    /// The Python that knows the packages.
    pub(super) fn python(&self) -> PathBuf {
        in_venv(&self.python, "python")
    }

    /// The folder with the programs of `interop/clients/package.json`, 800 MB, installed when it is first asked for.
    pub(super) fn clients(&self) -> Result<PathBuf> {
        let target = self.interop.join(".cache").join("clients");
        self.install_node("clients", &target)?;
        Ok(target.join("node_modules").join(".bin"))
    }

    /// The script that starts Portkey's gateway, 25 MB, installed when it is first asked for.
    pub(crate) fn portkey(&self) -> Result<PathBuf> {
        let target = self.interop.join(".cache").join("gateways");
        self.install_node("gateways", &target)?;
        Ok(self.script("portkey.mjs"))
    }

    /// The script that judges HAR files, with its validator (1 MB), installed when it is first asked for.
    pub(super) fn har_validator(&self) -> Result<PathBuf> {
        let target = self.interop.join(".cache").join("har");
        self.install_node("har", &target)?;
        Ok(self.script("har.mjs"))
    }

    /// The folder with Debian's `prometheus` and `promtool`: this machine's, or else 26 MB that are loaded and only
    /// unpacked, so that no service is set up.
    pub(super) fn prometheus(&self) -> Result<PathBuf> {
        const INSTALLED: &str = "/usr/bin";
        let target = self.interop.join(".cache").join("prometheus");
        let unpacked = target.join("usr").join("bin");
        let known = [PathBuf::from(INSTALLED), unpacked.clone()];
        if let Some(folder) = known
            .into_iter()
            .find(|folder| folder.join("promtool").is_file())
        {
            return Ok(folder);
        }
        println!("loading prometheus from Debian");
        start_afresh(&target)?;
        let mut apt = Command::new("apt-get");
        apt.args(["--quiet", "download", "prometheus"])
            .current_dir(&target);
        process::run(&mut apt, INSTALL_LIMIT)
            .context("Debian's package prometheus is needed")?
            .succeeded("apt-get download prometheus")?;
        let files = std::fs::read_dir(&target)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut packages = files.filter(|path| path.extension().is_some_and(|kind| kind == "deb"));
        let package = packages.next().context("apt-get loaded no package")?;
        let mut dpkg = Command::new("dpkg-deb");
        dpkg.arg("--extract").arg(&package).arg(&target);
        process::run(&mut dpkg, INSTALL_LIMIT)?.succeeded("dpkg-deb --extract")?;
        std::fs::remove_file(&package)?;
        Ok(unpacked)
    }

    /// The Hermes Agent.
    pub(crate) fn hermes(&self) -> Result<PathBuf> {
        Ok(in_venv(&self.apart("hermes", &[Self::HERMES])?, "hermes"))
    }

    /// The Python that knows LiteLLM.
    pub(crate) fn litellm(&self) -> Result<PathBuf> {
        Ok(in_venv(&self.apart("litellm", &[Self::LITELLM])?, "python"))
    }

    /// The Python that can decode traces.
    pub(super) fn otlp(&self) -> Result<PathBuf> {
        Ok(in_venv(&self.apart("otlp", &[Self::OTLP])?, "python"))
    }

    /// The Python that knows llama.cpp.
    pub(super) fn llama(&self) -> Result<PathBuf> {
        Ok(in_venv(&self.apart("llama", &Self::LLAMA)?, "python"))
    }

    /// A Python environment of its own, installed when it is first asked for. Not in `requirements.txt` is what asks
    /// for other versions of the same packages, or is large and seldom needed.
    fn apart(&self, name: &str, packages: &[&str]) -> Result<PathBuf> {
        let venv = self.interop.join(".cache").join(name);
        let (stamp, wanted) = (venv.join(format!("{name}{STAMP}")), packages.join(" "));
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        println!("installing {wanted}");
        make_venv(&venv)?;
        pip_install(&venv, |pip| pip.args(packages))?;
        std::fs::write(&stamp, wanted)?;
        Ok(venv)
    }

    /// The native Codex CLI. The `codex` that npm puts on the path is a script for node that starts this binary;
    /// without it a start takes 13 ms instead of 105 (measured), and the comparison is a fair one.
    pub(crate) fn codex(&self) -> Result<PathBuf> {
        let packages = self.node.join("node_modules").join("@openai");
        let platforms = folders(&packages)?
            .into_iter()
            .map(|package| package.join("vendor"));
        let targets = platforms.flat_map(|vendor| folders(&vendor).unwrap_or_default());
        let name = if cfg!(windows) { "codex.exe" } else { "codex" };
        targets
            .map(|target| target.join("bin").join(name))
            .find(|binary| binary.is_file())
            .with_context(|| {
                format!(
                    "npm installed no Codex CLI for this platform below {}",
                    packages.display()
                )
            })
    }

    /// Installs what `package.json` of a folder names, `interop` itself or one in it.
    fn install_node(&self, list: &str, target: &Path) -> Result<()> {
        let folder = self.interop.join(list);
        let lists = ["package.json", "package-lock.json"];
        if is_installed(&folder, target, &lists) {
            return Ok(());
        }
        println!("installing from {}", folder.join("package.json").display());
        start_afresh(target)?;
        copy_lists(&folder, target, &lists, "")?;
        let mut npm = Command::new("npm");
        // Not `npm ci`: it wants the programs of every other platform in the list, even those that a registry does not have.
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(target);
        process::run(&mut npm, INSTALL_LIMIT)
            .context("node 18 or newer with npm is needed")?
            .succeeded("npm install")?;
        copy_lists(&folder, target, &lists, STAMP)
    }

    fn install_python(&self) -> Result<()> {
        let lists = ["requirements.txt"];
        if is_installed(&self.interop, &self.python, &lists) {
            return Ok(());
        }
        println!("installing from interop/requirements.txt");
        make_venv(&self.python)?;
        let list = self.interop.join("requirements.txt");
        pip_install(&self.python, |pip| pip.arg("--requirement").arg(list))?;
        copy_lists(&self.interop, &self.python, &lists, STAMP)
    }
}

/// Ends the name of a list's copy, written when all of the list is installed.
const STAMP: &str = ".installed";

fn is_installed(from: &Path, target: &Path, lists: &[&str]) -> bool {
    lists.iter().all(|list| {
        let wanted = std::fs::read(from.join(list));
        let installed = std::fs::read(target.join(format!("{list}{STAMP}")));
        matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
    })
}

fn copy_lists(from: &Path, target: &Path, lists: &[&str], suffix: &str) -> Result<()> {
    for list in lists {
        std::fs::copy(from.join(list), target.join(format!("{list}{suffix}")))
            .with_context(|| format!("cannot copy {}", from.join(list).display()))?;
    }
    Ok(())
}

fn make_venv(folder: &Path) -> Result<()> {
    start_afresh(folder)?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    process::run(&mut venv, INSTALL_LIMIT)
        .context("python 3.11 or newer is needed")?
        .succeeded("python3 -m venv (Debian has it in the package python3-venv)")
        .map(|_| ())
}

/// Installs what `choose` adds to the command line.
fn pip_install(venv: &Path, choose: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut pip = Command::new(in_venv(venv, "python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .arg("--disable-pip-version-check")
        // For llama.cpp: without images, which nobody asks of it, it is compiled in less time.
        .env("CMAKE_ARGS", "-DLLAVA_BUILD=OFF");
    process::run(choose(&mut pip), INSTALL_LIMIT)?
        .succeeded("pip install")
        .map(|_| ())
}

fn in_venv(venv: &Path, program: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    venv.join(folder).join(program)
}

fn start_afresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) => bail!("cannot list {}: {error}", parent.display()),
    };
    let mut folders: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    folders.sort();
    Ok(folders)
}
