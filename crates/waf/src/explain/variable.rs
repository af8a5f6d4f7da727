//! What rules look at, in words.

use crate::hir::{Selector, Target};
use crate::variable::Variable;

/// One target in words, with its name in rule files.
pub(super) fn looks_at(target: &Target) -> String {
    let (whole, one) = words(target.variable);
    let name = target.variable.name();
    let (words, name) = match &target.selector {
        Selector::All => (whole.to_owned(), name.to_owned()),
        Selector::Name(own) => (format!("{one} `{own}`"), format!("{name}:{own}")),
        Selector::Pattern(own) => (
            format!("{one} of any name in which the pattern `{own}` is found"),
            format!("{name}:/{own}/"),
        ),
        Selector::Path(own) => (path(own), format!("{name}:{own}")),
    };
    if target.count {
        format!("how many there are of: {words} (&{name})")
    } else {
        format!("{words} ({name})")
    }
}

/// The expressions rule sets use, by name; any other as it is.
fn path(own: &str) -> String {
    match own {
        "/*" => "all text of an XML body".to_owned(),
        "//@*" => "every attribute of an XML body".to_owned(),
        "//text()" => "every text of an XML body".to_owned(),
        other => format!("what the XPath expression `{other}` picks from an XML body"),
    }
}

/// All values of a variable, and one of them that has a name.
#[expect(clippy::too_many_lines, reason = "a table of variables")]
fn words(variable: Variable) -> (&'static str, &'static str) {
    match variable {
        Variable::Args => (
            "every parameter, of the query and of the body",
            "the parameter",
        ),
        Variable::ArgsCombinedSize => (
            "the length of all parameters together",
            "the length of all parameters together",
        ),
        Variable::ArgsGet => ("every parameter of the query", "the query's parameter"),
        Variable::ArgsGetNames => (
            "every name of a parameter of the query",
            "the query's parameter name",
        ),
        Variable::ArgsNames => (
            "every name of a parameter, of the query and of the body",
            "the parameter name",
        ),
        Variable::ArgsPost => ("every parameter of the body", "the body's parameter"),
        Variable::ArgsPostNames => (
            "every name of a parameter of the body",
            "the body's parameter name",
        ),
        Variable::AuthType => (
            "the scheme of the credentials",
            "the scheme of the credentials",
        ),
        Variable::Duration => (
            "the milliseconds since the request began",
            "the milliseconds since the request began",
        ),
        Variable::Env => (
            "every variable that rules have set in the environment",
            "the environment's variable",
        ),
        Variable::Files => (
            "every name that an uploaded file has on the caller's side",
            "the name of the file uploaded as",
        ),
        Variable::FilesCombinedSize => (
            "the size of all uploaded files together",
            "the size of all uploaded files together",
        ),
        Variable::FilesNames => (
            "every name of a form's field that uploads a file",
            "the field that uploads a file",
        ),
        Variable::FilesSizes => (
            "the size of every uploaded file",
            "the size of the file uploaded as",
        ),
        Variable::FilesTmpContent => (
            "the content of every uploaded file",
            "the content of the file uploaded as",
        ),
        Variable::FullRequest => (
            "the whole request, line, header and body",
            "the whole request, line, header and body",
        ),
        Variable::FullRequestLength => (
            "the length of the whole request",
            "the length of the whole request",
        ),
        Variable::Geo => (
            "everything known of the place of an address",
            "of the place of an address, its",
        ),
        Variable::Global => (
            "every variable kept for all requests",
            "the variable kept for all requests",
        ),
        Variable::HighestSeverity => (
            "the worst severity of a matched rule, as a number",
            "the worst severity of a matched rule, as a number",
        ),
        Variable::InboundDataError => (
            "whether the body was longer than what is looked at",
            "whether the body was longer than what is looked at",
        ),
        Variable::Ip => (
            "every variable kept for the caller's address",
            "the variable kept for the caller's address",
        ),
        Variable::MatchedVar => ("the value that matched last", "the value that matched last"),
        Variable::MatchedVarName => (
            "the name of the field that matched last",
            "the name of the field that matched last",
        ),
        Variable::MatchedVars => (
            "every value that matched in this chain",
            "the matched value of",
        ),
        Variable::MatchedVarsNames => (
            "the name of every field that matched in this chain",
            "the matched field",
        ),
        Variable::ModsecBuild => (
            "the version of the rule engine",
            "the version of the rule engine",
        ),
        Variable::MscPcreError => (
            "whether a pattern ran out of steps",
            "whether a pattern ran out of steps",
        ),
        Variable::MscPcreLimitsExceeded => (
            "whether a pattern ran out of steps",
            "whether a pattern ran out of steps",
        ),
        Variable::MultipartBoundaryQuoted => (
            "whether the boundary of a multipart body is quoted",
            "whether the boundary of a multipart body is quoted",
        ),
        Variable::MultipartBoundaryWhitespace => (
            "whether the boundary of a multipart body has white space in it",
            "whether the boundary of a multipart body has white space in it",
        ),
        Variable::MultipartCrlfLfLines => (
            "whether a multipart body ends its lines in both ways",
            "whether a multipart body ends its lines in both ways",
        ),
        Variable::MultipartDataAfter => (
            "whether a multipart body goes on behind its end",
            "whether a multipart body goes on behind its end",
        ),
        Variable::MultipartDataBefore => (
            "whether a multipart body begins before its first part",
            "whether a multipart body begins before its first part",
        ),
        Variable::MultipartFileLimitExceeded => (
            "whether a multipart body has too many parts",
            "whether a multipart body has too many parts",
        ),
        Variable::MultipartFilename => (
            "every file name in a multipart body",
            "the file name of the part",
        ),
        Variable::MultipartHeaderFolding => (
            "whether a part's header goes on over a line end",
            "whether a part's header goes on over a line end",
        ),
        Variable::MultipartInvalidHeaderFolding => (
            "whether a part's header goes on over a line end wrongly",
            "whether a part's header goes on over a line end wrongly",
        ),
        Variable::MultipartInvalidPart => (
            "whether a part of a multipart body is broken",
            "whether a part of a multipart body is broken",
        ),
        Variable::MultipartInvalidQuoting => (
            "whether a part's header has broken quotes",
            "whether a part's header has broken quotes",
        ),
        Variable::MultipartLfLine => (
            "whether a multipart body ends lines in LF alone",
            "whether a multipart body ends lines in LF alone",
        ),
        Variable::MultipartMissingSemicolon => (
            "whether a multipart type lacks a semicolon",
            "whether a multipart type lacks a semicolon",
        ),
        Variable::MultipartName => (
            "every field name in a multipart body",
            "the field name of the part",
        ),
        Variable::MultipartPartHeaders => (
            "every header line of a multipart body's parts",
            "the header lines of the part",
        ),
        Variable::MultipartStrictError => (
            "whether a multipart body can be read in two ways",
            "whether a multipart body can be read in two ways",
        ),
        Variable::MultipartUnmatchedBoundary => (
            "whether a multipart body has a line that looks like a boundary and is none",
            "whether a multipart body has a line that looks like a boundary and is none",
        ),
        Variable::OutboundDataError => (
            "whether the response's body was longer than what is looked at",
            "whether the response's body was longer than what is looked at",
        ),
        Variable::PathInfo => (
            "the part of the path behind a program's name",
            "the part of the path behind a program's name",
        ),
        Variable::QueryString => ("the query as sent", "the query as sent"),
        Variable::RemoteAddr => ("the caller's address", "the caller's address"),
        Variable::RemoteHost => (
            "the caller's address, as a host",
            "the caller's address, as a host",
        ),
        Variable::RemotePort => ("the caller's port", "the caller's port"),
        Variable::RemoteUser => (
            "the name of the caller, once known",
            "the name of the caller, once known",
        ),
        Variable::ReqbodyError => (
            "whether the body could not be read as what it says it is",
            "whether the body could not be read as what it says it is",
        ),
        Variable::ReqbodyErrorMsg => (
            "why the body could not be read",
            "why the body could not be read",
        ),
        Variable::ReqbodyProcessor => ("how the body was read", "how the body was read"),
        Variable::ReqbodyProcessorError => (
            "whether the body could not be taken apart",
            "whether the body could not be taken apart",
        ),
        Variable::ReqbodyProcessorErrorMsg => (
            "why the body could not be taken apart",
            "why the body could not be taken apart",
        ),
        Variable::RequestBasename => ("the last part of the path", "the last part of the path"),
        Variable::RequestBody => ("the body as sent", "the body as sent"),
        Variable::RequestBodyLength => ("the length of the body", "the length of the body"),
        Variable::RequestCookies => ("every cookie", "the cookie"),
        Variable::RequestCookiesNames => ("every cookie's name", "the cookie name"),
        Variable::RequestFilename => ("the path, without the query", "the path, without the query"),
        Variable::RequestHeaders => ("every field of the header", "the header field"),
        Variable::RequestHeadersNames => ("every name of a header field", "the header field name"),
        Variable::RequestLine => ("the request line", "the request line"),
        Variable::RequestMethod => ("the method", "the method"),
        Variable::RequestProtocol => ("the protocol's version", "the protocol's version"),
        Variable::RequestUri => ("path and query", "path and query"),
        Variable::RequestUriRaw => ("the target as sent", "the target as sent"),
        Variable::Resource => (
            "every variable kept for the resource",
            "the variable kept for the resource",
        ),
        Variable::ResponseBody => ("the response's body", "the response's body"),
        Variable::ResponseContentLength => (
            "the length of the response's body",
            "the length of the response's body",
        ),
        Variable::ResponseContentType => (
            "the type of the response's body",
            "the type of the response's body",
        ),
        Variable::ResponseHeaders => (
            "every field of the response's header",
            "the response's header field",
        ),
        Variable::ResponseHeadersNames => (
            "every name of a field of the response's header",
            "the response's header field name",
        ),
        Variable::ResponseProtocol => (
            "the response's protocol version",
            "the response's protocol version",
        ),
        Variable::ResponseStatus => ("the response's status", "the response's status"),
        Variable::Rule => (
            "everything this rule says of itself",
            "of what this rule says of itself, its",
        ),
        Variable::ServerAddr => (
            "the address the caller connected to",
            "the address the caller connected to",
        ),
        Variable::ServerName => (
            "the host the caller asked for",
            "the host the caller asked for",
        ),
        Variable::ServerPort => (
            "the port the caller connected to",
            "the port the caller connected to",
        ),
        Variable::Session => (
            "every variable kept for the session",
            "the variable kept for the session",
        ),
        Variable::SessionId => ("the session's id", "the session's id"),
        Variable::StatusLine => ("the response's status line", "the response's status line"),
        Variable::Time => ("the time of day", "the time of day"),
        Variable::TimeDay => ("the day of the month", "the day of the month"),
        Variable::TimeEpoch => ("the seconds since 1970", "the seconds since 1970"),
        Variable::TimeHour => ("the hour", "the hour"),
        Variable::TimeMin => ("the minute", "the minute"),
        Variable::TimeMon => ("the month", "the month"),
        Variable::TimeSec => ("the second", "the second"),
        Variable::TimeWday => ("the day of the week", "the day of the week"),
        Variable::TimeYear => ("the year", "the year"),
        Variable::Tx => ("every variable of this request", "this request's variable"),
        Variable::UniqueId => ("the request's id", "the request's id"),
        Variable::UrlencodedError => (
            "whether the query or a form has a broken percent escape",
            "whether the query or a form has a broken percent escape",
        ),
        Variable::User => (
            "every variable kept for the user",
            "the variable kept for the user",
        ),
        Variable::UserId => ("the user's id", "the user's id"),
        Variable::WebappId => (
            "the name of the application, as the rules set it",
            "the name of the application, as the rules set it",
        ),
        Variable::Xml => ("every piece of an XML body", "of an XML body,"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_and_counts_are_told() {
        let told = |variable, selector, count| {
            looks_at(&Target {
                variable,
                selector,
                count,
            })
        };
        assert_eq!(
            told(Variable::Args, Selector::Name("q".to_owned()), false),
            "the parameter `q` (ARGS:q)"
        );
        assert_eq!(
            told(Variable::RequestHeaders, Selector::All, true),
            "how many there are of: every field of the header (&REQUEST_HEADERS)"
        );
        assert_eq!(
            told(Variable::Xml, Selector::Path("/*".to_owned()), false),
            "all text of an XML body (XML:/*)"
        );
    }
}
