//! What rules can look at.

/// How a variable's values are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value, no selector.
    Scalar,
    /// Named values; a selector picks among them.
    Collection,
    /// Several collections read one after the other.
    Union,
    /// Named values kept in slots of the transaction or in a persistent store, changed by rules.
    Mutable,
}

macro_rules! variables {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $shape:ident;)*) => {
        /// A variable of the rule language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the language's own words, listed in docs/seclang.md")]
        pub enum Variable { $($name,)* }

        impl Variable {
            /// Every variable, in the order of their discriminants.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in rule files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How its values are held.
            #[must_use]
            pub fn shape(self) -> Shape {
                match self { $(Self::$name => Shape::$shape,)* }
            }
        }
    };
}

variables! {
    Args = "ARGS", Union;
    ArgsCombinedSize = "ARGS_COMBINED_SIZE", Scalar;
    ArgsGet = "ARGS_GET", Collection;
    ArgsGetNames = "ARGS_GET_NAMES", Collection;
    ArgsNames = "ARGS_NAMES", Union;
    ArgsPost = "ARGS_POST", Collection;
    ArgsPostNames = "ARGS_POST_NAMES", Collection;
    AuthType = "AUTH_TYPE", Scalar;
    Duration = "DURATION", Scalar;
    Env = "ENV", Collection;
    Files = "FILES", Collection;
    FilesCombinedSize = "FILES_COMBINED_SIZE", Scalar;
    FilesNames = "FILES_NAMES", Collection;
    FilesSizes = "FILES_SIZES", Collection;
    FilesTmpContent = "FILES_TMP_CONTENT", Collection;
    FullRequest = "FULL_REQUEST", Scalar;
    FullRequestLength = "FULL_REQUEST_LENGTH", Scalar;
    Geo = "GEO", Collection;
    Global = "GLOBAL", Mutable;
    HighestSeverity = "HIGHEST_SEVERITY", Scalar;
    InboundDataError = "INBOUND_DATA_ERROR", Scalar;
    Ip = "IP", Mutable;
    MatchedVar = "MATCHED_VAR", Scalar;
    MatchedVarName = "MATCHED_VAR_NAME", Scalar;
    MatchedVars = "MATCHED_VARS", Collection;
    MatchedVarsNames = "MATCHED_VARS_NAMES", Collection;
    ModsecBuild = "MODSEC_BUILD", Scalar;
    MscPcreError = "MSC_PCRE_ERROR", Scalar;
    MscPcreLimitsExceeded = "MSC_PCRE_LIMITS_EXCEEDED", Scalar;
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED", Scalar;
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE", Scalar;
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES", Scalar;
    MultipartDataAfter = "MULTIPART_DATA_AFTER", Scalar;
    MultipartDataBefore = "MULTIPART_DATA_BEFORE", Scalar;
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED", Scalar;
    MultipartFilename = "MULTIPART_FILENAME", Collection;
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING", Scalar;
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING", Scalar;
    MultipartInvalidPart = "MULTIPART_INVALID_PART", Scalar;
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING", Scalar;
    MultipartLfLine = "MULTIPART_LF_LINE", Scalar;
    MultipartMissingSemicolon = "MULTIPART_MISSING_SEMICOLON", Scalar;
    MultipartName = "MULTIPART_NAME", Collection;
    MultipartPartHeaders = "MULTIPART_PART_HEADERS", Collection;
    MultipartStrictError = "MULTIPART_STRICT_ERROR", Scalar;
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY", Scalar;
    OutboundDataError = "OUTBOUND_DATA_ERROR", Scalar;
    PathInfo = "PATH_INFO", Scalar;
    QueryString = "QUERY_STRING", Scalar;
    RemoteAddr = "REMOTE_ADDR", Scalar;
    RemoteHost = "REMOTE_HOST", Scalar;
    RemotePort = "REMOTE_PORT", Scalar;
    RemoteUser = "REMOTE_USER", Scalar;
    ReqbodyError = "REQBODY_ERROR", Scalar;
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG", Scalar;
    ReqbodyProcessor = "REQBODY_PROCESSOR", Scalar;
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR", Scalar;
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG", Scalar;
    RequestBasename = "REQUEST_BASENAME", Scalar;
    RequestBody = "REQUEST_BODY", Scalar;
    RequestBodyLength = "REQUEST_BODY_LENGTH", Scalar;
    RequestCookies = "REQUEST_COOKIES", Collection;
    RequestCookiesNames = "REQUEST_COOKIES_NAMES", Collection;
    RequestFilename = "REQUEST_FILENAME", Scalar;
    RequestHeaders = "REQUEST_HEADERS", Collection;
    RequestHeadersNames = "REQUEST_HEADERS_NAMES", Collection;
    RequestLine = "REQUEST_LINE", Scalar;
    RequestMethod = "REQUEST_METHOD", Scalar;
    RequestProtocol = "REQUEST_PROTOCOL", Scalar;
    RequestUri = "REQUEST_URI", Scalar;
    RequestUriRaw = "REQUEST_URI_RAW", Scalar;
    Resource = "RESOURCE", Mutable;
    ResponseBody = "RESPONSE_BODY", Scalar;
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH", Scalar;
    ResponseContentType = "RESPONSE_CONTENT_TYPE", Scalar;
    ResponseHeaders = "RESPONSE_HEADERS", Collection;
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES", Collection;
    ResponseProtocol = "RESPONSE_PROTOCOL", Scalar;
    ResponseStatus = "RESPONSE_STATUS", Scalar;
    Rule = "RULE", Collection;
    ServerAddr = "SERVER_ADDR", Scalar;
    ServerName = "SERVER_NAME", Scalar;
    ServerPort = "SERVER_PORT", Scalar;
    Session = "SESSION", Mutable;
    SessionId = "SESSIONID", Scalar;
    StatusLine = "STATUS_LINE", Scalar;
    Time = "TIME", Scalar;
    TimeDay = "TIME_DAY", Scalar;
    TimeEpoch = "TIME_EPOCH", Scalar;
    TimeHour = "TIME_HOUR", Scalar;
    TimeMin = "TIME_MIN", Scalar;
    TimeMon = "TIME_MON", Scalar;
    TimeSec = "TIME_SEC", Scalar;
    TimeWday = "TIME_WDAY", Scalar;
    TimeYear = "TIME_YEAR", Scalar;
    Tx = "TX", Mutable;
    UniqueId = "UNIQUE_ID", Scalar;
    UrlencodedError = "URLENCODED_ERROR", Scalar;
    User = "USER", Mutable;
    UserId = "USERID", Scalar;
    WebappId = "WEBAPPID", Scalar;
    Xml = "XML", Collection;
}

/// Names other engines give to the same thing.
const ALIASES: [(&str, Variable); 4] = [
    ("REQUEST_BODY_PROCESSOR", Variable::ReqbodyProcessor),
    ("REQBODY_ERROR_MESSAGE", Variable::ReqbodyErrorMsg),
    (
        "MULTIPART_SEMICOLON_MISSING",
        Variable::MultipartMissingSemicolon,
    ),
    ("FILES_TMPCONTENT", Variable::FilesTmpContent),
];

/// Variables of ModSecurity that have no meaning in a proxy, and why.
pub const LEFT_OUT: [(&str, &str); 13] = [
    (
        "WEBSERVER_ERROR_LOG",
        "the gateway tells its errors to its own log and the event store",
    ),
    (
        "FILES_TMPNAMES",
        "uploads are never written to disk, so they have no temporary names",
    ),
    ("PATH_TRANSLATED", "a proxy serves no files"),
    ("SCRIPT_BASENAME", "a proxy runs no scripts"),
    ("SCRIPT_FILENAME", "a proxy runs no scripts"),
    ("SCRIPT_GID", "a proxy runs no scripts"),
    ("SCRIPT_GROUPNAME", "a proxy runs no scripts"),
    ("SCRIPT_MODE", "a proxy runs no scripts"),
    ("SCRIPT_UID", "a proxy runs no scripts"),
    ("SCRIPT_USERNAME", "a proxy runs no scripts"),
    ("PERF_ALL", "times are in the metrics, not in rules"),
    (
        "STREAM_INPUT_BODY",
        "bodies are judged whole; use REQUEST_BODY",
    ),
    (
        "STREAM_OUTPUT_BODY",
        "bodies are judged whole; use RESPONSE_BODY",
    ),
];

impl Variable {
    /// How many variables there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Finds a variable by name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let own = Self::ALL
            .iter()
            .find(|variable| variable.name().eq_ignore_ascii_case(name));
        own.copied().or_else(|| {
            let alias = ALIASES
                .iter()
                .find(|(alias, _)| alias.eq_ignore_ascii_case(name));
            alias.map(|(_, variable)| *variable)
        })
    }

    /// Its place in tables of [`Variable::COUNT`] entries.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The names of these arguments, for `ARGS` and its like.
    #[must_use]
    pub fn names(self) -> Option<Self> {
        match self {
            Self::Args => Some(Self::ArgsNames),
            Self::ArgsGet => Some(Self::ArgsGetNames),
            Self::ArgsPost => Some(Self::ArgsPostNames),
            _ => None,
        }
    }

    /// The collections a union is made of; for anything else, itself alone.
    #[must_use]
    pub fn members(self) -> &'static [Self] {
        match self {
            Self::Args => &[Self::ArgsGet, Self::ArgsPost],
            Self::ArgsNames => &[Self::ArgsGetNames, Self::ArgsPostNames],
            other => Self::ALL
                .get(other.index()..=other.index())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_found_by_its_own_name() {
        for (index, variable) in Variable::ALL.iter().enumerate() {
            assert_eq!(
                Variable::parse(&variable.name().to_lowercase()),
                Some(*variable)
            );
            assert_eq!(variable.index(), index);
        }
    }

    #[test]
    fn a_union_is_its_members_and_others_are_themselves() {
        assert_eq!(
            Variable::Args.members(),
            [Variable::ArgsGet, Variable::ArgsPost]
        );
        assert_eq!(Variable::Tx.members(), [Variable::Tx]);
    }
}
