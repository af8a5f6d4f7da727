//! The two HTML pages: a front page with links, and the search page that reflects its query.

use crate::store::Recall;

/// The front page; its links let a crawler find the API.
pub(crate) const HOME: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Baby-product recalls</title></head><body>
<h1>Baby-product recalls</h1>
<form action="/search" method="get"><input name="q" value="stroller"><button>Search</button></form>
<ul>
<li><a href="/search?q=crib">Recalled cribs</a></li>
<li><a href="/v1/recalls?q=seat&amp;category=car-seats">Car seats, as JSON</a></li>
<li><a href="/v1/recalls?category=strollers&amp;page=2">Strollers, page 2</a></li>
<li><a href="/v1/recalls/7">One recall</a></li>
<li><a href="/v1/products?page=1">Products</a></li>
<li><a href="/v1/files?name=how-to-check.txt">How to check your model</a></li>
<li><a href="/v1/files?name=refund.txt">How to get a refund</a></li>
</ul></body></html>
"#;

/// The search page. `q` is put into the page as it came: one of the deliberate holes.
pub(crate) fn search(q: &str, found: &[Recall]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Search</title>\
         </head><body>\n<h1>{} recalls for {q}</h1>\n\
         <form action=\"/search\"><input name=\"q\"><button>Search</button></form>\n<ul>\n",
        found.len()
    );
    for recall in found {
        page.push_str(&format!(
            "<li><a href=\"/v1/recalls/{}\">{}</a></li>\n",
            recall.id,
            escape(&recall.title)
        ));
    }
    page.push_str("</ul></body></html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
