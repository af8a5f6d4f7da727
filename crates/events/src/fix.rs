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

/// The range SecLang reserves for rules of one's own is 1 to 99,999; ours begin here.
const LOCAL_RULES: u32 = 10_000;

/// The changes that would have let this request pass, narrowest first. Text from the request
/// goes into a change only where it is harmless there.
#[must_use]
pub fn fixes(event: &RequestEvent) -> Vec<Fix> {
    match event.layer {
        None => Vec::new(),
        Some(Layer::Waf) => waf(event),
        Some(Layer::Limit) => limit(event),
        Some(Layer::Path) => path(event),
        Some(Layer::Agent) => agent(event),
        Some(Layer::Network) => vec![caller(event)],
        Some(Layer::Size) => vec![size(event)],
        Some(Layer::Protocol) => vec![advice(
            "nothing here: the client has to send well-formed HTTP",
            "the client",
        )],
        Some(Layer::Upstream) => vec![advice("see to the upstream", "the upstream")],
    }
}

fn waf(event: &RequestEvent) -> Vec<Fix> {
    let path = path_of(event);
    let mut narrow = Vec::new();
    let mut wide = Vec::new();
    for finding in event.findings.iter().filter(|f| !is_summary(f)) {
        let Some(rule) = number(finding) else {
            continue;
        };
        let Some(field) = Some(finding.field.as_str()).filter(|field| is_safe(field)) else {
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
        let id = local_rule(path, &narrow);
        let actions = narrow.join(",\\\n    ");
        fixes.push(Fix {
            effect: format!("these rules skip that field on {path} only"),
            text: format!(
                "SecRule REQUEST_FILENAME \"@streq {path}\" \\\n    \"id:{id},phase:1,pass,nolog,\\\n    {actions}\""
            ),
            place: "a SecLang file listed before the others in `[waf] rules`".to_owned(),
        });
    }
    if !wide.is_empty() {
        fixes.push(Fix {
            effect: "these rules skip that field everywhere".to_owned(),
            text: wide.join("\n"),
            place: "`[waf] directives` in the policy".to_owned(),
        });
    }
    fixes
}

/// The same number for the same exclusion, and hardly ever for another (FNV-1a, 32 bits).
fn local_rule(path: &str, actions: &[String]) -> u32 {
    let bytes = actions.iter().flat_map(|action| action.bytes());
    let hash = path
        .bytes()
        .chain(bytes)
        .fold(0x811c_9dc5, |hash: u32, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    LOCAL_RULES + hash % (100_000 - LOCAL_RULES)
}

fn limit(event: &RequestEvent) -> Vec<Fix> {
    let name = event
        .findings
        .iter()
        .find_map(|finding| finding.rule.strip_prefix("limit:"))
        .filter(|name| is_safe(name));
    let mut fixes = Vec::new();
    if let Some(route) = route_of(event) {
        fixes.push(Fix {
            effect: "these requests get a limit of their own".to_owned(),
            text: format!("[[route]]\nmatch = \"{route}\"\nlimit = \"…\""),
            place: "the policy, with that limit under `[limits]`".to_owned(),
        });
    }
    fixes.push(match name {
        Some(name) => Fix {
            effect: format!("more is allowed wherever `{name}` holds"),
            text: format!("[limits]\n{name} = \"…\""),
            place: "the policy".to_owned(),
        },
        None => advice("raise the limit named above", "`[limits]` in the policy"),
    });
    fixes
}

fn path(event: &RequestEvent) -> Vec<Fix> {
    let path = path_of(event);
    let one = if is_safe(path) {
        entry(
            &format!("{path} is let through"),
            &format!("!{path}"),
            "[block] paths",
        )
    } else {
        advice(
            "take out the entry that matched",
            "`[block] paths` in the policy",
        )
    };
    vec![caller(event), one]
}

fn agent(event: &RequestEvent) -> Vec<Fix> {
    let name = event.findings.first().map_or("", |f| f.matched.as_str());
    let one = if is_safe(name) {
        entry(
            &format!("`{name}` may call"),
            &format!("!{name}"),
            "[block] agents",
        )
    } else {
        advice(
            "take out the entry that matched",
            "`[block] agents` in the policy",
        )
    };
    vec![caller(event), one]
}

fn caller(event: &RequestEvent) -> Fix {
    let client = event.client.to_string();
    let effect = format!("lists no longer turn {client} away; rules and limits still hold for it");
    entry(&effect, &client, "[allow] networks")
}

fn size(event: &RequestEvent) -> Fix {
    match route_of(event) {
        Some(route) => Fix {
            effect: "these requests may have a longer body".to_owned(),
            text: format!("[[route]]\nmatch = \"{route}\"\nbody = \"…\""),
            place: "the policy".to_owned(),
        },
        None => advice("allow longer bodies", "`[waf] body` in the policy"),
    }
}

/// One more entry of a list of the policy.
fn entry(effect: &str, value: &str, list: &str) -> Fix {
    Fix {
        effect: effect.to_owned(),
        text: format!("\"{value}\""),
        place: format!("`{list}` in the policy, as one more entry"),
    }
}

fn advice(effect: &str, place: &str) -> Fix {
    Fix {
        effect: effect.to_owned(),
        text: String::new(),
        place: place.to_owned(),
    }
}

fn path_of(event: &RequestEvent) -> &str {
    event.target.split(['?', '#']).next().unwrap_or_default()
}

/// What `match` of a route would have to say.
fn route_of(event: &RequestEvent) -> Option<String> {
    let own = event.route.clone().filter(|route| {
        let harmless = |c: char| !c.is_control() && c != '"' && c != '\\';
        !route.is_empty() && route.chars().all(harmless)
    });
    own.or_else(|| {
        let path = path_of(event);
        (is_safe(path) && is_safe(&event.method)).then(|| format!("{} {path}", event.method))
    })
}

fn number(finding: &Finding) -> Option<u64> {
    finding.rule.parse().ok()
}

/// Whether a text can stand in a rule or in the policy as it is. Field names, paths and agents
/// come from the request: one with quotes, commas or control characters could smuggle a directive
/// into a file that an operator pastes it into.
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
    fn exclusions_have_rule_numbers_of_their_own() {
        let number = |field: &str| local_rule("/a", &[field.to_owned()]);
        assert_eq!(number("x"), number("x"));
        assert_ne!(number("x"), number("y"));
        assert!((LOCAL_RULES..100_000).contains(&number("x")));
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

    #[test]
    fn lists_get_an_exception_for_the_one_caller_first() {
        let mut event = sample::request(1, Verdict::Block);
        event.target = "/wp-login.php?x=1".into();
        event.findings[0].matched = "nuclei".into();
        for (layer, last) in [
            (Layer::Path, "\"!/wp-login.php\""),
            (Layer::Agent, "\"!nuclei\""),
            (Layer::Network, "\"203.0.113.9\""),
        ] {
            event.layer = Some(layer);
            let fixes = fixes(&event);
            assert_eq!(fixes[0].text, "\"203.0.113.9\"");
            assert_eq!(fixes.last().unwrap().text, last);
        }
    }

    #[test]
    fn a_route_that_would_break_the_policy_is_not_offered() {
        let mut event = sample::request(1, Verdict::Block);
        event.layer = Some(Layer::Size);
        event.route = None;
        event.target = "/x\"\nmode = \"off".into();
        assert_eq!(fixes(&event)[0].text, "");
    }
}
