//! What a rule looks at.

use babyshield_model::{Diagnostic, Diagnostics};

use super::lower::did_you_mean;
use crate::operator::regex::{Options, Pattern};
use crate::seclang::{ast, targets};
use crate::variable::{LEFT_OUT, Shape, Variable};

/// How the patterns of selectors are compiled: names are compared in any case.
pub(crate) const SELECTOR: Options = Options {
    ignore_case: true,
    groups: false,
    size: 1 << 20,
    steps: 10_000,
    prefilter: false,
};

/// One thing a rule looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Which variable.
    pub variable: Variable,
    /// Which of its values.
    pub selector: Selector,
    /// Whether the values are counted instead of looked at.
    pub count: bool,
}

/// Picks among a variable's values.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// All of them.
    All,
    /// Those of this name, in any case; held in lower case.
    Name(String),
    /// Those whose name fits this pattern, in any case.
    Pattern(String),
    /// For `XML`: an XPath expression.
    Path(String),
}

/// A rule's first argument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// What is looked at, in order.
    pub included: Vec<Target>,
    /// What is left out of it.
    pub excluded: Vec<Target>,
}

impl Targets {
    /// Reads `ARGS|!ARGS:x|&TX:y`.
    pub(super) fn lower(text: &ast::Text, faults: &mut Diagnostics) -> Self {
        let mut own = Self::default();
        for part in targets(text) {
            match lower_target(&part) {
                Ok(target) => match part.prefix {
                    crate::seclang::Prefix::Exclude => own.excluded.push(target),
                    crate::seclang::Prefix::None | crate::seclang::Prefix::Count => {
                        own.included.push(target);
                    }
                },
                Err(fault) => faults.push(*fault),
            }
        }
        own
    }

    /// Adds what `other` looks at and leaves out: `SecRuleUpdateTargetById`.
    pub(super) fn extend(&mut self, other: &Self) {
        self.included.extend(other.included.iter().cloned());
        self.excluded.extend(other.excluded.iter().cloned());
    }
}

fn lower_target(part: &crate::seclang::TargetText) -> Result<Target, Box<Diagnostic>> {
    let variable = lower_name(&part.name)?;
    let selector = match &part.selector {
        None => Selector::All,
        Some(text) => lower_selector(variable, text)?,
    };
    if variable == Variable::Xml && selector == Selector::All {
        return Err(Box::new(
            Diagnostic::error(
                "seclang.selector_missing",
                "`XML` needs an XPath expression",
            )
            .at(part.whole.span())
            .help("write `XML:/*` for all text, `XML://@*` for all attributes"),
        ));
    }
    let count = part.prefix == crate::seclang::Prefix::Count;
    Ok(Target {
        variable,
        selector,
        count,
    })
}

pub(super) fn lower_selector(
    variable: Variable,
    text: &ast::Text,
) -> Result<Selector, Box<Diagnostic>> {
    if variable == Variable::Xml {
        return Ok(Selector::Path(text.value.clone()));
    }
    if variable.shape() == Shape::Scalar {
        return Err(Box::new(
            Diagnostic::error(
                "seclang.selector_on_scalar",
                format!(
                    "`{}` is a single value and takes no selector",
                    variable.name()
                ),
            )
            .at(text.span()),
        ));
    }
    let pattern = text
        .value
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    let Some(pattern) = pattern else {
        return Ok(Selector::Name(text.value.to_ascii_lowercase()));
    };
    let pattern = pattern.replace("\\/", "/");
    match Pattern::compile(&pattern, &SELECTOR) {
        Ok(_) => Ok(Selector::Pattern(pattern)),
        Err(message) => Err(Box::new(
            Diagnostic::error("seclang.bad_pattern", message.to_string()).at(text.span()),
        )),
    }
}

/// Finds a variable, or says what was probably meant.
pub(super) fn lower_name(name: &ast::Text) -> Result<Variable, Box<Diagnostic>> {
    if let Some(variable) = Variable::parse(&name.value) {
        return Ok(variable);
    }
    let fault = |message: String| Diagnostic::error("seclang.unknown_variable", message);
    let left_out = LEFT_OUT
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(&name.value));
    let fault = match left_out {
        Some((own, why)) => fault(format!("variable `{own}` is not supported: {why}")),
        None => {
            let names = Variable::ALL.iter().map(|variable| variable.name());
            did_you_mean(
                fault(format!("unknown variable `{}`", name.value)),
                &name.value,
                names,
            )
        }
    };
    Err(Box::new(fault.at(name.span())))
}
