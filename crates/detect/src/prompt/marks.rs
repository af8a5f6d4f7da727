//! Marks by which programs part the turns of a conversation with a model, letters nobody can see, and
//! orders in languages that put no spaces between words.

use std::ops::Range;

use crate::phrases::{Phrases, of_words, searchers};
use crate::seek;

use crate::detector::Confidence;

/// Marks that only a program writes.
const TURNS: &[&[u8]] = &[
    b"<|im_start|>",
    b"<|im_end|>",
    b"<|system|>",
    b"<|user|>",
    b"<|assistant|>",
    b"<|endoftext|>",
    b"<|start_header_id|>",
    b"<|eot_id|>",
    b"[INST]",
    b"[/INST]",
    b"<<SYS>>",
    b"<</SYS>>",
    b"<start_of_turn>",
    b"<end_of_turn>",
    b"<|begin_of_text|>",
    b"<|end|>",
];

/// A turn of the system, forged.
const FORGED: &[&[u8]] = &[
    b"<|im_start|>system",
    b"<|system|>",
    b"<<SYS>>",
    b"<|start_header_id|>system",
    b"[INST] <<SYS>>",
];

/// Beginnings of lines that give a turn to somebody, in lower case.
const LINES: &[&[u8]] = &[
    b"### system",
    b"### instruction",
    b"system:",
    b"[system]",
    b"<system>",
    b"</system>",
    b"assistant:",
    b"human:",
    b"### new instruction",
    b"[system message]",
    b"[[system",
    b"[admin]",
    b"### assistant",
    b"### human",
    b"</user_input>",
    b"</user>",
    b"---end of",
    b"--- end of",
    b"=== end of",
    b"<|",
    b"system override",
    b"begin system",
    b"# system",
    b"system prompt:",
    b"[end of",
    b"<instructions>",
    b"</instructions>",
    b"</context>",
    b"</document>",
];

/// What parts a conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// Marks that only a program writes.
    pub(super) marks: usize,
    /// Lines that give a turn to somebody.
    pub(super) lines: usize,
    /// A turn of the system begins inside the text, which is therefore not a whole conversation.
    pub(super) forged: bool,
    /// A remark that readers of a page do not see speaks for the system.
    pub(super) remark: bool,
    /// A line claims a right over the model that nobody gave: `SYSTEM OVERRIDE …`.
    pub(super) claimed: bool,
    /// Behind the last line that says that the text it stands in ends.
    ended: Option<usize>,
    /// The last line in which the system speaks, other than the first.
    pub(super) system: Range<usize>,
    /// Where the first mark stands.
    pub(super) at: usize,
}

impl Turns {
    /// Whether what stands before this place begins where the text is said to end.
    pub(super) fn is_ended(&self, at: usize) -> bool {
        const NEAR: usize = 48;
        let far = self.ended.and_then(|ended| at.checked_sub(ended));
        far.is_some_and(|far| far < NEAR)
    }
}

/// What marks begin with.
static TOKENS: Phrases = Phrases::new(|| {
    searchers(&[
        b"<|",
        b"[INST]",
        b"[/INST]",
        b"<<SYS>>",
        b"<start_of_turn>",
        b"<end_of_turn>",
    ])
});

/// Of each, so many are looked at.
const MOST_TOKENS: usize = 16;

/// Looks for marks and lines.
pub(super) fn turns(text: &[u8]) -> Turns {
    let mut own = lines(text);
    let mut system = false;
    let any = seek::memchr2(b'<', b'[', text).is_some();
    let marked = if any { text } else { b"" };
    for at in TOKENS.places(marked, MOST_TOKENS) {
        let rest = text.get(at..).unwrap_or_default();
        if TURNS.iter().any(|mark| rest.starts_with(mark)) {
            own.at = own.at.min(at);
            own.marks += 1;
            system |= FORGED.iter().any(|mark| rest.starts_with(mark));
        }
    }
    let start = text.get(own.at..).unwrap_or_default();
    let ends = [
        b"<|im_end".as_slice(),
        b"<|end",
        b"<|eot",
        b"[/INST]",
        b"<end_of",
    ];
    let inside = own.at > 2 || ends.iter().any(|mark| start.starts_with(mark));
    own.forged = own.marks > 0 && inside && (system || own.marks > 1) || answered(text);
    own.remark = any && remark(text);
    own
}

/// `</tool_response><tool_call>…`: the end of what a tool is to have said, and a call behind it.
fn answered(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 3] = [b"</tool_response>", b"</tool_result>", b"</tool_output>"];
    let text = text.trim_ascii_start();
    let ends = ENDS.iter().any(|own| text.starts_with(own));
    ends && memchr::memmem::find(text, b"<tool_call").is_some()
}

/// `<!-- SYSTEM: …`
fn remark(text: &[u8]) -> bool {
    const WHO: [&[u8]; 8] = [
        b"system:",
        b"assistant:",
        b"assistant,",
        b"[system",
        b"ai:",
        b"llm:",
        b"agent:",
        b"bot:",
    ];
    let Some(at) = memchr::memmem::find(text, b"<!--") else {
        return false;
    };
    let says = text.get(at + 4..).unwrap_or_default().trim_ascii_start();
    WHO.iter().any(|own| {
        says.get(..own.len())
            .is_some_and(|says| says.eq_ignore_ascii_case(own))
    })
}

/// Beginnings of lines that end the text they stand in, in lower case.
const ENDS: &[&[u8]] = &[
    b"### end of",
    b"---end of",
    b"--- end of",
    b"=== end of",
    b"[end of",
    b"</document>",
    b"</context>",
    b"</user_input>",
];

/// Beginnings of lines that claim a right over a model, in lower case.
const CLAIMS: &[&[u8]] = &[
    b"system override",
    b"[system override",
    b"admin override",
    b"[admin override",
    b"developer override",
    b"[developer override",
    b"emergency override",
    b"security override",
    b"safety override",
    b"debug override",
];

/// `END OF REVIEW.`: a line in capitals that ends the text it stands in.
fn is_end(line: &[u8]) -> bool {
    const TEXTS: [&[u8]; 16] = [
        b"ARTICLE",
        b"COMMENT",
        b"CONTEXT",
        b"CONVERSATION",
        b"DATA",
        b"DOCUMENT",
        b"EMAIL",
        b"FILE",
        b"INPUT",
        b"MESSAGE",
        b"PROMPT",
        b"RESUME",
        b"REVIEW",
        b"TEXT",
        b"TICKET",
        b"USER INPUT",
    ];
    let signs = |own: &u8| own.is_ascii_punctuation() || own.is_ascii_whitespace();
    let len = line.iter().rev().take_while(|own| signs(own)).count();
    let name = line
        .get(..line.len() - len)
        .and_then(|own| own.strip_prefix(b"END OF "));
    name.is_some_and(|own| TEXTS.contains(&own))
}

/// Lines that give a turn to somebody.
fn lines(text: &[u8]) -> Turns {
    let mut turns = Turns {
        at: text.len(),
        ..Turns::default()
    };
    let mut own = 0;
    let mut from = 0;
    for line in text.split(|own| *own == b'\n').take(256) {
        let whole = from..from + line.len();
        from = whole.end + 1;
        let line = line.trim_ascii_start();
        let first = line.first().map_or(0, u8::to_ascii_lowercase);
        if !b"#sah[<-=bed".contains(&first) {
            continue;
        }
        let begins = |own: &&[u8]| {
            let start = line.get(..own.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(own))
        };
        turns.claimed |= CLAIMS.iter().any(begins);
        if ENDS.iter().any(begins) || is_end(line) {
            turns.ended = Some(from);
        }
        own += usize::from(LINES.iter().any(begins));
        if whole.start > 0 && begins(&&b"system:"[..]) {
            turns.system = whole;
        }
    }
    // One name with a colon is how people write dialogues and lists.
    turns.lines =
        own / 2 + usize::from(own == 1 && text.windows(4).take(4).any(|own| own == b"### "));
    turns
}

/// Letters of the tag block, and runs of variation selectors: text that is not shown.
pub(super) fn hidden(text: &[u8]) -> Option<((usize, usize), Confidence)> {
    let mut run = 0_usize;
    let mut start = 0;
    let mut selectors = 0_usize;
    let mut at = seek::memchr(0xf3, text)?;
    while let Some([a, b, c, _]) = text.get(at..at + 4) {
        match (a, b, c) {
            (0xf3, 0xa0, 0x80 | 0x81) => run += 1,
            (0xf3, 0xa0, 0x84..=0x87) => selectors += 1,
            _ => {
                let rest = text.get(at + 1..)?;
                match seek::memchr(0xf3, rest) {
                    Some(next) => {
                        at += 1 + next;
                        (run, selectors, start) = (0, 0, at);
                        continue;
                    }
                    None => return None,
                }
            }
        }
        if run + selectors == 1 {
            start = at;
        }
        // Flags of regions are a black flag and at most seven of these.
        let flag = start >= 4 && text.get(start - 4..start) == Some("\u{1f3f4}".as_bytes());
        if run > if flag { 8 } else { 3 } || selectors > 7 {
            return Some(((start, at + 4), Confidence::Certain));
        }
        at += 4;
    }
    None
}

/// To leave aside.
static ASIDE: Phrases = Phrases::new(|| {
    of_words(&[
        "忽略",
        "无视",
        "忘记",
        "無視",
        "忘れ",
        "무시",
        "잊어",
        "تجاهل",
        "不要理会",
        "忽視",
        "انس ",
    ])
});

/// What was said before.
static BEFORE: Phrases = Phrases::new(|| {
    of_words(&[
        "之前",
        "以上",
        "上述",
        "前面",
        "先前",
        "所有",
        "上面",
        "此前",
        "以前",
        "前の",
        "上記",
        "これまで",
        "すべて",
        "全て",
        "이전",
        "위의",
        "모든",
        "앞의",
        "السابقة",
        "أعلاه",
        "你的",
        "您的",
    ])
});

/// What a model was told.
static TARGETS: Phrases = Phrases::new(|| {
    of_words(&[
        "指令",
        "指示",
        "提示",
        "说明",
        "规则",
        "命令",
        "プロンプト",
        "ルール",
        "지시",
        "명령",
        "프롬프트",
        "규칙",
        "التعليمات",
        "الأوامر",
        "設定",
        "限制",
    ])
});

/// What it is to do instead.
static INSTEAD: Phrases = Phrases::new(|| {
    of_words(&[
        "输出",
        "显示",
        "说出",
        "告诉",
        "回答",
        "打印",
        "扮演",
        "写",
        "你现在是",
        "出力",
        "表示",
        "教えて",
        "答え",
        "言って",
        "출력",
        "말해",
        "보여",
        "알려",
        "اعرض",
        "اطبع",
        "系统提示",
        "回复",
    ])
});

/// Orders in Chinese, Japanese, Korean and Arabic: whether there is one, and whether it says what to do
/// instead.
pub(super) fn without_spaces(text: &[u8]) -> Option<bool> {
    text.iter()
        .find(|own| matches!(own, 0xd8..=0xd9 | 0xe3..=0xed))?;
    let aside = ASIDE.first(text)?;
    let before = BEFORE.first(text)?;
    let target = TARGETS.first(text)?;
    let near = aside.max(before).max(target) - aside.min(before).min(target) < 90;
    near.then(|| INSTEAD.are_in(text))
}
