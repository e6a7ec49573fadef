//! The dialects from outside: what each keeps of a conversation, and what each takes of a stranger.

#[cfg(test)]
mod answers_out;
#[cfg(test)]
mod chat_requests;
#[cfg(test)]
mod client_tools;
#[cfg(test)]
mod common;
#[cfg(test)]
mod deviations;
#[cfg(test)]
mod keeps;
#[cfg(test)]
mod messages_requests;
#[cfg(test)]
mod messages_streams;
#[cfg(test)]
mod passed_on;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod responses_requests;
#[cfg(test)]
mod tool_names;
#[cfg(test)]
mod writers;
