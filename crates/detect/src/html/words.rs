//! Names of HTML: events, elements, and the hosts of what editors embed.

/// Whether a handler's name (lower case) is one browsers know, or nearly.
pub(super) fn event(name: &[u8]) -> bool {
    name.strip_prefix(b"on")
        .is_some_and(|rest| EVENTS.iter().any(|own| rest.starts_with(own)))
}

/// Whether a name (lower case, without prefix) is that of an element browsers know.
pub(super) fn element(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    ELEMENTS.binary_search(&name).is_ok()
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

/// Elements of HTML, SVG and MathML, sorted.
#[rustfmt::skip]
static ELEMENTS: &[&[u8]] = &[
    b"a", b"abbr", b"acronym", b"address", b"annotation-xml", b"area", b"article", b"aside",
    b"audio", b"b", b"bdi", b"bdo", b"bgsound", b"big", b"blink", b"blockquote", b"body", b"br",
    b"button", b"canvas", b"caption", b"center", b"circle", b"cite", b"code", b"col", b"colgroup",
    b"command", b"content", b"data", b"datalist", b"dd", b"defs", b"del", b"desc", b"details",
    b"dfn", b"dialog", b"dir", b"div", b"dl", b"dt", b"ellipse", b"em", b"fieldset",
    b"figcaption", b"figure", b"font", b"footer", b"foreignobject", b"frameset", b"g", b"h1",
    b"h2", b"h3", b"h4", b"h5", b"h6", b"head", b"header", b"hgroup", b"hr", b"html", b"i",
    b"image", b"img", b"input", b"ins", b"kbd", b"keygen", b"label", b"layer", b"legend", b"li",
    b"line", b"listing", b"maction", b"main", b"map", b"mark", b"marquee", b"math", b"menu",
    b"menuitem", b"meter", b"mglyph", b"mtext", b"multicol", b"nav", b"nobr", b"noembed",
    b"noframes", b"noscript", b"ol", b"optgroup", b"option", b"output", b"p", b"param", b"path",
    b"picture", b"plaintext", b"polygon", b"pre", b"progress", b"q", b"rect", b"rp", b"rt",
    b"ruby", b"s", b"samp", b"section", b"select", b"shadow", b"slot", b"small", b"source",
    b"span", b"strike", b"strong", b"sub", b"summary", b"sup", b"svg", b"table", b"tbody", b"td",
    b"template", b"text", b"textarea", b"tfoot", b"th", b"thead", b"time", b"title", b"tr",
    b"track", b"tt", b"u", b"ul", b"var", b"video", b"wbr", b"xml", b"xmp", b"xss",
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
