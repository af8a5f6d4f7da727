//! The `SecAuditLog…` directives.

use std::path::{Path, PathBuf};

use babyshield_model::Diagnostic;

use super::action::word;
use super::lower::Lowering;
use crate::audit::{Format, Kind, Parts};
use crate::operator::regex::{Options, Pattern};
use crate::seclang::ast;

/// How `SecAuditLogRelevantStatus` is compiled.
pub(crate) const STATUS: Options = Options {
    ignore_case: false,
    groups: false,
    size: 1 << 20,
    steps: 10_000,
    prefilter: false,
};

const KINDS: [(&str, Kind); 3] = [
    ("Serial", Kind::Serial),
    ("Concurrent", Kind::Concurrent),
    ("Parallel", Kind::Concurrent),
];
const FORMATS: [(&str, Format); 2] = [("Native", Format::Native), ("JSON", Format::Json)];
const CODE: &str = "seclang.bad_audit";

/// Reads one of them, named in lower case.
pub(super) fn setting(own: &mut Lowering<'_>, item: &ast::Directive, name: &str, folder: &Path) {
    let Some(text) = own.one_argument(item) else {
        return;
    };
    match name {
        "secauditlog" => own.set.settings.audit_log.path = place(own, &text, folder),
        "secauditlog2" => own.set.settings.audit_log.second = place(own, &text, folder),
        "secauditlogstoragedir" => own.set.settings.audit_log.storage = place(own, &text, folder),
        "secauditlogtype" => kind(own, &text),
        "secauditlogformat" => {
            if let Some(format) = word(&text, &FORMATS, &mut own.faults) {
                own.set.settings.audit_log.format = format;
            }
        }
        "secauditlogparts" => match Parts::parse(text.value.trim()) {
            Some(parts) => own.set.settings.audit_log.parts = parts,
            None => own.fault(CODE, "the parts are the letters A to K and Z", text.span()),
        },
        "secauditlogrelevantstatus" => match Pattern::compile(&text.value, &STATUS) {
            Ok(_) => own.set.settings.audit_log.relevant = Some(text.value),
            Err(fault) => own.fault("seclang.bad_pattern", fault.to_string(), text.span()),
        },
        "secauditlogdirmode" => own.set.settings.audit_log.folder_mode = mode(own, &text),
        _ => own.set.settings.audit_log.file_mode = mode(own, &text),
    }
}

fn kind(own: &mut Lowering<'_>, text: &ast::Text) {
    if text.value.eq_ignore_ascii_case("https") {
        let message = "`SecAuditLogType HTTPS` is not supported: records are written to files; ship \
                       those";
        return own.fault(CODE, message, text.span());
    }
    if let Some(kind) = word(text, &KINDS, &mut own.faults) {
        own.set.settings.audit_log.kind = kind;
    }
}

/// A path, from the folder of the file that names it.
fn place(own: &mut Lowering<'_>, text: &ast::Text, folder: &Path) -> Option<PathBuf> {
    let value = text.value.trim();
    let reason = if value.is_empty() {
        "a path is needed"
    } else if value.starts_with('|') {
        "piped logs are not supported: rules may not run programs"
    } else if value.contains("://") {
        "addresses are not supported: records are written to files; ship those"
    } else {
        return Some(folder.join(value));
    };
    own.fault(CODE, reason, text.span());
    None
}

/// `0640`, or `default`.
fn mode(own: &mut Lowering<'_>, text: &ast::Text) -> Option<u32> {
    let value = text.value.trim();
    if value.eq_ignore_ascii_case("default") {
        return None;
    }
    let mode = u32::from_str_radix(value, 8)
        .ok()
        .filter(|own| *own <= 0o777);
    if mode.is_none() {
        let message = "a mode is `default` or octal digits, as in `0640`";
        own.faults
            .push(Diagnostic::error(CODE, message).at(text.span()));
    }
    mode
}
