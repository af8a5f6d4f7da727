//! Priced exclusions: the narrowest change of the policy that lets one blocked request pass, and
//! what it costs.
//!
//! A request is put to the rules again; what they find in it is excluded, by rule, field and route,
//! until it passes. The price is measured: known attacks are put into the excluded field of the same
//! request, and those are counted that were blocked before and pass afterwards. Of the shapes that
//! the recorded value has, the one that opens least is proposed, and the others are told.

mod known;
mod pattern;
mod place;
mod price;
mod recorded;
mod route;
mod tell;

use std::sync::Arc;

use babyshield_events::is_summary;
use babyshield_model::Finding;
use babyshield_waf::{Decision as Step, Files, Outcome, Plan, Spec};
use serde::Serialize;

pub use known::Known;
pub(crate) use pattern::exclusion;
pub use price::Price;
pub use recorded::{Hopeless, Kept, Recorded};

use crate::Policy;
use crate::kind::Number;
use crate::read::{Setting, Show as _, Text as _};
use crate::replay::{Request, ask};
use crate::spec::{Exclude, Field, Form, Pattern};
use place::Place;

/// Rounds of finding what else blocks a request.
const MAX_ROUNDS: usize = 8;
/// No more rules and fields are excluded for one request.
const MAX_PAIRS: usize = 16;

/// What would let a request pass.
#[derive(Clone, Debug, Serialize)]
pub struct Proposal {
    /// The fields to exclude: all of them are needed.
    pub exclusions: Vec<Priced>,
    /// Known attacks tried in each field.
    pub known: usize,
    /// What to add to the policy.
    pub toml: String,
}

/// One field, the rules that are not to look at it, and the price.
#[derive(Clone, Debug, Serialize)]
pub struct Priced {
    /// The rules, each with its message.
    pub rules: Vec<(u32, String)>,
    /// The requests, as `match` of a route.
    pub route: String,
    /// The field.
    pub field: String,
    /// What its values have to look like.
    pub shape: Form,
    /// How much is known of the recorded value.
    pub kept: Kept,
    /// What it opens; `None` where no attack can be put into the field.
    pub price: Option<Price>,
    /// Other shapes that the recorded value has, and what each would open, the narrowest first.
    pub others: Vec<(Form, usize)>,
}

/// A rule and the field it found something in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    rule: u32,
    message: String,
    field: Field,
}

/// Rules with exclusions added.
struct Trial<'a> {
    policy: &'a Policy,
    files: &'a dyn Files,
    recorded: &'a Recorded,
    route: Pattern,
}

/// Proposes the cheapest exclusions that let `recorded` pass.
///
/// # Errors
/// When nothing blocks it, or what does cannot be excluded by field.
pub fn propose(
    policy: &Policy,
    recorded: &Recorded,
    known: &Known,
    files: &dyn Files,
) -> Result<Proposal, Hopeless> {
    let trial = Trial {
        policy,
        files,
        recorded,
        route: route::of(recorded),
    };
    let pairs = trial.needed(trial.blocking()?)?;
    let mut fields: Vec<Field> = pairs.iter().map(|pair| pair.field.clone()).collect();
    fields.dedup();
    let open = trial.rules(&pairs, |_| Form::Any)?;
    let bare = trial.bare(&fields);
    let measure = |field: &Field| trial.measure(field, &bare, known, &open);
    let mut choices: Vec<Choice<'_>> = fields.iter().map(measure).collect();
    let shape_of = |choices: &[Choice<'_>], field: &Field| {
        let own = choices.iter().find(|own| own.field == *field);
        own.map_or(Form::Any, |own| own.shape)
    };
    let mut closed = trial.rules(&pairs, |field| shape_of(&choices, field))?;
    if trial.is_blocked(&closed, &recorded.request) {
        // The value is not what it seemed to be from what was kept.
        choices.iter_mut().for_each(|own| own.shape = Form::Any);
        closed = open;
    }
    let price = |own| trial.priced(own, &pairs, &bare, &closed);
    let exclusions: Vec<Priced> = choices.into_iter().map(price).collect();
    let toml = exclusions.iter().map(Priced::toml).collect();
    Ok(Proposal {
        exclusions,
        known: known.len(),
        toml,
    })
}

/// A field and the shape chosen for it.
struct Choice<'a> {
    field: Field,
    place: Place,
    kept: Kept,
    shape: Form,
    others: Vec<(Form, usize)>,
    measure: price::Measure<'a>,
}

impl Trial<'_> {
    fn ask(&self, rules: &Arc<Plan>, request: &Request) -> (Step, Outcome) {
        ask(rules, self.recorded.client, request, true)
    }

    fn is_blocked(&self, rules: &Arc<Plan>, request: &Request) -> bool {
        self.ask(rules, request).0 != Step::Continue
    }

    /// The policy's rules with these exclusions.
    fn rules(&self, pairs: &[Pair], shape: impl Fn(&Field) -> Form) -> Result<Arc<Plan>, Hopeless> {
        let own = |pair: &Pair| {
            exclusion(&Setting::default(Exclude {
                rule: Setting::default(Number(pair.rule)),
                pattern: Setting::default(self.route.clone()),
                field: Setting::default(pair.field.clone()),
                shape: Setting::default(shape(&pair.field)),
            }))
        };
        let mut spec: Spec = self.policy.waf.clone();
        spec.exclusions.extend(pairs.iter().map(own));
        let compiled = Plan::compile(&spec, self.files).map_err(|faults| {
            let first = faults.first().map(ToString::to_string);
            Hopeless(first.unwrap_or_else(|| "the rules cannot be read".to_owned()))
        })?;
        Ok(Arc::new(compiled.plan))
    }

    /// The rules and fields without which the request passes.
    fn blocking(&self) -> Result<Vec<Pair>, Hopeless> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut rules = Arc::clone(&self.policy.rules);
        for round in 0..MAX_ROUNDS {
            let (step, outcome) = self.ask(&rules, &self.recorded.request);
            if step == Step::Continue {
                return if round == 0 {
                    Err(self.passes())
                } else {
                    Ok(pairs)
                };
            }
            let known = pairs.len();
            for finding in outcome.findings.iter().filter(|own| !is_summary(own)) {
                pairs.extend(pair(finding).filter(|own| !pairs.contains(own)));
            }
            if pairs.len() == known || pairs.len() > MAX_PAIRS {
                return Err(hopeless(&outcome.findings));
            }
            rules = self.rules(&pairs, |_| Form::Any)?;
        }
        Err(Hopeless("too much blocks this request".to_owned()))
    }

    fn passes(&self) -> Hopeless {
        let lost = if self.recorded.added.is_empty() && self.recorded.route.is_none() {
            "the present rules let this request pass"
        } else {
            "what was kept of this request passes the present rules; its body was not kept: record \
             it and say `--request FILE`"
        };
        Hopeless(lost.to_owned())
    }

    /// Those of the pairs without which the request is still blocked.
    fn needed(&self, mut pairs: Vec<Pair>) -> Result<Vec<Pair>, Hopeless> {
        let mut at = pairs.len();
        while at > 0 && pairs.len() > 1 {
            at -= 1;
            let mut fewer = pairs.clone();
            fewer.remove(at);
            let rules = self.rules(&fewer, |_| Form::Any)?;
            if !self.is_blocked(&rules, &self.recorded.request) {
                pairs = fewer;
            }
        }
        pairs.sort_by_key(|pair| pair.field.text());
        Ok(pairs)
    }

    /// The request with nothing in the fields to exclude.
    fn bare(&self, fields: &[Field]) -> Request {
        let mut request = self.recorded.request.clone();
        for field in fields {
            let put = Place::of(field, &request).put(&request, b"1");
            request = put.unwrap_or(request);
        }
        request
    }

    /// Chooses the shape that opens least of those that the recorded value has.
    fn measure<'a>(
        &self,
        field: &Field,
        bare: &Request,
        known: &'a Known,
        open: &Arc<Plan>,
    ) -> Choice<'a> {
        let place = Place::of(field, &self.recorded.request);
        let kept = self.recorded.kept(field, &place);
        let value = match kept {
            Kept::Sent | Kept::Seen => place.value(&self.recorded.request),
            Kept::Cut | Kept::Nothing => None,
        };
        let fits = |form: &Form| match &value {
            Some(value) => form.fits(value),
            None => *form == Form::Any,
        };
        let forms = Form::ALL.into_iter().filter(fits);
        let measure = price::measure(self, &place, bare, known, open);
        let opened = measure.opened.iter();
        let counts = |form: Form| opened.clone().filter(|own| form.fits(&own.value)).count();
        let mut others: Vec<(Form, usize)> = forms.map(|form| (form, counts(form))).collect();
        let best = others
            .iter()
            .enumerate()
            .min_by_key(|(_, (_, count))| *count);
        let shape = match best.map(|(at, _)| at) {
            Some(at) => others.remove(at).0,
            None => Form::Any,
        };
        Choice {
            field: field.clone(),
            place,
            kept,
            shape,
            others,
            measure,
        }
    }

    /// The final price, measured with the exclusions as they are proposed.
    fn priced(
        &self,
        own: Choice<'_>,
        pairs: &[Pair],
        bare: &Request,
        closed: &Arc<Plan>,
    ) -> Priced {
        let rules = pairs.iter().filter(|pair| pair.field == own.field);
        Priced {
            rules: rules
                .map(|pair| (pair.rule, pair.message.clone()))
                .collect(),
            route: self.route.text(),
            field: own.field.text(),
            shape: own.shape,
            kept: own.kept,
            price: own.measure.price(self, &own.place, bare, closed),
            others: own.others,
        }
    }
}

impl Priced {
    /// What to add to the policy.
    #[must_use]
    pub fn toml(&self) -> String {
        let mut text = String::new();
        for (rule, _) in &self.rules {
            let [route, field] = [&self.route, &self.field].map(|own| own.show());
            text.push_str(&format!(
                "[[waf.exclude]]\nrule = {rule}\nmatch = {route}\nfield = {field}\n"
            ));
            if self.shape != Form::Any {
                text.push_str(&format!("shape = {}\n", self.shape.show()));
            }
            text.push('\n');
        }
        text
    }
}

fn pair(finding: &Finding) -> Option<Pair> {
    // Rules about the answer look at what the caller did not send.
    if finding.field.starts_with("RESPONSE") || finding.field.starts_with("REQBODY") {
        return None;
    }
    let field = match finding.field.as_str() {
        "XML" => "XML:/*",
        other => other,
    };
    Some(Pair {
        rule: finding.rule.parse().ok()?,
        message: finding.message.clone(),
        field: Field::parse(field).ok()?,
    })
}

fn hopeless(findings: &[Finding]) -> Hopeless {
    let last = findings.iter().rfind(|own| !is_summary(own));
    Hopeless(match last {
        Some(own) => format!(
            "rule {} ({}) cannot be excluded by field; `babyshield rules show {0}` tells where it \
             stands",
            own.rule, own.message
        ),
        None => "no rule tells why this request is blocked".to_owned(),
    })
}
