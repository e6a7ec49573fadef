//! What a proxy does when it is asked to take somebody somewhere.

/// Its manner, towards everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everybody there.
    Obliging,
    /// Takes those there who show these credentials.
    Strict {
        /// The user's name.
        user: &'static str,
        /// The password.
        password: &'static str,
    },
    /// Answers CONNECT with this HTTP status.
    Refuses(u16),
    /// Says these bytes and nothing more.
    Says(&'static [u8]),
    /// Never answers.
    Freezes,
    /// Hangs up in place of an answer.
    HangsUp,
    /// Says that it takes them there, and swallows everything.
    SwallowsAll,
    /// Takes them there, but a WebSocket upgrade's 101 never comes back, nor what follows it. It has to see
    /// the answer for that: plain HTTP only.
    SwallowsUpgrades,
    /// Takes them there, and freezes when so many bytes have come back.
    FreezesAfter(u64),
}
