use babyshield_model::{Finding, Layer, RequestEvent};

use crate::why::is_summary;

/// A change that would let one request pass, for an operator who knows that it is legitimate.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fix {
    /// What it does, in one sentence.
    pub effect: String,
    /// What to write; empty when there is nothing to write.
    pub text: String,
    /// Where to write it.
    pub place: String,
}

/// The first free rule id of the range SecLang reserves for local use (1 to 99,999).
const LOCAL_RULE: u32 = 10_000;

/// The changes that would have let this request pass, narrowest first. Text from the request
/// goes into a change only where it is harmless there.
#[must_use]
pub fn fixes(event: &RequestEvent) -> Vec<Fix> {
    match event.layer {
        None => Vec::new(),
        Some(Layer::Waf) => waf(event),
        Some(Layer::Limit) => limit(event),
        Some(Layer::Path) => block(event, "paths", "path pattern"),
        Some(Layer::Agent) => block(event, "agents", "user agent"),
        Some(Layer::Network) => block(event, "networks", "network"),
        Some(Layer::Size) => vec![advice(
            "allow larger requests on this route",
            "the size limit named above, in the policy",
        )],
        Some(Layer::Protocol) => vec![advice(
            "none here: the client has to send well-formed HTTP",
            "the client",
        )],
        Some(Layer::Upstream) => vec![advice("see to the upstream", "the upstream")],
    }
}

fn waf(event: &RequestEvent) -> Vec<Fix> {
    let rules = || event.findings.iter().filter(|f| !is_summary(f));
    let path = event.target.split(['?', '#']).next().unwrap_or_default();
    let mut narrow = Vec::new();
    let mut wide = Vec::new();
    for finding in rules() {
        let Some(rule) = number(finding) else {
            continue;
        };
        let Some(field) = safe_field(&finding.field) else {
            wide.push(format!("SecRuleRemoveById {rule}"));
            continue;
        };
        if is_safe(path) {
            narrow.push(format!("ctl:ruleRemoveTargetById={rule};{field}"));
        }
        wide.push(format!("SecRuleUpdateTargetById {rule} \"!{field}\""));
    }
    narrow.dedup();
    wide.dedup();
    let mut fixes = Vec::new();
    if !narrow.is_empty() {
        fixes.push(Fix {
            effect: format!("the rules above skip that field, on {path} only"),
            text: format!(
                "SecRule REQUEST_FILENAME \"@streq {path}\" \"id:{LOCAL_RULE},phase:1,pass,nolog,\\\n    {}\"",
                narrow.join(",\\\n    ")
            ),
            place: "a SecLang file listed before the rule set in `[waf] rules` (give each such rule an id of its own)"
                .to_owned(),
        });
    }
    if !wide.is_empty() {
        fixes.push(Fix {
            effect: "the rules above skip that field everywhere".to_owned(),
            text: wide.join("\n"),
            place: "a SecLang file listed after the rule set in `[waf] rules`".to_owned(),
        });
    }
    fixes
}

fn limit(event: &RequestEvent) -> Vec<Fix> {
    let name = event
        .findings
        .iter()
        .find_map(|finding| finding.rule.strip_prefix("limit:"))
        .filter(|name| is_safe(name));
    let Some(name) = name else {
        return vec![advice(
            "raise the limit named above",
            "`[limits]` in the policy",
        )];
    };
    let mut fixes = Vec::new();
    if let Some(route) = event.route.as_deref().filter(|route| is_safe(route)) {
        fixes.push(Fix {
            effect: "this route gets a limit of its own".to_owned(),
            text: format!("[[route]]\nmatch = \"{route}\"\nlimit = \"…\""),
            place: "the policy, with the new limit under `[limits]`".to_owned(),
        });
    }
    fixes.push(Fix {
        effect: format!("raise the limit `{name}` for everybody"),
        text: format!("[limits]\n{name} = \"…\""),
        place: "the policy".to_owned(),
    });
    fixes
}

fn block(event: &RequestEvent, key: &str, what: &str) -> Vec<Fix> {
    let rule = event.findings.first().map_or("", |f| f.rule.as_str());
    let named = if is_safe(rule) {
        format!(" ({rule})")
    } else {
        String::new()
    };
    vec![advice(
        &format!("no longer block this {what}{named}"),
        &format!("`[block] {key}` in the policy"),
    )]
}

fn advice(effect: &str, place: &str) -> Fix {
    Fix {
        effect: effect.to_owned(),
        text: String::new(),
        place: place.to_owned(),
    }
}

fn number(finding: &Finding) -> Option<u64> {
    finding.rule.parse().ok()
}

/// A field name as a target in SecLang. Names come from the request: one with quotes, commas or
/// control characters could smuggle a directive into a file that an operator pastes it into.
fn safe_field(field: &str) -> Option<&str> {
    Some(field).filter(|field| is_safe(field))
}

fn is_safe(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b" _-./:*~[]{}".contains(&b);
    !text.is_empty() && text.len() <= 200 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use babyshield_model::Verdict;

    use super::*;
    use crate::sample;

    #[test]
    fn the_narrowest_fix_names_path_rule_and_field() {
        let fixes = fixes(&sample::request(1, Verdict::Block));
        let [narrow, wide] = fixes.as_slice() else {
            panic!("{fixes:?}");
        };
        assert!(narrow.text.contains("\"@streq /v1/products\""));
        assert!(
            narrow
                .text
                .contains("ctl:ruleRemoveTargetById=942100;ARGS:q")
        );
        assert_eq!(wide.text, "SecRuleUpdateTargetById 942100 \"!ARGS:q\"");
    }

    #[test]
    fn a_hostile_field_name_never_reaches_the_text() {
        let mut event = sample::request(1, Verdict::Block);
        event.findings[0].field = "ARGS:x\"\nSecRuleEngine Off\n#".into();
        event.target = "/a\"b".into();
        let fixes = fixes(&event);
        assert_eq!(fixes.len(), 1);
        assert_eq!(fixes[0].text, "SecRuleRemoveById 942100");
    }

    #[test]
    fn a_summing_rule_is_never_the_advice() {
        let mut event = sample::request(1, Verdict::Block);
        event.findings.push(Finding {
            rule: "949110".into(),
            ..sample::finding()
        });
        assert!(fixes(&event).iter().all(|fix| !fix.text.contains("949110")));
    }

    #[test]
    fn a_limit_is_raised_for_the_route_before_it_is_raised_for_all() {
        let mut event = sample::request(1, Verdict::Limit);
        event.layer = Some(Layer::Limit);
        event.findings[0].rule = "limit:login".into();
        let fixes = fixes(&event);
        assert!(fixes[0].text.contains("match = \"GET /v1/products\""));
        assert!(fixes[1].text.contains("login = "));
    }
}
