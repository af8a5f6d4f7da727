//! The layout of rule files: one way to indent, to continue lines and to space things out.
//!
//! Only white space between words changes. Line breaks stay where the author put them, between
//! words and between actions; what is inside a word stays as it is, since there even the white
//! space behind a continuation means something. What was laid out is read again and compared: a
//! directive that would come to mean something else stays as it was written, and a file of which
//! anything got lost is an error.

use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics, Source, Span};

use super::ast::{Directive, File, Item, Text};
use super::parse::{actions, parse};

/// What a level of indentation is.
const INDENT: &str = "    ";
/// White space within a line.
const BLANK: [char; 3] = [' ', '\t', '\r'];

/// Lays a rule file out. Doing it twice changes nothing more.
///
/// # Errors
/// The file cannot be read, or laying it out would change what it says.
pub fn format(source: &Arc<Source>) -> Result<String, Diagnostics> {
    let (file, faults) = parse(source);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut layout = Layout::default();
    for (at, item) in file.items.iter().enumerate() {
        match item {
            Item::Trivia(range) => {
                let text = source.text.get(range.clone()).unwrap_or_default();
                let last = at + 1 == file.items.len();
                layout.trivia(text, at == 0, last);
            }
            Item::Directive(directive) => layout.directive(source, directive),
        }
    }
    let laid = Source::new(source.name.clone(), layout.out);
    match difference(&file, &parse(&laid).0) {
        None => Ok(laid.text.clone()),
        Some(place) => {
            let message = "laying this out would change what the file says";
            let fault = Diagnostic::error("seclang.format", message).at(place);
            Err(vec![fault.help("nothing was written; please report it")])
        }
    }
}

/// The first place at which two files do not say the same: other directives, arguments or
/// comments, whatever the white space between them. `None` where they do.
#[must_use]
pub fn difference(one: &File, other: &File) -> Option<Span> {
    let (mut own, mut theirs) = (one.directives(), other.directives());
    loop {
        match (own.next(), theirs.next()) {
            (Some(own), Some(theirs)) if says_the_same(own, theirs) => {}
            (None, None) => break,
            (Some(own), _) => return Some(own.name.span()),
            (None, Some(_)) => return Some(whole(one)),
        }
    }
    (comments(one) != comments(other)).then(|| whole(one))
}

fn whole(file: &File) -> Span {
    Span::new(&file.source, 0..file.source.text.len())
}

/// Every line of every comment, without white space at its ends.
fn comments(file: &File) -> Vec<&str> {
    let trivia = file.items.iter().filter_map(|item| match item {
        Item::Trivia(range) => file.source.text.get(range.clone()),
        Item::Directive(_) => None,
    });
    let lines = trivia.flat_map(str::lines).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

fn says_the_same(one: &Directive, other: &Directive) -> bool {
    let list = list_of(one);
    let same = |(at, (own, theirs)): (usize, (&Text, &Text))| {
        if list == Some(at) {
            let said = |text| {
                let list = actions(text).into_iter();
                list.map(|own| (own.name.value, own.value.map(|value| value.value)))
                    .collect::<Vec<_>>()
            };
            said(own) == said(theirs)
        } else {
            own.value == theirs.value
        }
    };
    one.name.value == other.name.value
        && one.arguments.len() == other.arguments.len()
        && one
            .arguments
            .iter()
            .zip(&other.arguments)
            .enumerate()
            .all(same)
}

/// Which argument of a directive is a list of actions.
fn list_of(item: &Directive) -> Option<usize> {
    match item.name.value.to_ascii_lowercase().as_str() {
        "secrule" => Some(2),
        "secaction" | "secdefaultaction" => Some(0),
        "secruleupdateactionbyid" => Some(1),
        _ => None,
    }
}

/// The text so far.
#[derive(Default)]
struct Layout {
    out: String,
    /// How many rules of an open chain came before.
    depth: usize,
    /// Whether a blank line comes before what follows.
    blank: bool,
}

impl Layout {
    /// Begins a line, behind a blank one where there was any.
    fn begin(&mut self, depth: usize) {
        if std::mem::take(&mut self.blank) && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(&INDENT.repeat(depth));
    }

    /// Comments and blank lines, of which one stays where there are several. A comment whose line
    /// ends in a backslash goes on in the next line, whatever that looks like.
    fn trivia(&mut self, text: &str, first: bool, last: bool) {
        let mut lines = text.split('\n').peekable();
        if !first {
            // What is left of the line of the directive before.
            lines.next();
        }
        let mut continued = false;
        while let Some(line) = lines.next() {
            let at_end = lines.peek().is_none();
            let bare = line.trim_end();
            if continued {
                if !(at_end && bare.is_empty()) {
                    self.out.push_str(bare);
                    self.out.push('\n');
                }
                continued = bare.ends_with('\\');
            } else if bare.is_empty() {
                // The last stretch is the indentation of what follows.
                self.blank |= !at_end;
            } else {
                self.begin(self.depth);
                self.out.push_str(bare.trim_start());
                self.out.push('\n');
                continued = bare.ends_with('\\');
            }
        }
        self.blank &= !last;
    }

    fn directive(&mut self, source: &Arc<Source>, item: &Directive) {
        let name = item.name.value.to_ascii_lowercase();
        let is_rule = name == "secrule" || name == "secaction";
        let depth = if is_rule { self.depth } else { 0 };
        let text = laid(source, item, depth)
            .filter(|text| reads_as(text, item))
            .unwrap_or_else(|| raw(source, item.range.clone()).trim_end().to_owned());
        self.begin(depth);
        self.out.push_str(&text);
        self.out.push('\n');
        let list = list_of(item).and_then(|at| item.arguments.get(at));
        let chained = list.is_some_and(|list| {
            let mut actions = actions(list).into_iter();
            actions.any(|own| own.name.value.eq_ignore_ascii_case("chain"))
        });
        self.depth = if is_rule && chained { depth + 1 } else { 0 };
    }
}

fn raw(source: &Source, range: std::ops::Range<usize>) -> &str {
    source.text.get(range).unwrap_or_default()
}

fn reads_as(text: &str, item: &Directive) -> bool {
    let (file, faults) = parse(&Source::new("", text));
    let mut directives = file.directives();
    let only = (directives.next(), directives.next());
    faults.is_empty() && matches!(only, (Some(own), None) if says_the_same(item, own))
}

/// A directive, its first line not yet indented.
fn laid(source: &Arc<Source>, item: &Directive, depth: usize) -> Option<String> {
    let further = format!("\\\n{}", INDENT.repeat(depth + 1));
    let mut text = raw(source, item.name.range.clone()).to_owned();
    let mut before = item.name.range.end;
    let list = list_of(item);
    for (at, argument) in item.arguments.iter().enumerate() {
        text.push(' ');
        if source
            .text
            .get(before..argument.range.start)?
            .contains('\n')
        {
            text.push_str(&further);
        }
        let word = raw(source, argument.range.clone());
        match quoted(word).filter(|_| list == Some(at)) {
            Some((quote, inside)) => {
                text.push(quote);
                push_list(&mut text, inside, &further);
                text.push(quote);
            }
            None => text.push_str(word),
        }
        before = argument.range.end;
    }
    Some(text)
}

fn quoted(word: &str) -> Option<(char, &str)> {
    let quote = word
        .chars()
        .next()
        .filter(|own| matches!(own, '"' | '\''))?;
    let inside = word.strip_prefix(quote)?.strip_suffix(quote)?;
    Some((quote, inside))
}

/// A list of actions, as it stands between its quotes.
fn push_list(text: &mut String, inside: &str, further: &str) {
    let mut first = true;
    let mut broken = false;
    for piece in pieces(inside) {
        let bare = trimmed(piece);
        let (before, after) = piece.split_once(bare).unwrap_or_default();
        if bare.is_empty() {
            broken |= after.contains('\n');
            continue;
        }
        if !first {
            text.push(',');
            if broken || before.contains('\n') {
                text.push_str(further);
            }
        }
        text.push_str(bare);
        (first, broken) = (false, after.contains('\n'));
    }
}

/// Split at the commas outside of single quotes, as [`actions`] does with what this is read as.
fn pieces(inside: &str) -> Vec<&str> {
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    let mut found = Vec::new();
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = continuation(inside.get(at..).unwrap_or_default()).is_none(),
            b'\'' => quoted = !quoted,
            b',' if !quoted => {
                found.push(inside.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(inside.get(start..).unwrap_or_default());
    found
}

/// How long the continuation is with which a text begins.
fn continuation(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\\')?;
    let blank = after.len() - after.trim_start_matches(BLANK).len();
    after.get(blank..)?.starts_with('\n').then_some(blank + 2)
}

/// Without white space and continuations at both ends.
fn trimmed(piece: &str) -> &str {
    let mut piece = piece.trim_start();
    while let Some(length) = continuation(piece) {
        piece = piece.get(length..).unwrap_or_default().trim_start();
    }
    while let Some(before) = piece.trim_end_matches(BLANK).strip_suffix('\n') {
        let before = before.trim_end_matches(BLANK);
        piece = before.strip_suffix('\\').unwrap_or(before);
    }
    piece.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> String {
        let once = format(&Source::new("t", text)).unwrap();
        let twice = format(&Source::new("t", once.clone())).unwrap();
        assert_eq!(once, twice, "twice");
        once
    }

    #[test]
    fn spaces_blank_lines_and_line_ends_have_one_form() {
        assert_eq!(
            laid_out(
                "\n\n  # head  \r\nSecRule   ARGS  \"@rx  a \"\t\"id:1, phase:2 ,pass\"  \r\n\n\n\n\
                 SecMarker  X\n\n\n"
            ),
            "# head\nSecRule ARGS \"@rx  a \" \"id:1,phase:2,pass\"\n\nSecMarker X\n"
        );
        assert_eq!(laid_out(""), "");
        assert_eq!(laid_out("# a\n\n\n#b"), "# a\n\n#b\n");
    }

    #[test]
    fn breaks_stay_and_are_indented_by_the_chain() {
        assert_eq!(
            laid_out(
                "SecRule A \"@rx a\"   \\\n\"id:1,pass,\\\n  t:none,   msg:'a, b' ,\\\n chain,\\\n\"\n\
                 # inner\n  SecRule B \"@rx b\" \\ \n    \"chain\"\n SecRule C d \"t:none\"\nSecMarker X"
            ),
            "SecRule A \"@rx a\" \\\n    \"id:1,pass,\\\n    t:none,msg:'a, b',\\\n    chain\"\n    \
             # inner\n    SecRule B \"@rx b\" \\\n        \"chain\"\n        \
             SecRule C d \"t:none\"\nSecMarker X\n"
        );
    }

    #[test]
    fn what_is_inside_a_word_stays() {
        let text = "SecRule ARGS \"@pm a \\\n      b\" \"id:1,msg:'a \\\n  b'\"\n";
        assert_eq!(laid_out(text), text);
    }

    #[test]
    fn a_comment_that_goes_on_is_not_torn_apart() {
        for text in [
            "# a \\\n   SecRule B \"x\"\nSecMarker X\n",
            "# a \\\n\nSecMarker X\n",
            "# a \\\n",
            "# a \\\n\n",
        ] {
            assert_eq!(laid_out(text), text);
        }
        assert_eq!(laid_out("# a \\"), "# a \\\n");
    }

    #[test]
    fn what_would_read_differently_stays_as_it_is() {
        let text = "SecAction 'id:1,msg:\\'a,  b\\',pass'\n";
        assert_eq!(laid_out(text), text);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_laid_out() {
        let faults = format(&Source::new("t", "SecRule ARGS \"@rx a\n")).unwrap_err();
        assert_eq!(faults[0].code, "seclang.unclosed_quote");
    }

    #[test]
    fn a_difference_is_seen_in_words_actions_and_comments() {
        let read = |text: &str| parse(&Source::new("t", text)).0;
        let one = "# a\nSecAction \"id:1,pass\"\n";
        let differs = |other: &str| difference(&read(one), &read(other)).is_some();
        assert!(!differs(
            "#   a\nSecAction \"id:1,  pass\""
                .replace("#   a", "# a")
                .as_str()
        ));
        for other in [
            "# b\nSecAction \"id:1,pass\"",
            "SecAction \"id:1,pass\"",
            "# a\nSecAction \"id:1,deny\"",
            "# a\nSecAction \"id:1\"",
            "# a\n",
            "# a\nSecAction \"id:1,pass\"\nSecMarker X",
        ] {
            assert!(differs(other), "{other}");
        }
    }
}
