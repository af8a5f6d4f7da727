//! Program code in a server's language: PHP, Node, Python, Ruby, Perl, Java, .NET, and web shells.
//!
//! Every call in a text is looked at: what is called, whether it stands where a statement or an operand
//! of an expression stands (and not in a sentence), what it is given, and what follows its end. Beside
//! these there are the tags that begin code in a page and a few phrases that no data holds.

mod call;
mod jdbc;
mod page;
mod words;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input, evidence};
use crate::seek;

/// Code of server-side languages.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Code,
    bytes: b"",
    words: &[
        "<?",
        "<%",
        "$_",
        "${@",
        "{${",
        "(~",
        "[~",
        "\"^\"",
        "'^'",
        "\" ^ \"",
        "' ^ '",
        "system",
        "exec",
        "passthru",
        "popen",
        "proc_open",
        "phpinfo",
        "php_uname",
        "phpversion",
        "eval",
        "assert",
        "create_function",
        "call_user_func",
        "base64_decode",
        "gzinflate",
        "md5(",
        "sha1(",
        "__import__",
        "import_module",
        "require(",
        "require (",
        "import(",
        "child_process",
        "mainmodule",
        "subprocess",
        "spawn",
        "getruntime",
        "processbuilder",
        "scriptengine",
        "process.start",
        "diagnostics.process",
        "createobject",
        "activexobject",
        "wscript.shell",
        "file_get_contents",
        "file_put_contents",
        "readfile",
        "fopen",
        "open(",
        "print_r(",
        "var_dump(",
        "check_output",
        "invokefunction",
        "auto_prepend_file",
        "allow_url_include",
        "pyimport",
        "runat=",
        "io.popen",
        "os.execute",
        "kernel.",
        "getoutput",
        "unserialize",
        "preg_replace",
        "include(",
        "include $",
        "array_map",
        "urllib",
        "scandir",
        "highlight_file",
        "show_source",
        "process.binding",
        "constructor(",
        "(\"",
        "('",
        "forname(",
        "execute(",
        "%x(",
        "chr(",
        "wsystem",
        "usort(",
        "array_filter(",
        "getenv(",
        "/bin/sh",
        "socket",
        "jdbc:",
        "__builtins__",
        "}[_](",
        ".send(:",
        "clojure.",
        "groovy('",
        ":os.cmd(",
        "].execute",
        "guzzlehttp\\",
        ".readalltext(",
        "package.loadlib(",
        "asenc(",
        "response.write(",
        "<cfexecute",
        "<cfoutput>",
        "echo `",
        "print `",
        "print(`",
        "die(`",
        "exit(`",
        "var_dump(`",
        "puts `",
        "#{`",
        "yii\\rbac\\",
    ],
    glance: None,
    detect,
};

const CALL: &str = "a call of the server's language";
const RUNS: &str = "code that runs what the request says";
const PHP: &str = "PHP in a page";
const TAG: &str = "code of a server's language in a page";

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let mut best: Option<Evidence> = None;
    for look in [jdbc::read, call::read, page::phrases, page::read] {
        let found = look(input.text);
        let stronger = |own: &Evidence| {
            best.as_ref()
                .is_none_or(|best| best.confidence < own.confidence)
        };
        if let Some(found) = found.filter(stronger) {
            best = Some(found);
        }
        if best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain)
        {
            break;
        }
    }
    let found = best.map(|found| read_from_a_url(input, found))?;
    let page = matches!(found.reading, TAG | PHP) && matches!(input.context.place, Place::File);
    let expected = match input.context.field {
        // Programs travel in bodies; what a URL or a header has of one is an expression.
        Field::Code => {
            let started = is_expression(input) && found.reading != RUNS;
            let known = crate::idiom::in_code(input.text)
                || probes(input, &found)
                || crate::idiom::breaks_out(input.text)
                || is_compiled(input.text);
            !started && !known && !is_run_from_a_url(input, &found)
        }
        Field::Telemetry => true,
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => false,
    };
    // People search for functions by their names.
    let mentioned = input.context.field == Field::Text
        && found.span == (0..input.text.len())
        && input.text.ends_with(b"()");
    // Whole programs are written, pasted and uploaded; commands for a server are a line.
    let written = matches!(
        input.context.place,
        Place::Form | Place::Json | Place::Xml | Place::Body | Place::File
    );
    let program =
        written && found.reading != RUNS && seek::memchr(b'\n', input.text.trim_ascii()).is_some();
    let document = written && found.reading == PHP && !image(input.text);
    let aside = mentioned || is_quoted(input, &found);
    let confidence = if is_source(input) || is_searched(input, &found) {
        found.confidence.min(Confidence::Possible)
    } else if (expected && !page) || aside || program || document {
        found.confidence.less()
    } else {
        found.confidence
    };
    // A call that the text ends in the middle of is read as if its end were there.
    let len = input.text.len();
    Some(Evidence {
        span: found.span.start.min(len)..found.span.end.min(len),
        confidence,
        ..found
    })
}

/// `CREATE ALIAS … AS 'String e(String c) … Runtime.getRuntime().exec(c)'`: a program that a database is to compile.
fn is_compiled(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(1024)).unwrap_or_default();
    let holds = |word: &[u8]| {
        head.windows(word.len())
            .any(|own| own.eq_ignore_ascii_case(word))
    };
    holds(b"create alias") && (holds(b"getruntime(") || holds(b"processbuilder("))
}

/// Whether a line of code does nothing but run a command that tells who one is.
fn probes(input: &Input<'_>, found: &Evidence) -> bool {
    const LONGEST: usize = 512;
    let text = input.text.trim_ascii();
    let line = text.len() < LONGEST && seek::memchr(b'\n', text).is_none();
    // `"id".execute()`, `getRuntime().exec("id")`: what tells may stand before and behind.
    let from = found.span.start.saturating_sub(16);
    let call = input
        .text
        .get(from..input.text.len().min(found.span.end + 32));
    line && found.reading == CALL
        && input.context.place != Place::File
        && call.is_some_and(crate::idiom::probes)
}

/// `?expr=require('fs').readdirSync('.')`: no address asks for a module of Node.
fn read_from_a_url(input: &Input<'_>, found: Evidence) -> Evidence {
    let loads = [&b"require('fs')"[..], b"require(\"fs\")"];
    let own = is_run_from_a_url(input, &found)
        && input.context.field != Field::Text
        && loads
            .iter()
            .any(|own| crate::phrases::find(input.text, own).is_some());
    let confidence = if own {
        Confidence::Certain
    } else {
        found.confidence
    };
    Evidence {
        confidence,
        ..found
    }
}

/// Whether the field is for an expression, which computes and starts nothing.
fn is_expression(input: &Input<'_>) -> bool {
    const NAMES: [&[u8]; 3] = [b"expr", b"expression", b"formula"];
    let name = input.context.name;
    let last = name.rsplit(|own| *own == b'.').next().unwrap_or(name);
    let short = input.text.len() < 512 && seek::memchr(b'\n', input.text).is_none();
    short && NAMES.iter().any(|own| last.eq_ignore_ascii_case(own))
}

/// Whether a call is quoted in a text as Markdown does: `` `subprocess.run("ls", shell=True)` ``.
fn is_quoted(input: &Input<'_>, found: &Evidence) -> bool {
    let before = input.text.get(..found.span.start).unwrap_or_default();
    let name = before
        .iter()
        .rev()
        .take_while(|own| letter(**own) || **own == b'.')
        .count();
    let opens = before.get(..before.len() - name).unwrap_or_default();
    let behind = input.text.get(found.span.end..).unwrap_or_default();
    input.context.field == Field::Text
        && opens.ends_with(b"`")
        && opens.contains(&b' ')
        && seek::memchr(b'`', behind).is_some()
}

/// Whether a search is for the call: `"fatal error" include('../a.php')`, `content:"os.system("`. What
/// breaks out of a string goes on with an operator.
fn is_searched(input: &Input<'_>, found: &Evidence) -> bool {
    let before = input.text.get(..found.span.start).unwrap_or_default();
    let owner = before.iter().rev();
    let owner = owner
        .take_while(|own| letter(**own) || **own == b'.')
        .count();
    let before = before.get(..before.len() - owner).unwrap_or_default();
    let phrase = before.ends_with(b"\" ") && before.iter().filter(|own| **own == b'"').count() == 2;
    let asked = input.context.field == Field::Text && input.context.place == Place::Query;
    asked && found.reading == CALL && (phrase || before.ends_with(b":\""))
}

/// Whether a file is the source of a program that nobody runs on a server: C and its kin.
fn is_source(input: &Input<'_>) -> bool {
    let head = input
        .text
        .get(..input.text.len().min(2048))
        .unwrap_or_default();
    input.context.place == Place::File && crate::phrases::find(head, b"#include <").is_some()
}

/// Whether the whole of a short value outside a body is such a call: `?expr=require('child_process')…`.
fn is_run_from_a_url(input: &Input<'_>, found: &Evidence) -> bool {
    let outside = matches!(
        input.context.place,
        Place::Query | Place::Header | Place::Cookie | Place::Path
    );
    outside && found.span.start < 16 && input.text.len() < 256 && found.reading != PHP
}

/// Whether a file begins as an image does.
fn image(text: &[u8]) -> bool {
    [&b"GIF8"[..], b"\x89PNG", b"\xff\xd8\xff", b"BM", b"RIFF"]
        .iter()
        .any(|own| text.starts_with(own))
}

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A name in lower case, cut to a fixed length.
struct Name {
    bytes: [u8; 32],
    len: usize,
}

impl Name {
    fn of(name: &[u8]) -> Self {
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().zip(name) {
            *place = byte.to_ascii_lowercase();
        }
        Self {
            bytes,
            len: name.len().min(32),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The name that ends at `end`.
fn name_before(text: &[u8], end: usize) -> &[u8] {
    let head = text.get(end.saturating_sub(40)..end).unwrap_or_default();
    let len = head.iter().rev().take_while(|byte| letter(**byte)).count();
    head.get(head.len() - len..).unwrap_or_default()
}
