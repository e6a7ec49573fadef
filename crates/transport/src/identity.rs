//! Who we say we are: our own name and version, on every call, and nobody else's.

/// The `originator` and `User-Agent` of every request (codex-protocol §4.2 and §9).
#[derive(Clone, Debug)]
pub struct Identity {
    /// The originating product.
    pub originator: String,
    /// Product, version and platform.
    pub user_agent: String,
}

impl Identity {
    /// alipes at `version`, on this platform.
    #[must_use]
    pub fn alipes(version: &str) -> Self {
        Self {
            originator: "alipes".to_owned(),
            user_agent: format!(
                "alipes/{version} ({}; {})",
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        }
    }
}
