//! The tables of `docs/seclang.md` are those of the engine. `BLESS=1 cargo nextest run -p
//! babyshield-waf --test words` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fmt::Write as _;
use std::path::Path;

use babyshield_waf::hir::{self, Input, Status};
use babyshield_waf::source::Memory;

fn page() -> String {
    let mut text = String::from(
        "# The rule language\n\n\
         What becomes of each word of ModSecurity 3's rule language. This page is written by a test\n\
         (`crates/waf/tests/words.rs`). Whatever is not here is an error when rules are loaded.\n",
    );
    for section in hir::status() {
        write!(
            text,
            "\n## {}\n\n| word | here |\n|---|---|\n",
            section.title
        )
        .unwrap();
        for (word, status) in section.words {
            let says = match status {
                Status::Works => "works".to_owned(),
                Status::Elsewhere(why) => format!("read with a warning: {why}"),
                Status::Never(why) => format!("read, never true, and told: {why}"),
                Status::OnlyOff(why) => format!("only `Off`: {why}"),
                Status::LeftOut(why) => format!("**an error**: {why}"),
            };
            writeln!(text, "| `{word}` | {says} |").unwrap();
        }
    }
    text
}

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/seclang.md");
    #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page(),
        "docs/seclang.md is out of date; run with BLESS=1"
    );
}

/// Every word of ModSecurity 3.0.14's parser.
const DIRECTIVES: &str = "SecAction SecArgumentSeparator SecArgumentsLimit SecAuditEngine SecAuditLog \
    SecAuditLog2 SecAuditLogDirMode SecAuditLogFileMode SecAuditLogFormat SecAuditLogParts \
    SecAuditLogRelevantStatus SecAuditLogStorageDir SecAuditLogType SecCacheTransformations \
    SecChrootDir SecCollectionTimeout SecComponentSignature SecConnEngine SecConnReadStateLimit \
    SecConnWriteStateLimit SecContentInjection SecCookieFormat SecCookieV0Separator SecDataDir \
    SecDebugLog SecDebugLogLevel SecDefaultAction SecDisableBackendCompression SecGeoLookupDb \
    SecGsbLookupDb SecGuardianLog SecHashEngine SecHashKey SecHashMethodPm SecHashMethodRx \
    SecHashParam SecHttpBlKey SecInterceptOnError SecMarker SecPcreMatchLimit \
    SecPcreMatchLimitRecursion SecReadStateLimit SecRemoteRules SecRemoteRulesFailAction \
    SecRequestBodyAccess SecRequestBodyInMemoryLimit SecRequestBodyJsonDepthLimit \
    SecRequestBodyLimit SecRequestBodyLimitAction SecRequestBodyNoFilesLimit SecResponseBodyAccess \
    SecResponseBodyLimit SecResponseBodyLimitAction SecResponseBodyMimeType \
    SecResponseBodyMimeTypesClear SecRule SecRuleEngine SecRuleInheritance SecRulePerfTime \
    SecRuleRemoveById SecRuleRemoveByMsg SecRuleRemoveByTag SecRuleScript SecRuleUpdateActionById \
    SecRuleUpdateTargetById SecRuleUpdateTargetByMsg SecRuleUpdateTargetByTag SecSensorId \
    SecServerSignature SecStatusEngine SecStreamInBodyInspection SecStreamOutBodyInspection \
    SecTmpDir SecTmpSaveUploadedFiles SecUnicodeCodePage SecUnicodeMapFile SecUploadDir \
    SecUploadFileLimit SecUploadFileMode SecUploadKeepFiles SecWebAppId SecWriteStateLimit \
    SecXmlExternalEntity SecParseXmlIntoArgs";
const VARIABLES: &str = "ARGS ARGS_COMBINED_SIZE ARGS_GET ARGS_GET_NAMES ARGS_NAMES ARGS_POST \
    ARGS_POST_NAMES AUTH_TYPE DURATION ENV FILES FILES_COMBINED_SIZE FILES_NAMES FILES_SIZES \
    FILES_TMPNAMES FILES_TMP_CONTENT FULL_REQUEST FULL_REQUEST_LENGTH GEO GLOBAL HIGHEST_SEVERITY \
    INBOUND_DATA_ERROR IP MATCHED_VAR MATCHED_VAR_NAME MATCHED_VARS MATCHED_VARS_NAMES MODSEC_BUILD \
    MSC_PCRE_LIMITS_EXCEEDED MULTIPART_BOUNDARY_QUOTED MULTIPART_BOUNDARY_WHITESPACE \
    MULTIPART_CRLF_LF_LINES MULTIPART_DATA_AFTER MULTIPART_DATA_BEFORE \
    MULTIPART_FILE_LIMIT_EXCEEDED MULTIPART_FILENAME MULTIPART_HEADER_FOLDING \
    MULTIPART_INVALID_HEADER_FOLDING MULTIPART_INVALID_PART MULTIPART_INVALID_QUOTING \
    MULTIPART_LF_LINE MULTIPART_MISSING_SEMICOLON MULTIPART_NAME MULTIPART_PART_HEADERS \
    MULTIPART_STRICT_ERROR MULTIPART_UNMATCHED_BOUNDARY OUTBOUND_DATA_ERROR PATH_INFO QUERY_STRING \
    REMOTE_ADDR REMOTE_HOST REMOTE_PORT REMOTE_USER REQBODY_ERROR REQBODY_ERROR_MSG \
    REQBODY_PROCESSOR REQBODY_PROCESSOR_ERROR REQBODY_PROCESSOR_ERROR_MSG REQUEST_BASENAME \
    REQUEST_BODY REQUEST_BODY_LENGTH REQUEST_COOKIES REQUEST_COOKIES_NAMES REQUEST_FILENAME \
    REQUEST_HEADERS REQUEST_HEADERS_NAMES REQUEST_LINE REQUEST_METHOD REQUEST_PROTOCOL REQUEST_URI \
    REQUEST_URI_RAW RESOURCE RESPONSE_BODY RESPONSE_CONTENT_LENGTH RESPONSE_CONTENT_TYPE \
    RESPONSE_HEADERS RESPONSE_HEADERS_NAMES RESPONSE_PROTOCOL RESPONSE_STATUS RULE SERVER_ADDR \
    SERVER_NAME SERVER_PORT SESSION SESSIONID STATUS_LINE TIME TIME_DAY TIME_EPOCH TIME_HOUR TIME_MIN \
    TIME_MON TIME_SEC TIME_WDAY TIME_YEAR TX UNIQUE_ID URLENCODED_ERROR USER USERID WEBAPPID \
    WEBSERVER_ERROR_LOG XML";
const OPERATORS: &str = "beginsWith contains containsWord detectSQLi detectXSS endsWith eq fuzzyHash ge \
    geoLookup gsbLookup gt inspectFile ipMatch ipMatchF ipMatchFromFile le lt noMatch pm pmf \
    pmFromFile rbl rsub rx rxGlobal streq strmatch unconditionalMatch validateByteRange validateDTD \
    validateHash validateSchema validateUrlEncoding validateUtf8Encoding verifyCC verifyCPF verifySSN \
    verifySVNR within";
const ACTIONS: &str = "accuracy allow append auditlog block capture chain ctl deny deprecatevar drop exec \
    expirevar id initcol log logdata maturity msg multiMatch noauditlog nolog pass pause phase prepend \
    proxy redirect rev sanitiseArg sanitiseMatched sanitiseMatchedBytes sanitiseRequestHeader \
    sanitiseResponseHeader setenv setrsc setsid setuid setvar severity skip skipAfter status t tag ver \
    xmlns";
const CTL: &str = "auditEngine auditLogParts forceRequestBodyVariable requestBodyAccess \
    requestBodyProcessor responseBodyAccess ruleEngine ruleRemoveById ruleRemoveByTag \
    ruleRemoveTargetById ruleRemoveTargetByTag";

#[test]
fn no_word_of_modsecurity_is_forgotten() {
    let own = hir::status();
    for (title, words) in [
        ("Directives", DIRECTIVES),
        ("Variables", VARIABLES),
        ("Operators", OPERATORS),
        ("Actions", ACTIONS),
        ("Options of `ctl`", CTL),
    ] {
        let section = own.iter().find(|own| own.title == title).unwrap();
        let missing: Vec<_> = words
            .split_whitespace()
            .filter(|word| {
                !section
                    .words
                    .iter()
                    .any(|own| own.0.eq_ignore_ascii_case(word))
            })
            .collect();
        assert!(missing.is_empty(), "{title}: {missing:?}");
    }
}

#[test]
fn what_is_left_out_is_an_error_with_its_reason() {
    let load = |text: String| {
        let inputs = [Input::Text("x.conf".to_owned(), text)];
        match hir::lower(&inputs, &Memory::default(), 1000) {
            Ok(_) => String::new(),
            Err(faults) => faults.iter().map(|fault| fault.message.clone()).collect(),
        }
    };
    for section in hir::status() {
        for (word, status) in section.words {
            let why = match status {
                Status::LeftOut(why) => why,
                Status::OnlyOff(why) => {
                    assert!(load(format!("{word} On\n")).contains(why), "{word}");
                    assert_eq!(load(format!("{word} Off\n")), "", "{word}");
                    continue;
                }
                Status::Works | Status::Elsewhere(_) | Status::Never(_) => continue,
            };
            let said = load(match section.title {
                "Directives" => format!("{word} x\n"),
                "Variables" => format!("SecRule {word} \"@rx a\" \"id:1\"\n"),
                "Operators" => format!("SecRule ARGS \"@{word} a\" \"id:1\"\n"),
                _ => format!("SecRule ARGS \"@rx a\" \"id:1,{word}:a\"\n"),
            });
            assert!(said.contains(why), "{word}: {said:?}");
        }
    }
}

#[test]
fn lint_tells_what_is_probably_not_meant_and_nothing_else() {
    let codes = |text: &str| -> Vec<&'static str> {
        let inputs = [Input::Text("x.conf".to_owned(), text.to_owned())];
        let (set, _) = hir::lower(&inputs, &Memory::default(), 1000).unwrap();
        hir::lint(&set).iter().map(|own| own.code).collect()
    };
    let rule = |id: u8, operator: &str, actions: &str| {
        format!("SecRule ARGS \"{operator}\" \"id:{id},phase:2,{actions}\"\n")
    };
    assert_eq!(codes(&rule(1, "@rx a", "deny,log")), [""; 0]);
    assert_eq!(codes(&rule(1, "@rx a", "pass,nolog")), ["lint.useless"]);
    let lowered = "deny,t:none,t:lowercase";
    assert_eq!(codes(&rule(1, "@contains Ab", lowered)), ["lint.never"]);
    assert_eq!(codes(&rule(1, "!@contains Ab", lowered)), [""; 0]);
    assert_eq!(codes(&rule(1, "@contains ab", lowered)), [""; 0]);
    assert_eq!(codes(&rule(1, "@rx a(?=b)", "deny")), ["lint.backtracks"]);
    let twins = rule(1, "@rx a", "deny") + &rule(2, "@rx a", "pass,log");
    assert_eq!(codes(&twins), ["lint.twin"]);
    let gates = rule(1, "@rx a", "pass,nolog,skip:1") + &rule(2, "@rx a", "pass,nolog,skip:2");
    assert_eq!(codes(&gates), [""; 0]);
    let other = rule(1, "@rx a", "deny") + &rule(2, "@rx a", "deny,t:lowercase");
    assert_eq!(codes(&other), [""; 0]);
    let unread = rule(1, "@rx a", "pass,log,setvar:tx.x=1");
    assert_eq!(codes(&unread), ["lint.unread"]);
    assert_eq!(codes(&(unread + &rule(2, "@eq %{tx.X}", "deny"))), [""; 0]);
    assert_eq!(codes(&rule(2, "@eq %{tx.y}", "deny")), ["lint.unwritten"]);
    let made = rule(1, "@rx a", "pass,log,setvar:'tx.y_%{rule.id}=1'");
    assert_eq!(codes(&(made + &rule(2, "@eq %{tx.y_1}", "deny"))), [""; 0]);
}
