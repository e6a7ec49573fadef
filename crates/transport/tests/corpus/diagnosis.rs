//! What each cause shall condemn, and whom it shall blame: written down a second time, by hand, so
//! that a slip in the program's own table does not excuse itself.

use alipes_transport::{Blame, Cause, Scope};

/// What a fault shall be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) cause: Cause,
    pub(crate) scope: Scope,
    pub(crate) blame: Blame,
}

macro_rules! diagnoses {
    ($($name:ident $cause:ident $scope:ident $blame:ident;)*) => {
        $(pub(crate) const $name: Diagnosis = Diagnosis {
            cause: Cause::$cause,
            scope: Scope::$scope,
            blame: Blame::$blame,
        };)*
    };
}

diagnoses! {
    NAME_NOT_FOUND    NameNotFound            Endpoint   User;
    RESOLVER_FAILED   ResolverFailed          Egress     LocalNetwork;
    OFFLINE           Offline                 Egress     LocalNetwork;
    REFUSED           Refused                 Address    Origin;
    UNREACHABLE       Unreachable             Address    LocalNetwork;
    TIMED_OUT         TimedOut                Address    LocalNetwork;
    RESET             Reset                   Connection LocalNetwork;
    CERTIFICATE       Certificate             Endpoint   User;
    INTERCEPTED       Intercepted             Egress     LocalNetwork;
    CLOCK_SKEW        ClockSkew               Egress     LocalNetwork;
    PROXY_REFUSED     ProxyRefused            Egress     Proxy;
    PROXY_AUTH        ProxyAuth               Egress     Proxy;
    NOT_AN_API        NotAnApi                Endpoint   User;
    CAPTIVE_PORTAL    CaptivePortal           Egress     LocalNetwork;
    NO_SUCH_ENDPOINT  NoSuchEndpoint          Endpoint   User;
    CHALLENGE         Challenge               Egress     Edge;
    UPGRADE_REFUSED   UpgradeRefused          Route      Edge;
    UNAUTHORIZED      Unauthorized            Account    User;
    NO_NEWER_TOKEN    SignInUnavailable       Account    Origin;
    FORBIDDEN         Forbidden               Account    User;
    RATE_LIMITED      RateLimited             Account    User;
    USAGE_LIMIT       UsageLimit              Account    User;
    OVERLOADED        Overloaded              Model      Origin;
    SERVER_ERROR      ServerError             Endpoint   Origin;
    INVALID_REQUEST   InvalidRequest          Request    Us;
    SILENT            Silent                  Connection Origin;
    STALLED           Stalled                 Connection Origin;
    CUT               Cut                     Connection Edge;
    EDGE_DEAD         EdgeDead                Connection Edge;
    STALE             StaleConnection         Connection Us;
    UNPROCESSED       Unprocessed             Connection Edge;
    EXPIRED           ConnectionExpired       Connection Origin;
    FORGOTTEN         UnknownPreviousResponse Connection Origin;
    MALFORMED         Malformed               Connection Origin;
    WHOLE_ANSWER      WholeAnswer             Endpoint   Origin;
    ENCODED_ANSWER    EncodedAnswer           Endpoint   Edge;
    INCOMPLETE        Incomplete              Request    Model;
    DEADLINE          Deadline                Request    User;
    QUOTA             Quota                   Account    User;
    BLOCKED           Blocked                 Egress     Edge;
    REGION            Region                  Egress     Edge;
    REDIRECTED        Redirected              Endpoint   User;
    EDGE_TIMEOUT      EdgeTimeout             Endpoint   Edge;
    CONTEXT_TOO_LONG  ContextTooLong          Request    User;
    FOREIGN_REASONING InvalidEncryptedContent Request    Us;
    NO_SUCH_MODEL     ModelUnavailable        Model      User;
    POLICY            Policy                  Request    User;
    TOO_LARGE         TooLarge                Request    User;
    ANSWER_TOO_LARGE  AnswerTooLarge          Request    Origin;
}
