//! Reading grammar files.

use std::collections::BTreeMap;

use super::{Builtin, Call, Ease, Fault, Grammar, Kind, Modifier, Piece, Symbol, Target, Template};
use crate::scene::{Language, Way};

/// A section as read, before references are resolved.
struct Section<'a> {
    file: &'a str,
    name: &'a str,
    alternatives: Vec<String>,
}

impl Grammar {
    /// Reads files, given as (name, text).
    ///
    /// # Errors
    /// The first fault found: a section that cannot be read, an unknown name, a name given twice.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut sections = Vec::new();
        for (file, text) in files {
            read(file, text, &mut sections)?;
        }
        let mut names: BTreeMap<String, Symbol> = BTreeMap::new();
        let mut kinds = Vec::new();
        for (symbol, section) in sections.iter().enumerate() {
            let fault = |message: String| fault(section, message);
            let name = match section.name.strip_prefix("kind ") {
                Some(kind) => {
                    let kind = read_kind(kind, symbol).ok_or_else(|| {
                        fault("a kind is NAME WEIGHT ordinary|hard|twin WAY".into())
                    })?;
                    kinds.push(kind);
                    section.name.to_owned()
                }
                None => section.name.to_owned(),
            };
            if section.alternatives.is_empty() {
                return Err(fault("has no alternatives".into()));
            }
            if names.insert(name, symbol).is_some() {
                return Err(fault("is defined twice".into()));
            }
        }
        let read = |section: &Section<'_>| -> Result<Vec<Template>, Fault> {
            let own = section.alternatives.iter();
            own.map(|text| template(text, &names))
                .collect::<Result<_, _>>()
                .map_err(|message| fault(section, message))
        };
        let symbols = sections.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            symbols,
            names,
            kinds,
        })
    }
}

fn fault(section: &Section<'_>, message: impl Into<String>) -> Fault {
    Fault {
        file: section.file.to_owned(),
        message: format!("[{}]: {}", section.name, message.into()),
    }
}

/// How the alternatives of a section are parted.
#[derive(Clone, Copy)]
enum Form {
    Words,
    Lines,
    Blocks,
}

fn read<'a>(file: &'a str, text: &'a str, into: &mut Vec<Section<'a>>) -> Result<(), Fault> {
    let mut form = Form::Lines;
    for (number, line) in text.lines().enumerate() {
        if let Some((name, own)) = heading(line) {
            close(into);
            form = own;
            let alternatives = Vec::new();
            into.push(Section {
                file,
                name,
                alternatives,
            });
            continue;
        }
        let Some(section) = into.last_mut().filter(|last| last.file == file) else {
            if line.trim().is_empty() || line.starts_with(";;") {
                continue;
            }
            return Err(Fault {
                file: file.to_owned(),
                message: format!("line {}: text before the first section", number + 1),
            });
        };
        match form {
            _ if line.starts_with(";;") => {}
            Form::Words => {
                let words = line.split_whitespace().map(str::to_owned);
                section.alternatives.extend(words);
            }
            Form::Lines if line.trim().is_empty() => {}
            Form::Lines => section.alternatives.push(line.to_owned()),
            Form::Blocks if line == "---" => section.alternatives.push(String::new()),
            Form::Blocks => {
                if section.alternatives.is_empty() {
                    section.alternatives.push(String::new());
                }
                if let Some(block) = section.alternatives.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
        }
    }
    close(into);
    Ok(())
}

/// Blocks end where their text ends.
fn close(sections: &mut [Section<'_>]) {
    for block in sections
        .last_mut()
        .into_iter()
        .flat_map(|s| &mut s.alternatives)
    {
        block.truncate(block.trim_end_matches('\n').len());
    }
}

fn heading(line: &str) -> Option<(&str, Form)> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let (name, form) = match inner
        .strip_prefix('[')
        .and_then(|own| own.strip_suffix(']'))
    {
        Some(block) => (block, Form::Blocks),
        None => match inner.strip_suffix('*') {
            Some(words) => (words, Form::Words),
            None => (inner, Form::Lines),
        },
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ' ');
    (!name.is_empty() && name.chars().all(plain)).then_some((name, form))
}

fn read_kind(text: &str, symbol: Symbol) -> Option<Kind> {
    let mut words = text.split(' ');
    let kind = Kind {
        name: words.next()?.to_owned(),
        weight: words.next()?.parse().ok()?,
        ease: match words.next()? {
            "ordinary" => Ease::Ordinary,
            "hard" => Ease::Hard,
            "twin" => Ease::Twin,
            _ => return None,
        },
        way: Way::find(words.next()?)?,
        symbol,
    };
    words.next().is_none().then_some(kind)
}

/// Stands for a line end in alternatives of one line.
const LINE_END: char = '⏎';

type Names = BTreeMap<String, Symbol>;

fn template(text: &str, names: &Names) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let text = text.replace(LINE_END, "\n");
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('«') {
        let (inner, after) = after
            .split_once('»')
            .ok_or_else(|| format!("`«` without `»` in `{text}`"))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.as_bytes().to_vec()));
        }
        pieces.push(Piece::Call(call(inner, names)?));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.as_bytes().to_vec()));
    }
    Ok(Template(pieces))
}

fn call(text: &str, names: &Names) -> Result<Call, String> {
    let (bind, text) = match text.split_once(":=") {
        Some((bind, rest)) => (Some(bind.to_owned()), rest),
        None => (None, text),
    };
    let mut parts = text.split('|');
    let head = parts.next().unwrap_or_default();
    let modifier = |name: &str| Modifier::find(name).ok_or_else(|| format!("no modifier `{name}`"));
    Ok(Call {
        bind,
        target: target(head, names)?,
        modifiers: parts.map(modifier).collect::<Result<_, _>>()?,
    })
}

fn target(text: &str, names: &Names) -> Result<Target, String> {
    if let Some(name) = text.strip_prefix('$') {
        return Ok(Target::Variable(name.to_owned()));
    }
    if let Some(name) = text.strip_prefix('~') {
        return local(name, names);
    }
    if let Some(&symbol) = names.get(text) {
        return Ok(Target::Symbol(symbol));
    }
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let wrong = || format!("`{text}` is neither a symbol nor built in");
    let mut number = rest.splitn(3, ' ');
    let mut next = || number.next().and_then(|word| word.parse::<u64>().ok());
    match name {
        "repeat" => {
            let (least, most) = next().zip(next()).ok_or_else(wrong)?;
            let rest = number.next().ok_or_else(wrong)?;
            let (inner, between) = match rest.strip_suffix('\'').and_then(|r| r.split_once(" '")) {
                Some((inner, between)) => (inner, between.replace("\\n", "\n")),
                None => (rest, String::new()),
            };
            let inner = Box::new(target(inner, names)?);
            Ok(Target::Repeat(least, most, inner, between.into_bytes()))
        }
        "maybe" => {
            let (percent, inner) = rest.split_once(' ').ok_or_else(wrong)?;
            let percent = percent.parse().map_err(|_| wrong())?;
            Ok(Target::Maybe(percent, Box::new(target(inner, names)?)))
        }
        _ => Builtin::find(name, rest)
            .map(Target::Builtin)
            .ok_or_else(wrong),
    }
}

fn local(name: &str, names: &Names) -> Result<Target, String> {
    let find = |language: Language| {
        let symbol = names.get(&format!("{name}.{}", language.tag()))?;
        Some((language, *symbol))
    };
    let own: Vec<(Language, Symbol)> = Language::ALL.iter().copied().filter_map(find).collect();
    let english = own
        .iter()
        .find(|(language, _)| *language == Language::English);
    let other = names.get(name).or(english.map(|(_, symbol)| symbol));
    let other =
        *other.ok_or_else(|| format!("no symbol `{name}` in any language for all others"))?;
    Ok(Target::Local(own, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Grammar::parse(&[("f", text)])
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn sections_part_by_words_lines_and_blocks() {
        let text = "[a*]\nx y\nz\n\n[b]\none\n\ntwo three\n[[c]]\nl1\n\nl3\n---\nm1\n\n";
        let grammar = Grammar::parse(&[("f", text)]).unwrap();
        let counts: Vec<usize> = grammar.symbols.iter().map(Vec::len).collect();
        assert_eq!(counts, [3, 2, 2]);
    }

    #[test]
    fn whatever_is_wrong_is_said() {
        assert_eq!(
            fault("x\n[a]\nb\n"),
            "f: line 1: text before the first section"
        );
        assert!(fault("[a]\n«nothing»\n").contains("neither a symbol nor built in"));
        assert!(fault("[a]\n«a|shout»\n").contains("no modifier `shout`"));
        assert!(fault("[a]\nx\n[a]\ny\n").contains("defined twice"));
        assert!(fault("[a]\n").contains("no alternatives"));
        assert!(fault("[a]\nx «a\n").contains("without"));
        assert!(fault("[[kind k 1 maybe page]]\nGET /\n").contains("a kind is"));
    }
}
