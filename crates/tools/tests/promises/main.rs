//! The promises of the built-in tools, kept on real files, pipes and processes.

#[cfg(test)]
#[cfg(unix)]
mod background;
#[cfg(test)]
mod beneath;
#[cfg(test)]
mod editing;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod guarded;
#[cfg(test)]
mod hidden;
#[cfg(test)]
mod patching;
#[cfg(test)]
mod previewing;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod redacted;
#[cfg(test)]
#[cfg(unix)]
mod running;
#[cfg(test)]
#[cfg(unix)]
mod streaming;
#[cfg(test)]
mod workplace;
#[cfg(test)]
mod writing;
