//! The answers, one each.

use super::{Answer, INVALID, Page};

pub(crate) static BAD_REQUEST: Answer = error(400, &[], INVALID, None, "The request was refused.");
pub(crate) static UNDECODABLE: Answer = error(
    400,
    &[],
    INVALID,
    None,
    "Invalid zstd data in the request's body.",
);
pub(crate) static BAD_IMAGE: Answer = error(400, &[], INVALID, None, "Failed to decode image.");
pub(crate) static UNAUTHORIZED: Answer = error(
    401,
    &[("www-authenticate", "Bearer")],
    INVALID,
    Some("invalid_api_key"),
    "Incorrect API key provided.",
);
pub(crate) static FORBIDDEN: Answer = Answer {
    status: 403,
    headers: &[],
    retry_at: None,
    page: Page::Empty,
};
pub(crate) static NOT_FOUND: Answer = error(404, &[], INVALID, Some("not_found"), "Not found.");
pub(crate) static NOT_ALLOWED: Answer =
    error(405, &[], INVALID, None, "This method is not allowed here.");
pub(crate) static TOO_SLOW: Answer = error(
    408,
    &[("connection", "close")],
    INVALID,
    None,
    "The request came too slowly.",
);
pub(crate) static TOO_LARGE: Answer = error(
    413,
    &[],
    INVALID,
    Some("request_too_large"),
    "The request is too large.",
);
pub(crate) static CONFLICT: Answer = error(
    409,
    &[],
    INVALID,
    Some("lock_timeout"),
    "Another request holds the lock.",
);
pub(crate) static MISDIRECTED: Answer = error(
    421,
    &[],
    INVALID,
    None,
    "This connection is for another host.",
);
pub(crate) static TOO_EARLY: Answer = error(425, &[], INVALID, None, "Too early.");
pub(crate) static UPGRADE_REQUIRED: Answer = error(
    426,
    &[],
    INVALID,
    None,
    "WebSocket is not offered here; use HTTP.",
);
pub(crate) static RATE_LIMITED: Answer = rate_limited(&[("retry-after", "1")]);
pub(crate) static USAGE_LIMIT: Answer = Answer {
    status: 429,
    headers: &[
        ("x-codex-primary-used-percent", "100"),
        ("x-codex-primary-window-minutes", "300"),
    ],
    retry_at: None,
    page: Page::UsageLimit,
};
pub(crate) static SERVER_ERROR: Answer = error(
    500,
    &[],
    "server_error",
    Some("server_error"),
    "The server had an error.",
);
pub(crate) static OVERLOADED: Answer = error(
    503,
    &[],
    "server_error",
    Some("server_is_overloaded"),
    "Selected model is at capacity.",
);
pub(crate) static ERROR_LATER: Answer = error(
    500,
    &[("retry-after", "20")],
    "server_error",
    Some("server_error"),
    "The server had an error.",
);
pub(crate) static BUSY_LATER: Answer = error(
    503,
    &[("retry-after", "20")],
    "server_error",
    Some("server_is_overloaded"),
    "Selected model is at capacity.",
);
pub(crate) static CHALLENGE: Answer = Answer {
    headers: &[
        ("server", "cloudflare"),
        ("cf-mitigated", "challenge"),
        ("cf-ray", "8f2d41c07a9be613-SJC"),
    ],
    ..page(
        403,
        "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title></head><body>\
         <noscript>Enable JavaScript and cookies to continue</noscript></body></html>",
    )
};
pub(crate) static HTML: Answer = page(
    200,
    "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please sign in to use this network.</body></html>",
);
pub(crate) static HEADER_FLOOD: Answer = Answer {
    status: 200,
    headers: &[],
    retry_at: None,
    page: Page::HeaderFlood,
};
pub(crate) static CONNECTION_LIMIT: Answer = error(
    400,
    &[],
    INVALID,
    Some("websocket_connection_limit_reached"),
    "This connection has reached its limit of 60 minutes; open a new one.",
);

pub(crate) static RETRY_AT_DATE: Answer = Answer {
    retry_at: Some(2),
    ..rate_limited(&[])
};
pub(crate) static RETRY_IN_PAST: Answer = rate_limited(&[("retry-after", "-5")]);
pub(crate) static RETRY_GARBAGE: Answer = rate_limited(&[("retry-after", "soon")]);
pub(crate) static RETRY_IN_A_YEAR: Answer = rate_limited(&[("retry-after", "31536000")]);
pub(crate) static QUOTA: Answer = error(
    429,
    &[],
    "insufficient_quota",
    Some("insufficient_quota"),
    "You exceeded your current quota.",
);
pub(crate) static NO_PLAN: Answer = error(
    403,
    &[("x-openai-authorization-error", "usage_not_included")],
    "usage_not_included",
    Some("usage_not_included"),
    "To use this, upgrade your plan.",
);
pub(crate) static TOKEN_EXPIRED: Answer = error(
    401,
    &[],
    "authentication_error",
    Some("token_expired"),
    "Your token has expired.",
);
pub(crate) static DETAIL: Answer = Answer {
    status: 403,
    headers: &[],
    retry_at: None,
    page: Page::Detail("Forbidden."),
};
pub(crate) static REGION: Answer = error(
    403,
    &[],
    "request_forbidden",
    Some("unsupported_country_region_territory"),
    "Country, region, or territory not supported",
);
pub(crate) static REDIRECT: Answer = Answer {
    headers: &[("location", "https://elsewhere.invalid/login")],
    ..page(302, "<html><body>Moved.</body></html>")
};
/// As hotspots that programs can sign in to answer anybody (WISPr 2.0, "Redirect").
pub(crate) static CAPTIVE_PORTAL: Answer = Answer {
    headers: &[("location", "http://login.invalid/?res=notyet")],
    ..page(
        302,
        "<html><body>Please log in.</body><!--<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <WISPAccessGatewayParam><Redirect><MessageType>100</MessageType>\
         <ResponseCode>0</ResponseCode></Redirect></WISPAccessGatewayParam>--></html>",
    )
};
pub(crate) static NO_MODEL: Answer = error(
    404,
    &[],
    INVALID,
    Some("model_not_found"),
    "The model does not exist or you do not have access to it.",
);
pub(crate) static CONTEXT: Answer = error(
    400,
    &[],
    INVALID,
    Some("context_length_exceeded"),
    "Your input exceeds the context window of this model.",
);
pub(crate) static ENCRYPTED: Answer = error(
    400,
    &[],
    INVALID,
    Some("invalid_encrypted_content"),
    "The encrypted content could not be verified.",
);
pub(crate) static POLICY: Answer = error(
    400,
    &[],
    INVALID,
    Some("content_policy_violation"),
    "The request was refused by the content policy.",
);
pub(crate) static ERROR_200: Answer = error(
    200,
    &[],
    "server_error",
    Some("server_error"),
    "The server had an error.",
);
pub(crate) static NOT_IMPLEMENTED: Answer = error(501, &[], INVALID, None, "Not implemented.");
pub(crate) static BLOCKED: Answer = Answer {
    headers: &[("server", "cloudflare"), ("cf-ray", "8f2d41c07a9be614-SJC")],
    ..page(
        403,
        "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>\
         <div id=\"cf-error-details\">Sorry, you have been blocked</div></body></html>",
    )
};
pub(crate) static EDGE_TIMEOUT: Answer = Answer {
    headers: &[("server", "cloudflare"), ("cf-ray", "8f2d41c07a9be615-SJC")],
    ..page(
        524,
        "<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head><body></body></html>",
    )
};
pub(crate) static BAD_GATEWAY: Answer = page(
    502,
    "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
);

pub(crate) static REFRESH_REUSED: Answer = error(
    401,
    &[],
    INVALID,
    Some("refresh_token_reused"),
    "Your refresh token has already been used.",
);
pub(crate) static REFRESH_EXPIRED: Answer = error(
    401,
    &[],
    INVALID,
    Some("refresh_token_expired"),
    "Your refresh token has expired.",
);
pub(crate) static REFRESH_REVOKED: Answer = error(
    401,
    &[],
    INVALID,
    Some("refresh_token_invalidated"),
    "Your session has ended.",
);

const fn rate_limited(headers: &'static [(&'static str, &'static str)]) -> Answer {
    error(
        429,
        headers,
        "rate_limit_error",
        Some("rate_limit_exceeded"),
        "Rate limit reached.",
    )
}

const fn page(status: u16, page: &'static str) -> Answer {
    Answer {
        status,
        headers: &[],
        retry_at: None,
        page: Page::Html(page),
    }
}

const fn error(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    kind: &'static str,
    code: Option<&'static str>,
    message: &'static str,
) -> Answer {
    Answer {
        status,
        headers,
        retry_at: None,
        page: Page::Error(kind, code, message),
    }
}
