use babyshield_model::{Diagnostic, Diagnostics};
use http::header::Entry;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::cookie;
use super::spec::{Cookies, Field, Spec, Upstream};

/// The fields of every response, checked.
#[derive(Debug)]
pub struct Plan {
    fields: Vec<Ready>,
    cookies: Cookies,
    remove: Vec<HeaderName>,
}

#[derive(Debug)]
struct Ready {
    name: HeaderName,
    value: HeaderValue,
    upstream: Upstream,
    /// Sent only where the caller speaks TLS.
    secure: bool,
}

impl Plan {
    /// Checks every name and value.
    ///
    /// # Errors
    /// Every fault found.
    pub fn compile(spec: &Spec) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::new();
        let settings = [
            (
                header::CONTENT_SECURITY_POLICY,
                &spec.content_security_policy,
            ),
            (
                header::STRICT_TRANSPORT_SECURITY,
                &spec.strict_transport_security,
            ),
            (header::X_FRAME_OPTIONS, &spec.x_frame_options),
            (header::X_CONTENT_TYPE_OPTIONS, &spec.x_content_type_options),
            (header::REFERRER_POLICY, &spec.referrer_policy),
            (
                HeaderName::from_static("permissions-policy"),
                &spec.permissions_policy,
            ),
            (header::X_XSS_PROTECTION, &spec.x_xss_protection),
        ];
        let fields = settings
            .into_iter()
            .filter_map(|(name, field)| ready(name, field.as_ref()?, &mut faults))
            .collect();
        let remove = spec.remove.iter();
        let remove = remove
            .filter_map(|name| removable(name, &mut faults))
            .collect();
        if faults.is_empty() {
            let cookies = spec.cookies.clone();
            Ok(Self {
                fields,
                cookies,
                remove,
            })
        } else {
            Err(faults)
        }
    }

    /// Writes the fields of one response; `secure` says whether the caller speaks TLS.
    pub fn apply(&self, fields: &mut HeaderMap, secure: bool) {
        for name in &self.remove {
            fields.remove(name);
        }
        for ready in &self.fields {
            if ready.secure && !secure {
                continue;
            }
            match fields.entry(&ready.name) {
                Entry::Vacant(place) => drop(place.insert(ready.value.clone())),
                Entry::Occupied(_) if ready.upstream == Upstream::Keep => {}
                Entry::Occupied(mut place) => drop(place.insert(ready.value.clone())),
            }
        }
        if fields.contains_key(header::SET_COOKIE) {
            cookie::mend(fields, &self.cookies, secure);
        }
    }
}

fn ready(name: HeaderName, field: &Field, faults: &mut Diagnostics) -> Option<Ready> {
    match HeaderValue::from_str(&field.value) {
        Ok(value) if !value.is_empty() => Some(Ready {
            secure: name == header::STRICT_TRANSPORT_SECURITY,
            name,
            value,
            upstream: field.upstream,
        }),
        _ => {
            let message = format!("`{}` is no value for the field `{name}`", field.value);
            let help = "write visible ASCII characters on one line, or leave the field out";
            faults.push(Diagnostic::error("headers.bad_value", message).help(help));
            None
        }
    }
}

/// Fields that frame the message are not the operator's to remove.
fn removable(name: &str, faults: &mut Diagnostics) -> Option<HeaderName> {
    let framing = [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
    ];
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) if !framing.contains(&name) => Some(name),
        _ => {
            let message = format!("the field `{name}` cannot be removed");
            let help = "name a field such as `server` that only describes the upstream";
            faults.push(Diagnostic::error("headers.bad_name", message).help(help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(change: impl FnOnce(&mut Spec)) -> Plan {
        let mut spec = Spec::default();
        change(&mut spec);
        Plan::compile(&spec).unwrap()
    }

    fn upstream(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let mut fields = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            fields.append(name, value);
        }
        fields
    }

    #[test]
    fn transport_security_is_promised_over_tls_only() {
        let plan = plan(|_| {});
        let mut fields = HeaderMap::new();
        plan.apply(&mut fields, false);
        assert!(!fields.contains_key("strict-transport-security"));
        assert_eq!(fields["x-content-type-options"], "nosniff");
        plan.apply(&mut fields, true);
        assert_eq!(fields["strict-transport-security"], "max-age=31536000");
    }

    #[test]
    fn upstream_values_are_kept_or_replaced_as_told() {
        let own = [("x-frame-options", "SAMEORIGIN")];
        let mut fields = upstream(&own);
        plan(|_| {}).apply(&mut fields, true);
        assert_eq!(fields["x-frame-options"], "SAMEORIGIN");
        let replace = plan(|spec| {
            spec.x_frame_options = Some(Field {
                value: "DENY".into(),
                upstream: Upstream::Replace,
            });
        });
        replace.apply(&mut fields, true);
        assert_eq!(fields["x-frame-options"], "DENY");
        plan(|spec| spec.x_frame_options = None).apply(&mut fields, true);
        assert_eq!(fields["x-frame-options"], "DENY");
    }

    #[test]
    fn fields_that_only_tell_what_runs_there_are_removed() {
        let mut fields = upstream(&[("server", "Apache/2.2"), ("x-powered-by", "PHP/5")]);
        plan(|_| {}).apply(&mut fields, true);
        assert!(!fields.contains_key("server") && !fields.contains_key("x-powered-by"));
        let mut fields = upstream(&[("server", "Apache/2.2")]);
        plan(|spec| spec.remove.clear()).apply(&mut fields, true);
        assert_eq!(fields["server"], "Apache/2.2");
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let spec = Spec {
            referrer_policy: Some(Field::from("a\r\nset-cookie: b")),
            x_frame_options: Some(Field::from("")),
            remove: vec!["content-length".into(), "not a name".into()],
            ..Spec::default()
        };
        assert_eq!(Plan::compile(&spec).unwrap_err().len(), 4);
    }
}
