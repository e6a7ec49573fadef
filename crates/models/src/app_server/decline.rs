//! What the program asks of us, and how it is told no.
//!
//! It may look, and nothing else: whoever uses this provider has been asked nothing about commands and
//! files that are not ours to judge. Every question is answered at once, also one that nobody knows,
//! because it waits for an answer without a limit.

use serde_json::{Value, json};

use super::message::Refusal;

/// The code of JSON-RPC 2.0 for a method that is not there.
const METHOD_NOT_FOUND: i64 = -32_601;

/// The answer to a request of this name.
pub(super) fn answer(method: &str) -> Result<Value, Refusal> {
    match method {
        // "decline" lets the turn go on; "cancel" would end it.
        "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
            Ok(json!({"decision": "decline"}))
        }
        "item/permissions/requestApproval" => Ok(json!({"permissions": {}})),
        "mcpServer/elicitation/request" => Ok(json!({"action": "decline"})),
        "item/tool/requestUserInput" => Ok(json!({"answers": {}})),
        "item/tool/call" => Ok(json!({"contentItems": [], "success": false})),
        _ => Err(Refusal {
            code: METHOD_NOT_FOUND,
            message: "alipes declines this".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_permitted() {
        for method in [
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "item/permissions/requestApproval",
            "mcpServer/elicitation/request",
            "item/tool/requestUserInput",
            "item/tool/call",
        ] {
            let said = answer(method).unwrap().to_string();
            assert!(
                !said.contains("accept") && !said.contains("true"),
                "{method}: {said}"
            );
        }
        for unknown in [
            "execCommandApproval",
            "account/chatgptAuthTokens/refresh",
            "",
        ] {
            assert_eq!(answer(unknown).unwrap_err().code, METHOD_NOT_FOUND);
        }
    }
}
