//! A proposal, told to an operator.

use std::fmt;

use super::{Kept, Priced, Proposal};
use crate::read::Show as _;
use crate::spec::Form;

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.exclusions.len();
        match fields {
            1 => writeln!(f, "The request passes if one field is excluded:\n")?,
            _ => writeln!(
                f,
                "The request passes if {fields} fields are excluded, all of them:\n"
            )?,
        }
        for own in &self.exclusions {
            write!(f, "{own}")?;
        }
        write!(f, "Add to the policy:\n\n{}", self.toml)
    }
}

impl fmt::Display for Priced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} of {}", self.field, self.route)?;
        for (rule, message) in &self.rules {
            writeln!(f, "    rule    {rule}  {}", message.escape_debug())?;
        }
        writeln!(f, "    shape   {}", word(self.shape))?;
        match &self.price {
            None => writeln!(
                f,
                "    price   unknown: no attack can be put there by itself; other names stay looked at"
            )?,
            Some(price) => {
                writeln!(
                    f,
                    "    price   opens {} of the {} known attacks that are blocked there ({} tried)",
                    price.opened, price.caught, price.tried
                )?;
                let classes: Vec<String> = price
                    .classes
                    .iter()
                    .map(|(class, count)| format!("{class} {count}"))
                    .collect();
                if !classes.is_empty() {
                    writeln!(f, "            {}", classes.join(", "))?;
                }
                for example in &price.examples {
                    writeln!(f, "            such as {example}")?;
                }
            }
        }
        for (shape, opened) in &self.others {
            writeln!(f, "    instead {} would open {opened}", word(*shape))?;
        }
        let note = match self.kept {
            Kept::Sent => None,
            Kept::Seen => Some(
                "the value was kept as the rule saw it, decoded, not as it was sent; the shape is \
                 judged by that",
            ),
            Kept::Cut => Some(
                "only a part of the value was kept, so no shape can be told; `--request FILE` with \
                 the request as recorded may find a narrower one",
            ),
            Kept::Nothing => Some("the value was not kept, so no shape can be told"),
        };
        match note {
            Some(note) => writeln!(f, "    note    {note}\n"),
            None => writeln!(f),
        }
    }
}

fn word(shape: Form) -> String {
    shape.show().trim_matches('"').to_owned()
}
