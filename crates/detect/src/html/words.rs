//! Names of HTML: events, elements, and the hosts of what editors embed.

use crate::starts::{self, Starts};

/// Whether a handler's name (lower case) is one browsers know, or nearly.
pub(super) fn event(name: &[u8]) -> bool {
    name.strip_prefix(b"on")
        .is_some_and(|rest| EVENTS.iter().any(|own| rest.starts_with(own)))
}

/// Whether a name (lower case, without prefix) is that of an element browsers know.
pub(super) fn element(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    starts::find(ELEMENTS, &STARTS, name).is_some()
}

/// What the names of events begin with.
#[rustfmt::skip]
static EVENTS: &[&[u8]] = &[
    b"abort", b"activate", b"after", b"animation", b"auxclick", b"before", b"begin", b"blur",
    b"bounce", b"can", b"change", b"click", b"close", b"content", b"context", b"copy", b"cue",
    b"cut", b"data", b"dblclick", b"deactivate", b"drag", b"drop", b"duration", b"end", b"error",
    b"filter", b"finish", b"focus", b"form", b"fullscreen", b"gesture", b"hash", b"input",
    b"invalid", b"key", b"load", b"message", b"mouse", b"offline", b"online", b"page", b"paste",
    b"pause", b"play", b"pointer", b"popstate", b"progress", b"property", b"readystate",
    b"repeat", b"reset", b"resize", b"row", b"scroll", b"se", b"search", b"show", b"slot",
    b"start", b"stop", b"storage", b"submit", b"suspend", b"time", b"toggle", b"touch",
    b"transition", b"unhandled", b"unload", b"volume", b"waiting", b"webkit", b"wheel",
];

/// Hosts whose players and widgets editors embed.
#[rustfmt::skip]
pub(super) static EMBEDS: &[&[u8]] = &[
    b"youtube.com", b"youtube-nocookie.com", b"youtu.be", b"vimeo.com", b"google.com",
    b"dailymotion.com", b"soundcloud.com", b"spotify.com", b"twitter.com", b"x.com",
    b"instagram.com", b"facebook.com", b"facebook.net", b"tiktok.com", b"pinterest.com",
    b"codepen.io", b"jsfiddle.net", b"openstreetmap.org", b"slideshare.net", b"twitch.tv",
    b"googletagmanager.com", b"typeform.com", b"loom.com", b"figma.com",
];

static STARTS: Starts = starts::of(ELEMENTS);

/// Elements of HTML, SVG and MathML, sorted.
#[rustfmt::skip]
static ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "annotation-xml", "area", "article", "aside",
    "audio", "b", "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br",
    "button", "canvas", "caption", "center", "circle", "cite", "code", "col", "colgroup",
    "command", "content", "data", "datalist", "dd", "defs", "del", "desc", "details",
    "dfn", "dialog", "dir", "div", "dl", "dt", "ellipse", "em", "fieldset",
    "figcaption", "figure", "font", "footer", "foreignobject", "frameset", "g", "h1",
    "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i",
    "image", "img", "input", "ins", "kbd", "keygen", "label", "layer", "legend", "li",
    "line", "listing", "maction", "main", "map", "mark", "marquee", "math", "menu",
    "menuitem", "meter", "mglyph", "mtext", "multicol", "nav", "nobr", "noembed",
    "noframes", "noscript", "ol", "optgroup", "option", "output", "p", "param", "path",
    "picture", "plaintext", "polygon", "pre", "progress", "q", "rect", "rp", "rt",
    "ruby", "s", "samp", "section", "select", "shadow", "slot", "small", "source",
    "span", "strike", "strong", "sub", "summary", "sup", "svg", "table", "tbody", "td",
    "template", "text", "textarea", "tfoot", "th", "thead", "time", "title", "tr",
    "track", "tt", "u", "ul", "var", "video", "wbr", "xml", "xmp", "xss",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted() {
        assert!(ELEMENTS.is_sorted());
        assert!(element(b"a") && element(b"/xmp") && !element(b"string"));
    }
}
