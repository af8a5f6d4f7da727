//! Who sends a request, from where, and how: what is around the part that its kind writes.

use crate::dice::{Alphabet, Dice};
use crate::grammar::{Expansion, Grammar, Kind, Variables};
use crate::message::Message;

/// The language of a site and of who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Polish.
    Polish,
    /// Turkish.
    Turkish,
    /// Russian.
    Russian,
    /// Arabic.
    Arabic,
    /// Chinese.
    Chinese,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Vietnamese.
    Vietnamese,
    /// Hindi.
    Hindi,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Italian,
        Self::Dutch,
        Self::Polish,
        Self::Turkish,
        Self::Russian,
        Self::Arabic,
        Self::Chinese,
        Self::Japanese,
        Self::Korean,
        Self::Vietnamese,
        Self::Hindi,
    ];

    /// The two letters of ISO 639.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Polish => "pl",
            Self::Turkish => "tr",
            Self::Russian => "ru",
            Self::Arabic => "ar",
            Self::Chinese => "zh",
            Self::Japanese => "ja",
            Self::Korean => "ko",
            Self::Vietnamese => "vi",
            Self::Hindi => "hi",
        }
    }

    /// How common it is.
    fn weight(self) -> u64 {
        match self {
            Self::English => 36,
            Self::Chinese => 14,
            Self::German | Self::Spanish => 7,
            Self::Japanese | Self::Russian | Self::French => 6,
            Self::Korean | Self::Portuguese => 4,
            Self::Arabic | Self::Italian | Self::Polish | Self::Turkish => 2,
            Self::Dutch | Self::Vietnamese | Self::Hindi => 1,
        }
    }

    /// What a browser in that language accepts.
    fn accepts(self, dice: &mut Dice) -> String {
        let tag = self.tag();
        let region = match self {
            Self::English => dice.text(&["US", "US", "GB", "AU", "CA", "IN"]),
            Self::Portuguese => dice.text(&["BR", "PT"]),
            Self::Spanish => dice.text(&["ES", "MX", "AR"]),
            Self::Chinese => dice.text(&["CN", "CN", "TW"]),
            Self::Japanese => "JP",
            Self::Korean => "KR",
            Self::Arabic => "SA",
            Self::Hindi => "IN",
            Self::Vietnamese => "VN",
            Self::German | Self::French | Self::Italian | Self::Dutch => "",
            Self::Polish | Self::Turkish | Self::Russian => "",
        };
        let region = if region.is_empty() {
            tag.to_uppercase()
        } else {
            region.to_owned()
        };
        if self == Self::English {
            return format!("{tag}-{region},{tag};q=0.9");
        }
        match dice.below(3) {
            0 => format!("{tag}-{region},{tag};q=0.9,en-US;q=0.8,en;q=0.7"),
            1 => format!("{tag},en-US;q=0.7,en;q=0.3"),
            _ => format!("{tag}-{region},{tag};q=0.9"),
        }
    }

    /// The language of a kind whose name ends in a tag, otherwise any.
    fn of(kind: &Kind, dice: &mut Dice) -> Self {
        let end = kind.name.rsplit('.').next();
        let mut all = Self::ALL.into_iter();
        let own = all.find(|language| Some(language.tag()) == end);
        own.unwrap_or_else(|| {
            let at = dice.weighted(Self::ALL.into_iter().map(Self::weight));
            Self::ALL.get(at).copied().unwrap_or(Self::English)
        })
    }
}

/// Who sends a request, and on what occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A browser goes to a page.
    Page,
    /// A browser sends a form.
    Form,
    /// A browser loads what a page names.
    Asset,
    /// A page's script asks its own site.
    Fetch,
    /// A page's script tells another site.
    Beacon,
    /// A mobile application.
    App,
    /// A library or a command-line tool.
    Tool,
    /// A server calls a server; the template says everything.
    Hook,
    /// A crawler.
    Bot,
}

impl Way {
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "page" => Self::Page,
            "form" => Self::Form,
            "asset" => Self::Asset,
            "fetch" => Self::Fetch,
            "beacon" => Self::Beacon,
            "app" => Self::App,
            "tool" => Self::Tool,
            "hook" => Self::Hook,
            "bot" => Self::Bot,
            _ => return None,
        })
    }

    /// The symbol that writes the headers of the client itself.
    fn client(self) -> &'static str {
        match self {
            Self::Page | Self::Form | Self::Asset | Self::Fetch | Self::Beacon => "client.browser",
            Self::App => "client.app",
            Self::Tool => "client.tool",
            Self::Hook => "client.hook",
            Self::Bot => "client.bot",
        }
    }

    /// The symbol that writes the headers of the occasion.
    fn occasion(self) -> &'static str {
        match self {
            Self::Page => "occasion.page",
            Self::Form => "occasion.form",
            Self::Asset => "occasion.asset",
            Self::Fetch => "occasion.fetch",
            Self::Beacon => "occasion.beacon",
            Self::App => "occasion.app",
            Self::Tool => "occasion.tool",
            Self::Hook => "occasion.hook",
            Self::Bot => "occasion.bot",
        }
    }
}

/// Writes one request of a kind.
pub(crate) fn write(grammar: &Grammar, kind: &Kind, dice: &mut Dice) -> Message {
    let language = Language::of(kind, dice);
    let mut variables = Variables::new();
    let accepts = language.accepts(dice).into_bytes();
    let tag = accepts.split(|&byte| byte == b',').next();
    variables.insert("lang".into(), tag.unwrap_or_default().to_vec());
    variables.insert("language".into(), language.tag().into());
    variables.insert("accepts".into(), accepts);
    variables.insert("boundary".into(), boundary(dice));
    let mut expansion = Expansion::new(grammar, dice, language, variables);
    for name in ["host", "page", "client"] {
        let symbol = match name {
            "client" => kind.way.client(),
            "host" => "site.host",
            _ => "site.page",
        };
        let text = expansion.named(symbol);
        expansion.variables.insert(name.into(), text);
    }
    let client = expansion.variables.get("client").cloned();
    let client = headers(&client.unwrap_or_default());
    let agent = client.iter().find(|(name, _)| name == b"User-Agent");
    let agent = agent.map(|(_, value)| value.clone()).unwrap_or_default();
    expansion.variables.insert("agent".into(), agent);
    let mut message = Message::of_template(&expansion.kind(kind));
    let occasion = headers(&expansion.named(kind.way.occasion()));
    let host = expansion.variables.get("host").cloned();
    complete(&mut message, &host.unwrap_or_default(), client, occasion);
    message
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

fn headers(text: &[u8]) -> Headers {
    Message::of_template(&[b"x\n", text].concat()).headers
}

/// Puts everything in the order in which clients send it: host, length, the client's, the
/// template's own; what the template says itself comes first where both speak.
fn complete(message: &mut Message, host: &[u8], client: Headers, occasion: Headers) {
    let own = std::mem::take(&mut message.headers);
    let has = |name: &[u8]| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    if !has(b"Host") {
        message.offer("Host", host);
    }
    let only = |list: Headers| {
        list.into_iter()
            .filter(|(name, value)| !has(name) && !value.is_empty())
    };
    let client: Headers = only(client).collect();
    let occasion: Headers = only(occasion).collect();
    message.headers.extend(client);
    let sends =
        !message.body.is_empty() || [&b"POST"[..], b"PUT", b"PATCH"].contains(&&message.method[..]);
    if sends {
        message.offer("Content-Length", message.body.len().to_string().as_bytes());
    }
    message
        .headers
        .extend(own.into_iter().filter(|(_, value)| !value.is_empty()));
    message.headers.extend(occasion);
}

fn boundary(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => [
            &b"---------------------------"[..],
            &dice.run(Alphabet::Digits, 29),
        ]
        .concat(),
        1 => [&b"----geckoformboundary"[..], &dice.run(Alphabet::Hex, 32)].concat(),
        _ => [
            &b"----WebKitFormBoundary"[..],
            &dice.run(Alphabet::Alphanumeric, 16),
        ]
        .concat(),
    }
}
