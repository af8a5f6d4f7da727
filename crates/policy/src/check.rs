//! What no single key can know: keys that contradict each other, names that lead nowhere.

mod overlap;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use babyshield_model::{Diagnostic, Diagnostics, Span, nearest};

use crate::read::Setting;
use crate::spec::{Named, Spec};

/// The name that means no limit; no limit can have it.
pub(crate) const NO_LIMIT: &str = "off";

/// Every fault and warning of a document whose keys are well-formed by themselves.
pub(crate) fn check(spec: &Spec) -> Diagnostics {
    let mut found = Diagnostics::new();
    listeners(spec, &mut found);
    limits(spec, &mut found);
    rule_files(spec, &mut found);
    overlap::check(&spec.routes, &mut found);
    found
}

fn place(mut diagnostic: Diagnostic, span: Option<&Span>) -> Diagnostic {
    diagnostic.span = span.cloned();
    diagnostic
}

fn listeners(spec: &Spec, found: &mut Diagnostics) {
    let mut taken: HashMap<SocketAddr, &str> = HashMap::new();
    for listen in &spec.listen.value {
        if listen.address.port() != 0 && taken.insert(listen.address, "listen").is_some() {
            let message = format!("{} is listed twice", listen.address);
            found.push(place(
                Diagnostic::error("policy.duplicate", message),
                listen.span(),
            ));
        }
        if listen.tls && spec.tls.is_empty() {
            let message = format!("{} speaks TLS, but there is no certificate", listen.address);
            let fault = Diagnostic::error("policy.no_certificate", message)
                .help("add a `[[tls]]` table with `cert` and `key`");
            found.push(place(fault, listen.span()));
        }
    }
    let admin = &spec.admin.listen;
    if taken.contains_key(&admin.value) && admin.value.port() != 0 {
        let message = format!("{} is already taken by `listen`", admin.value);
        let fault = Diagnostic::error("policy.duplicate", message)
            .help("the dashboard needs a listener of its own");
        found.push(place(fault, admin.span()));
    }
    if !admin.ip().is_loopback() {
        let message = format!(
            "the dashboard on {} can be reached from other machines",
            admin.value
        );
        let fault = Diagnostic::warning("policy.open_dashboard", message)
            .help("it speaks no TLS; listen on 127.0.0.1 and forward the port over SSH");
        found.push(place(fault, admin.span()));
    }
    if !spec.tls.is_empty() && !spec.listen.iter().any(|listen| listen.tls) {
        let fault = Diagnostic::warning("policy.unused", "no listener uses this certificate")
            .help("write `listen = [{ address = \"0.0.0.0:443\", tls = true }]`");
        found.extend(spec.tls.iter().map(|tls| place(fault.clone(), tls.span())));
    }
}

fn limits(spec: &Spec, found: &mut Diagnostics) {
    let named = &spec.limits.named;
    let wanted = spec.routes.iter().filter_map(|route| route.limit.as_ref());
    let wanted: Vec<&Setting<String>> = wanted.flat_map(|list| &list.value).collect();
    for name in &wanted {
        if !is_known(named, name) {
            found.push(unknown_limit(named, name));
        }
    }
    for Named { name, .. } in named {
        if name.value == NO_LIMIT {
            let message = "no limit can be named `off`, which stands for none";
            found.push(place(
                Diagnostic::error("policy.bad_value", message),
                name.span(),
            ));
        } else if !wanted.iter().any(|wanted| wanted.value == name.value) {
            let message = format!("no route uses the limit `{}`", name.value);
            let reserved = [
                "default",
                "burst",
                "max_keys",
                "max_memory",
                "ipv6_prefix",
                "announce",
            ];
            let help = match nearest(name, reserved) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("write `limit = \"{}\"` in a `[[route]]`", name.value),
            };
            let fault = Diagnostic::warning("policy.unused", message).help(help);
            found.push(place(fault, name.span()));
        }
    }
}

fn is_known(named: &[Named], name: &str) -> bool {
    [NO_LIMIT, "default"].contains(&name) || named.iter().any(|own| own.name.value == name)
}

fn unknown_limit(named: &[Named], name: &Setting<String>) -> Diagnostic {
    let message = format!("there is no limit named `{}`", name.value);
    let fault = Diagnostic::error("policy.unknown_limit", message);
    let known = named.iter().map(|own| own.name.value.as_str());
    let fault = match nearest(name, known) {
        Some(word) => fault.help(format!("did you mean `{word}`?")),
        None => fault.help(format!(
            "add `{} = \"5/min per ip\"` to [limits]",
            name.value
        )),
    };
    place(fault, name.span())
}

/// A rule file read twice would define its rules twice.
fn rule_files(spec: &Spec, found: &mut Diagnostics) {
    let mut seen: Vec<&Path> = Vec::new();
    for file in &spec.waf.rules.value {
        if seen.contains(&file.0.as_path()) {
            let message = format!("`{}` is listed twice", file.0.display());
            found.push(place(
                Diagnostic::error("policy.duplicate", message),
                file.span(),
            ));
        }
        seen.push(&file.0);
    }
}
