//! One directive at a time.

use std::path::Path;

use babyshield_model::{Diagnostic, Diagnostics};

use super::action::{AUDIT, ENGINES, RuleSelector, SWITCH, word};
use super::lower::{Lowering, did_you_mean};
use super::settings::BodyAction;
use super::update::{Change, Update};
use super::{Step, audit, rule};
use crate::operator::geo::Places;
use crate::seclang::ast;
use crate::transform::UnicodeMap;

/// Directives whose work is done elsewhere in a proxy, and where.
pub(super) const LEFT_OUT: [(&str, &str); 33] = [
    (
        "SecParseXmlIntoArgs",
        "say what of a document is looked at, as in `XML:/*` and `XML://@*`",
    ),
    ("SecArgsHashing", "hashing is not supported"),
    ("SecCacheTransformations", "values are always computed once"),
    (
        "SecChrootDir",
        "run the gateway in a container or under systemd's protections",
    ),
    ("SecConnEngine", "set connection limits in the policy"),
    (
        "SecConnReadStateLimit",
        "set connection limits in the policy",
    ),
    (
        "SecConnWriteStateLimit",
        "set connection limits in the policy",
    ),
    ("SecContentInjection", "rules may not rewrite responses"),
    (
        "SecDisableBackendCompression",
        "set `Accept-Encoding` handling in the policy",
    ),
    (
        "SecGsbLookupDb",
        "the Safe Browsing database it read is no longer published",
    ),
    ("SecGuardianLog", "rules may not run programs"),
    ("SecHashEngine", "hashing is not supported"),
    ("SecHashKey", "hashing is not supported"),
    ("SecHashMethodPm", "hashing is not supported"),
    ("SecHashMethodRx", "hashing is not supported"),
    ("SecHashParam", "hashing is not supported"),
    ("SecHttpBlKey", "give block lists in the policy"),
    ("SecInterceptOnError", "faults always refuse the request"),
    ("SecReadStateLimit", "set connection limits in the policy"),
    ("SecRemoteRules", "rules are read from disk only"),
    ("SecRemoteRulesFailAction", "rules are read from disk only"),
    ("SecRemoteTimeout", "rules are read from disk only"),
    ("SecRulePerfTime", "see `babyshield rules bench`"),
    ("SecRuleScript", "rules may not run programs"),
    ("SecSensorId", "events carry the host"),
    ("SecServerSignature", "set response headers in the policy"),
    ("SecStreamInBodyInspection", "bodies are judged whole"),
    ("SecStreamOutBodyInspection", "bodies are judged whole"),
    ("SecStatusEngine", "nothing is reported to anybody"),
    ("SecWriteStateLimit", "set connection limits in the policy"),
    (
        "SecUnicodeCodePage",
        "give `SecUnicodeMapFile` with its code page",
    ),
    ("SecConnDynamicLimit", "set connection limits in the policy"),
    ("SecRuleInheritance", "there is one rule set"),
];

/// Directives that may say `Off` alone, and why.
pub(super) const ONLY_OFF: [(&str, &str); 3] = [
    (
        "SecTmpSaveUploadedFiles",
        "uploads are never written to disk",
    ),
    ("SecUploadKeepFiles", "uploads are never written to disk"),
    ("SecXmlExternalEntity", "external entities are never read"),
];

/// Directives that are understood.
pub(super) const KNOWN: [&str; 55] = [
    "Include",
    "SecAction",
    "SecArgumentSeparator",
    "SecArgumentsLimit",
    "SecAuditEngine",
    "SecAuditLog",
    "SecAuditLog2",
    "SecAuditLogDirMode",
    "SecAuditLogFileMode",
    "SecAuditLogFormat",
    "SecAuditLogParts",
    "SecAuditLogRelevantStatus",
    "SecAuditLogStorageDir",
    "SecAuditLogType",
    "SecCollectionTimeout",
    "SecComponentSignature",
    "SecCookieFormat",
    "SecCookieV0Separator",
    "SecDataDir",
    "SecDebugLog",
    "SecDebugLogLevel",
    "SecDefaultAction",
    "SecGeoLookupDb",
    "SecMarker",
    "SecPcreMatchLimit",
    "SecPcreMatchLimitRecursion",
    "SecRequestBodyAccess",
    "SecRequestBodyInMemoryLimit",
    "SecRequestBodyJsonDepthLimit",
    "SecRequestBodyLimit",
    "SecRequestBodyLimitAction",
    "SecRequestBodyNoFilesLimit",
    "SecResponseBodyAccess",
    "SecResponseBodyLimit",
    "SecResponseBodyLimitAction",
    "SecResponseBodyMimeType",
    "SecResponseBodyMimeTypesClear",
    "SecRule",
    "SecRuleEngine",
    "SecRuleRemoveById",
    "SecRuleRemoveByMsg",
    "SecRuleRemoveByTag",
    "SecRuleUpdateActionById",
    "SecRuleUpdateTargetById",
    "SecRuleUpdateTargetByMsg",
    "SecRuleUpdateTargetByTag",
    "SecTmpDir",
    "SecTmpSaveUploadedFiles",
    "SecUnicodeMapFile",
    "SecUploadDir",
    "SecUploadFileLimit",
    "SecUploadFileMode",
    "SecUploadKeepFiles",
    "SecWebAppId",
    "SecXmlExternalEntity",
];

/// Reads one directive into `own`.
pub(super) fn lower(own: &mut Lowering<'_>, item: &ast::Directive, folder: &Path) {
    match item.name.value.to_ascii_lowercase().as_str() {
        "secrule" => rule::sec_rule(own, item, folder),
        "secaction" => rule::sec_action(own, item),
        "secmarker" => {
            if let Some(name) = own.one_argument(item) {
                own.end_chain();
                own.set.steps.push(Step::Marker(name.value));
            }
        }
        "secdefaultaction" => rule::default_action(own, item),
        "secruleremovebyid" => {
            let all = item.arguments.clone();
            if all.is_empty() {
                own.arity(item, "ids");
            }
            for text in all {
                let rules = RuleSelector::ids(&text, &mut own.faults);
                own.updates.push(Update {
                    rules,
                    change: Change::Remove,
                    text: String::new(),
                    span: text.span(),
                });
            }
        }
        "secruleremovebytag" => remove_by(own, item, RuleSelector::Tag),
        "secruleremovebymsg" => remove_by(own, item, RuleSelector::Message),
        "secruleupdatetargetbyid" | "secruleupdatetargetbytag" | "secruleupdatetargetbymsg" => {
            update_target(own, item);
        }
        "secruleupdateactionbyid" => update_action(own, item),
        _ => setting(own, item, folder),
    }
}

fn remove_by(
    own: &mut Lowering<'_>,
    item: &ast::Directive,
    make: impl FnOnce(String) -> RuleSelector,
) {
    if let Some(text) = own.one_argument(item) {
        let rules = RuleSelector::pattern(&text, make, &mut own.faults);
        own.updates.push(Update {
            rules,
            change: Change::Remove,
            text: String::new(),
            span: text.span(),
        });
    }
}

fn update_target(own: &mut Lowering<'_>, item: &ast::Directive) {
    let (rule, target, replaced) = match item.arguments.as_slice() {
        [rule, target] => (rule, target, None),
        [rule, target, replaced] => (rule, target, Some(replaced)),
        _ => return own.arity(item, "a rule, targets and perhaps the targets they replace"),
    };
    let faults = &mut own.faults;
    let rules = match item.name.value.to_ascii_lowercase().as_str() {
        "secruleupdatetargetbyid" => RuleSelector::ids(rule, faults),
        "secruleupdatetargetbytag" => RuleSelector::pattern(rule, RuleSelector::Tag, faults),
        _ => RuleSelector::pattern(rule, RuleSelector::Message, faults),
    };
    let targets = super::Targets::lower(target, faults);
    let text = match replaced {
        Some(replaced) => format!("{} in place of {}", target.value, replaced.value),
        None => target.value.clone(),
    };
    let replaced = replaced.map(|text| super::Targets::lower(text, faults));
    let change = Change::Target(targets, replaced);
    own.updates.push(Update {
        rules,
        change,
        text,
        span: rule.span(),
    });
}

fn update_action(own: &mut Lowering<'_>, item: &ast::Directive) {
    let [rule, actions] = item.arguments.as_slice() else {
        return own.arity(item, "a rule id and actions");
    };
    let rules = RuleSelector::ids(rule, &mut own.faults);
    let change = Change::Actions(actions.clone());
    own.updates.push(Update {
        rules,
        change,
        text: String::new(),
        span: rule.span(),
    });
}

/// Settings, each read at once.
#[expect(clippy::too_many_lines, reason = "a table of directives")]
fn setting(own: &mut Lowering<'_>, item: &ast::Directive, folder: &Path) {
    let name = item.name.value.to_ascii_lowercase();
    if name == "secresponsebodymimetype" {
        own.set.settings.response_types = item
            .arguments
            .iter()
            .map(|text| text.value.to_ascii_lowercase())
            .collect();
        return;
    }
    if name == "secresponsebodymimetypesclear" {
        own.set.settings.response_types.clear();
        return;
    }
    let Some(known) = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&name)) else {
        return own.faults.push(unknown(&item.name));
    };
    if *known == "SecUnicodeMapFile" {
        return unicode_map(own, item, folder);
    }
    if *known == "SecGeoLookupDb" {
        return places(own, item, folder);
    }
    if name.starts_with("secauditlog") {
        return audit::setting(own, item, &name, folder);
    }
    if *known == "SecCookieV0Separator" {
        return;
    }
    let Some(text) = own.one_argument(item) else {
        return;
    };
    let faults = &mut own.faults;
    let settings = &mut own.set.settings;
    match name.as_str() {
        "secruleengine" => {
            settings.engine = word(&text, &ENGINES, faults).unwrap_or(settings.engine);
        }
        "secrequestbodyaccess" => {
            settings.request_body = word(&text, &SWITCH, faults).unwrap_or(true);
        }
        "secresponsebodyaccess" => settings.response_body = word(&text, &SWITCH, faults),
        "secrequestbodylimit" => settings.request_limit = number(&text, faults),
        "secrequestbodynofileslimit" => settings.no_files_limit = number(&text, faults),
        "secresponsebodylimit" => settings.response_limit = number(&text, faults),
        "secrequestbodylimitaction" => {
            settings.request_action =
                word(&text, &BODY_ACTIONS, faults).unwrap_or(settings.request_action);
        }
        "secresponsebodylimitaction" => {
            settings.response_action =
                word(&text, &BODY_ACTIONS, faults).unwrap_or(settings.response_action);
        }
        "secrequestbodyjsondepthlimit" => {
            settings.json_depth = number(&text, faults).and_then(|n| usize::try_from(n).ok());
        }
        "secargumentslimit" => {
            settings.arguments = number(&text, faults).and_then(|n| usize::try_from(n).ok());
        }
        "secargumentseparator" => match text.value.as_bytes() {
            [one] => settings.separator = *one,
            _ => own.fault(
                "seclang.bad_word",
                "a separator is one character",
                text.span(),
            ),
        },
        "secauditengine" => {
            settings.audit = word(&text, &AUDIT, faults).unwrap_or(settings.audit);
        }
        "secuploadfilelimit" => {
            settings.files = number(&text, faults).and_then(|n| usize::try_from(n).ok());
        }
        "seccollectiontimeout" => {
            settings.collection_timeout = number(&text, faults).unwrap_or(3600);
        }
        "seccomponentsignature" => settings.components.push(text.value),
        "secwebappid" => settings.webapp = text.value,
        "secpcrematchlimit" => {
            settings.regex_steps = number(&text, faults).and_then(|n| usize::try_from(n).ok());
        }
        "seccookieformat" if text.value != "0" => {
            own.fault(
                "seclang.bad_word",
                "only cookie format 0 is in use",
                text.span(),
            );
        }
        _ => match ONLY_OFF.iter().find(|(only, _)| only == known) {
            Some((only, why)) => only_off(own, only, why, &text),
            None => elsewhere(own, known, &item.name),
        },
    }
}

fn only_off(own: &mut Lowering<'_>, name: &str, why: &str, text: &ast::Text) {
    if word(text, &SWITCH, &mut own.faults) == Some(true) {
        let message = format!("`{name} On` is not supported: {why}");
        own.fault("seclang.unknown_directive", message, text.span());
    }
}

/// A file in the format of ModSecurity's `unicode.mapping`, and the code page to take from it.
fn unicode_map(own: &mut Lowering<'_>, item: &ast::Directive, folder: &Path) {
    let [file, page] = item.arguments.as_slice() else {
        return own.arity(item, "a map file and a code page");
    };
    let page = number(page, &mut own.faults).and_then(|page| u32::try_from(page).ok());
    let Some(page) = page else { return };
    let path = folder.join(&file.value);
    let read = own
        .files
        .read(&path)
        .map_err(|fault| format!("cannot read map file `{}`: {fault}", path.display()));
    let map = read.and_then(|text| UnicodeMap::parse(&String::from_utf8_lossy(&text), page));
    match map {
        Ok(map) => own.set.settings.unicode = map,
        Err(message) => own.fault("seclang.data_file", message, file.span()),
    }
}

/// A database in MaxMind's format.
fn places(own: &mut Lowering<'_>, item: &ast::Directive, folder: &Path) {
    let Some(text) = own.one_argument(item) else {
        return;
    };
    let path = folder.join(text.value.trim());
    let read = own.files.read(&path).map_err(|fault| fault.to_string());
    match read.and_then(Places::read) {
        Ok(places) => own.set.settings.places = Some(places),
        Err(fault) => {
            let message = format!("cannot read `{}`: {fault}", path.display());
            own.fault("seclang.data_file", message, text.span());
        }
    }
}

/// Understood, but said in the policy file instead: a warning, so that nothing is lost silently.
fn elsewhere(own: &mut Lowering<'_>, known: &str, name: &ast::Text) {
    if known != "SecCookieFormat" {
        own.faults.push(
            Diagnostic::warning("seclang.elsewhere", format!("`{known}` has no effect here"))
                .at(name.span())
                .help("logs, directories and memory limits are set in the policy file"),
        );
    }
}

const BODY_ACTIONS: [(&str, BodyAction); 2] = [
    ("Reject", BodyAction::Reject),
    ("ProcessPartial", BodyAction::ProcessPartial),
];

fn number(text: &ast::Text, faults: &mut Diagnostics) -> Option<u64> {
    let found = text.value.trim().parse().ok();
    if found.is_none() {
        let message = format!("`{}` is not a whole number", text.value);
        faults.push(Diagnostic::error("seclang.bad_number", message).at(text.span()));
    }
    found
}

fn unknown(name: &ast::Text) -> Diagnostic {
    let code = "seclang.unknown_directive";
    if name.value.starts_with('<') {
        return Diagnostic::error(
            code,
            "Apache's containers are not part of the rule language",
        )
        .at(name.span())
        .help("take the rules out of the container");
    }
    let left_out = LEFT_OUT
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(&name.value));
    match left_out {
        Some((own, why)) => {
            Diagnostic::error(code, format!("directive `{own}` is not supported: {why}"))
        }
        None => {
            let fault = Diagnostic::error(code, format!("unknown directive `{}`", name.value));
            did_you_mean(fault, &name.value, KNOWN)
        }
    }
    .at(name.span())
}
