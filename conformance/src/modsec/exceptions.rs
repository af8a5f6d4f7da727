//! What of the suite is not judged here, and why.

/// What libmodsecurity lets pass, by the diagnostic that refuses it here.
pub(super) const MISTAKES: [(&str, &str); 4] = [
    ("seclang.unclosed_quote", "a quote is never closed"),
    (
        "seclang.missing_id",
        "a rule has no id, which the manual requires",
    ),
    ("seclang.bad_pattern", "a pattern cannot be compiled"),
    (
        "seclang.selector_missing",
        "`XML` without an expression names no value",
    ),
];

/// Words of the debug log that the engine's steps do not come to, and why.
pub(super) const UNTOLD: [(&str, &str); 7] = [
    (
        "ENV:PATH",
        "the engine knows no environment but what `setenv` writes",
    ),
    (
        "ENV:MODSECURITY",
        "the engine knows no environment but what `setenv` writes",
    ),
    (
        "regex error 'MATCH_LIMIT'",
        "the pattern backtracks in libmodsecurity only; here it runs in linear time",
    ),
    (
        "Request was relevant to be saved",
        "libmodsecurity says this of every transaction, with an audit log or without",
    ),
    (
        "Multipart: Boundary: ",
        "a line of libmodsecurity's debug log that says nothing about rules",
    ),
    (
        "Invalid parameter after boundary",
        "a line of libmodsecurity's debug log about what it tolerates",
    ),
    (
        "no filename= but filename",
        "a warning of libmodsecurity's debug log; here the same body is a fault",
    ),
];

/// Cases about what libmodsecurity does otherwise than its manual says, or than is safe.
pub(super) const EXCEPTIONS: [(&str, &str); 19] = [
    (
        "action-block-1",
        "names the line before the mistake; here the mistake is refused at its own line",
    ),
    ("action-ctl_request_body_access-2", REQUEST_BODY),
    ("action-ctl_request_body_access-3", REQUEST_BODY),
    ("variable-REQUEST_BODY-1", REQUEST_BODY),
    ("collection-tx-with-macro-2", LOWER_CASE),
    ("variable-variation-count-2", LOWER_CASE),
    (
        "issue-1725-1",
        "DURATION counts milliseconds, as the manual says; libmodsecurity gives seconds",
    ),
    (
        "variable-GEO-16",
        "COUNTRY_CONTINENT is a code of two letters, as the manual says; libmodsecurity gives a name",
    ),
    (
        "issue-1812-1",
        "libmodsecurity undoes percent escapes in REQUEST_URI; here it is as sent, as the manual says",
    ),
    (
        "operator-ipMatchFromFile-3",
        "networks are read from disk only",
    ),
    ("operator-rx-4", LINEAR),
    ("operator-rx-5", LINEAR),
    ("operator-rx-6", LINEAR),
    (
        "request-body-parser-multipart-crlf-1",
        "libmodsecurity loses the line breaks inside this value; here they are kept",
    ),
    (
        "variable-FULL_REQUEST_LENGTH-1",
        "here FULL_REQUEST begins with the request line, as the manual says",
    ),
    (
        "rule-920200-1",
        "its rules stop the start here: a quote is never closed, so that two rules run into one",
    ),
    (
        "config-xml_external_entity-1",
        "the document declares an entity of its own, for which the whole is refused here",
    ),
    (
        "variable-XML-1",
        "the document declares an external entity, for which the whole is refused here",
    ),
    (
        "variable-RULE-7",
        "writes to IP without `initcol`; libmodsecurity then shares one record among all callers",
    ),
];
const REQUEST_BODY: &str = "REQUEST_BODY holds no multipart body unless \
    `ctl:forceRequestBodyVariable` asks for it, as the manual says; its parts are looked at";
const LOWER_CASE: &str = "names of values that a rule chooses are told in lower case";
const LINEAR: &str = "the pattern backtracks in libmodsecurity only; here it runs in linear time and \
    meets no limit";
