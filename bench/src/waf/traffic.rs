//! Ordinary requests, as browsers and mobile apps send them to a shop's API: the same for every run.

use super::Request;

/// What a page of ordinary text is made of; some words are also words of SQL and of shells.
const WORDS: &str = "the a of and to in for with on is it was are from that this please select size \
    colour drop off order by mail or pick up where we have delivery like new baby chair stroller recall \
    notice model number serial between January and March crib mattress safety standard child seat buckle \
    strap wheel brake may come loose return to store full refund contact us at phone support team \
    O'Brien's café naïve 50% more than 100 items (see page 4) A&B price €49.99 id #42 next day \
    union set group table when end value price date name style image left right join they're ready, \
    which means: free shipping. Thanks! Is it safe? yes/no 3.5kg blue+white";

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Mobile Safari/537.36",
];

const PATHS: [&str; 10] = [
    "/",
    "/v1/recalls",
    "/v1/recalls/8812",
    "/v1/products/stroller-lite-3",
    "/search",
    "/account/orders",
    "/static/app.4f9c21d8.js",
    "/images/products/large/crib-72.webp",
    "/v1/stores/nearby",
    "/help/contact-us",
];

/// Numbers that look random and are the same in every run (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut own = self.0;
        own = (own ^ (own >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        own = (own ^ (own >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((own ^ (own >> 31)) >> 1).unwrap_or_default() % limit.max(1)
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len());
        from.get(at).copied().unwrap_or_default()
    }

    /// Characters of a token: session ids, signatures.
    fn token(&mut self, length: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut char = || {
            ALPHABET
                .get(self.below(ALPHABET.len()))
                .copied()
                .map_or('A', char::from)
        };
        (0..length).map(|_| char()).collect()
    }

    /// So many words of prose.
    fn prose(&mut self, words: usize) -> String {
        let all: Vec<&str> = WORDS.split_whitespace().collect();
        let text: Vec<&str> = (0..words).map(|_| self.pick(&all)).collect();
        text.join(" ")
    }
}

/// So many requests.
pub(super) fn generate(count: usize) -> Vec<Request> {
    let mut dice = Dice::new(0x000b_ab75_417e_1d00);
    (0..count).map(|_| request(&mut dice)).collect()
}

fn request(dice: &mut Dice) -> Request {
    match dice.below(200) {
        0..60 => page(dice),
        60..110 => search(dice),
        110..160 => {
            let size = 2 << dice.below(5);
            with_body(dice, "application/json", |dice| json(dice, size))
        }
        160..185 => {
            let size = 4 + dice.below(30);
            with_body(dice, FORM, |dice| form(dice, size))
        }
        185..197 => upload(dice),
        197 => with_body(dice, FORM, |dice| form(dice, 700)),
        198 => with_body(dice, "application/json", |dice| json(dice, 500)),
        _ => with_body(dice, "application/json", |dice| {
            let note = dice.prose(18_000);
            format!("{{\"note\":{}}}", quoted(&note)).into_bytes()
        }),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn page(dice: &mut Dice) -> Request {
    Request {
        method: "GET".to_owned(),
        target: dice.pick(&PATHS).to_owned(),
        headers: headers(dice),
        body: Vec::new(),
    }
}

fn search(dice: &mut Dice) -> Request {
    let mut own = page(dice);
    let words = 1 + dice.below(5);
    let query = escaped(&dice.prose(words));
    let (page, click) = (dice.below(20), dice.token(40));
    own.target = format!("/search?q={query}&page={page}&sort=-date&in_stock=true&utm_id={click}");
    own
}

fn headers(dice: &mut Dice) -> Vec<(String, String)> {
    let cookie = format!(
        "session={}.{}.{}; _ga=GA1.2.{}.{}; theme=dark; cart=%5B%7B%22id%22%3A{}%2C%22n%22%3A1%7D%5D; \
         consent={}; csrf={}",
        dice.token(36),
        dice.token(120),
        dice.token(43),
        dice.below(1 << 30),
        dice.below(1 << 30),
        dice.below(9999),
        dice.token(560),
        dice.token(64),
    );
    let referer = format!(
        "https://www.example.com{}?ref={}",
        dice.pick(&PATHS),
        escaped(&dice.prose(2))
    );
    let fields = [
        ("Host", "api.example.com"),
        ("User-Agent", dice.pick(&AGENTS)),
        (
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        ),
        ("Accept-Language", "en-GB,en;q=0.8,de;q=0.5"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Referer", &referer),
        ("Cookie", &cookie),
        (
            "Sec-CH-UA",
            "\"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\", \"Google Chrome\";v=\"128\"",
        ),
        ("Sec-CH-UA-Mobile", "?0"),
        ("Sec-CH-UA-Platform", "\"Windows\""),
        ("Sec-Fetch-Dest", "empty"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Site", "same-site"),
        ("DNT", "1"),
        ("Connection", "keep-alive"),
    ];
    let own = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.into()
}

fn with_body(dice: &mut Dice, kind: &str, body: impl FnOnce(&mut Dice) -> Vec<u8>) -> Request {
    let mut own = page(dice);
    own.method = "POST".to_owned();
    own.target = "/v1/incidents".to_owned();
    own.body = body(dice);
    let length = own.body.len().to_string();
    own.headers
        .push(("Origin".to_owned(), "https://www.example.com".to_owned()));
    own.headers
        .push(("Content-Type".to_owned(), kind.to_owned()));
    own.headers.push(("Content-Length".to_owned(), length));
    own
}

fn json(dice: &mut Dice, items: usize) -> Vec<u8> {
    let item = |dice: &mut Dice| {
        let words = 3 + dice.below(12);
        format!(
            "{{\"id\":{},\"sku\":\"{}\",\"title\":{},\"price\":{}.99,\"tags\":[\"new\",\"baby\"],\"sold\":false}}",
            dice.below(99_999),
            dice.token(12),
            quoted(&dice.prose(words)),
            dice.below(300),
        )
    };
    let list: Vec<String> = (0..items).map(|_| item(dice)).collect();
    let text = format!(
        "{{\"name\":\"Siobhán O'Brien\",\"email\":\"siobhan@example.com\",\"items\":[{}],\"note\":{}}}",
        list.join(","),
        quoted(&dice.prose(20))
    );
    text.into_bytes()
}

fn form(dice: &mut Dice, fields: usize) -> Vec<u8> {
    let field = |at: usize, dice: &mut Dice| {
        let words = 1 + dice.below(40);
        format!("field_{at}={}", escaped(&dice.prose(words)))
    };
    let all: Vec<String> = (0..fields).map(|at| field(at, dice)).collect();
    all.join("&").into_bytes()
}

fn upload(dice: &mut Dice) -> Request {
    let boundary = format!(
        "----WebKitFormBoundary{}",
        dice.token(16).replace(['-', '_'], "x")
    );
    let kind = format!("multipart/form-data; boundary={boundary}");
    with_body(dice, &kind, |dice| {
        let mut body = Vec::new();
        for name in ["title", "comment"] {
            let text = dice.prose(12);
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        let length = 500 + dice.below(6000);
        body.extend((0..length).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()));
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        body
    })
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As browsers encode form fields.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The head of a request by a browser, for [`super::attacks`].
pub(super) fn ordinary(dice: &mut Dice) -> Request {
    page(dice)
}

/// An ordinary request with a form or JSON body of these bytes.
pub(super) fn posted(dice: &mut Dice, is_json: bool, body: Vec<u8>) -> Request {
    let kind = if is_json { "application/json" } else { FORM };
    with_body(dice, kind, |_| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_the_same_every_time_and_of_the_size_it_should_have() {
        let requests = generate(2000);
        assert_eq!(requests, generate(2000));
        let mut sizes: Vec<usize> = requests.iter().map(Request::len).collect();
        sizes.sort_unstable();
        let median = sizes[1000];
        assert!((1500..2700).contains(&median), "{median}");
        assert!(sizes.iter().filter(|size| **size > 90_000).count() >= 10);
    }

    #[test]
    fn text_is_encoded_as_browsers_do() {
        assert_eq!(escaped("a b&c=é"), "a+b%26c%3D%C3%A9");
        assert_eq!(quoted("say \"é\""), "\"say \\\"é\\\"\"");
    }
}
