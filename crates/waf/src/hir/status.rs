//! Every word of the rule language with what becomes of it: the tables of `docs/seclang.md`.

use super::{action, directive, operator, rule};
use crate::transform::Transform;
use crate::variable::{self, Variable};

/// What becomes of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what ModSecurity's manual says.
    Works,
    /// It is read, warned about, and said elsewhere.
    Elsewhere(&'static str),
    /// It is read and never comes true, which every transaction that asks is told.
    Never(&'static str),
    /// It may say `Off` alone, for this reason.
    OnlyOff(&'static str),
    /// It is an error when rules are loaded, with this reason.
    LeftOut(&'static str),
}

/// The words of one kind.
#[derive(Clone, Debug)]
pub struct Section {
    /// Such as `Directives`.
    pub title: &'static str,
    /// Each word once, in alphabetical order whatever the case.
    pub words: Vec<(&'static str, Status)>,
}

/// All of them.
#[must_use]
pub fn status() -> Vec<Section> {
    let variables = Variable::ALL.iter().map(|own| own.name());
    let transforms = Transform::ALL.iter().map(|own| own.name());
    vec![
        section("Directives", directive::KNOWN, &directive::LEFT_OUT),
        section("Variables", variables, &variable::LEFT_OUT),
        section("Operators", operator::NAMES, &operator::LEFT_OUT),
        section("Transformations", transforms, &[]),
        section("Actions", rule::NAMES, &rule::LEFT_OUT),
        section("Options of `ctl`", action::CTL_NAMES, &[]),
    ]
}

fn section(
    title: &'static str,
    known: impl IntoIterator<Item = &'static str>,
    left_out: &[(&'static str, &'static str)],
) -> Section {
    let known = known.into_iter().map(|word| (word, of_known(word)));
    let left_out = left_out
        .iter()
        .map(|(word, why)| (*word, Status::LeftOut(why)));
    let mut words: Vec<_> = known.chain(left_out).collect();
    words.sort_by_key(|(word, _)| word.to_ascii_lowercase());
    Section { title, words }
}

/// Words that are understood without doing here what they do in ModSecurity.
fn of_known(word: &'static str) -> Status {
    const LOG: &str = "logs are set in the policy";
    const PLACE: &str = "nothing is written to such a place";
    match word {
        "SecDebugLog" | "SecDebugLogLevel" => Status::Elsewhere(LOG),
        "SecDataDir" => {
            Status::Elsewhere("`waf.collections` in the policy names the file of collections")
        }
        "SecTmpDir" | "SecUploadDir" | "SecUploadFileMode" => Status::Elsewhere(PLACE),
        "SecRequestBodyInMemoryLimit" => {
            Status::Elsewhere("bodies are in memory, within the policy's length")
        }
        "SecPcreMatchLimitRecursion" => {
            Status::Elsewhere("patterns do not recurse; `SecPcreMatchLimit` bounds their steps")
        }
        "SecCookieV0Separator" => Status::Elsewhere("cookies are separated as browsers do"),
        "rbl" => Status::Never("rules make no network requests; list networks in the policy"),
        "sanitiseArg"
        | "sanitiseMatched"
        | "sanitiseMatchedBytes"
        | "sanitiseRequestHeader"
        | "sanitiseResponseHeader" => Status::Elsewhere("event values are cut to 512 bytes"),
        _ => match directive::ONLY_OFF.iter().find(|(own, _)| *own == word) {
            Some((_, why)) => Status::OnlyOff(why),
            None => Status::Works,
        },
    }
}
