//! Rule sets of whole cloth: every operator, action and kind of target, in any mixture.

use crate::requests::Random;

const TARGETS: [&str; 72] = [
    "ARGS",
    "ARGS:q",
    "ARGS:/^i/",
    "!ARGS:id",
    "&ARGS",
    "&ARGS:q",
    "ARGS_GET",
    "ARGS_POST",
    "ARGS_NAMES",
    "ARGS_COMBINED_SIZE",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS:User-Agent",
    "!REQUEST_HEADERS:/^h/",
    "REQUEST_HEADERS_NAMES",
    "REQUEST_COOKIES",
    "REQUEST_COOKIES_NAMES",
    "REQUEST_URI",
    "REQUEST_BODY",
    "REQUEST_FILENAME",
    "REQUEST_BASENAME",
    "REQUEST_LINE",
    "REQUEST_METHOD",
    "QUERY_STRING",
    "FILES",
    "FILES_NAMES",
    "FILES_SIZES",
    "MULTIPART_PART_HEADERS",
    "XML:/*",
    "XML://@*",
    "TX:a",
    "TX:b",
    "&TX:a",
    "TX:/^[ab]$/",
    "TX:0",
    "TX:1",
    "MATCHED_VAR",
    "MATCHED_VARS",
    "MATCHED_VARS_NAMES",
    "FULL_REQUEST",
    "HIGHEST_SEVERITY",
    "REQUEST_URI_RAW",
    "REQUEST_PROTOCOL",
    "REQUEST_HEADERS:Cookie",
    "&REQUEST_HEADERS",
    "&REQUEST_HEADERS:Content-Type",
    "REQUEST_COOKIES:s",
    "ARGS_GET_NAMES",
    "ARGS_POST_NAMES",
    "&FILES",
    "FILES_COMBINED_SIZE",
    "MULTIPART_FILENAME",
    "MULTIPART_NAME",
    "MULTIPART_STRICT_ERROR",
    "REQBODY_ERROR",
    "REQBODY_PROCESSOR",
    "REQUEST_BODY_LENGTH",
    "PATH_INFO",
    "REMOTE_ADDR",
    "SERVER_NAME",
    "STATUS_LINE",
    "RESPONSE_STATUS",
    "TX:c",
    "&TX:/^b$/",
    "TX",
    "IP:n",
    "&IP:n",
    "ENV:x",
    "MATCHED_VAR_NAME",
    "URLENCODED_ERROR",
    "!REQUEST_COOKIES:/^s/",
    "!TX:a",
    "FULL_REQUEST_LENGTH",
];

const OPERATORS: [&str; 52] = [
    "@rx a",
    "@rx (?i)ab+",
    "@rx (a)(b)?",
    "@rx ^$",
    "@rx ^[a-z]+$",
    "@rx union\\s+select",
    "@rx \\bor\\b",
    "@rx (?<=a)b",
    "@rx [^a-z0-9]",
    "@rxGlobal (a)|(b)",
    "@pm ab union <script",
    "@pm a aB abc",
    "@contains ab",
    "@streq abc",
    "@beginsWith a",
    "@endsWith c",
    "@within abc ab GET POST",
    "@containsWord ab",
    "@strmatch ab",
    "@eq 1",
    "@gt 0",
    "@ge 2",
    "@lt 5",
    "@le %{tx.a}",
    "@eq %{tx.b}",
    "@streq %{tx.a}",
    "@rx ^%{tx.c}$",
    "@validateByteRange 32-126",
    "@validateUrlEncoding",
    "@validateUtf8Encoding",
    "@detectSQLi",
    "@detectXSS",
    "@verifyCC \\d{13,16}",
    "@ipMatch 203.0.113.0/24",
    "@unconditionalMatch",
    "@noMatch",
    "@within %{tx.b}",
    "@beginsWith %{tx.a}",
    "@contains %{tx.b}",
    "@endsWith %{tx.a}",
    "@rx (?i:select|union)[^a-z]",
    "@rx \\.\\.[\\\\/]",
    "@rx (?s)^.{20,}$",
    "@rx ^(?:a|b)?$",
    "@rx \\d{3,}",
    "@validateByteRange 0-255",
    "@verifySSN \\d{3}-?\\d{2}-?\\d{4}",
    "@ipMatch 203.0.113.7,192.0.2.1",
    "@pm /etc passwd ../",
    "@rx ^[^<>]*$",
    "@rx (?i)<script[^>]*>",
    "@strmatch select",
];

const TRANSFORMS: [&str; 36] = [
    "lowercase",
    "uppercase",
    "urlDecode",
    "urlDecodeUni",
    "htmlEntityDecode",
    "removeWhitespace",
    "compressWhitespace",
    "normalizePath",
    "removeNulls",
    "replaceComments",
    "length",
    "jsDecode",
    "base64Decode",
    "hexEncode",
    "trim",
    "utf8toUnicode",
    "base64DecodeExt",
    "base64Encode",
    "cmdLine",
    "cssDecode",
    "escapeSeqDecode",
    "hexDecode",
    "md5",
    "normalizePathWin",
    "parityEven7bit",
    "parityOdd7bit",
    "parityZero7bit",
    "phpArgsNames",
    "removeComments",
    "removeCommentsChar",
    "replaceNulls",
    "sha1",
    "sqlHexDecode",
    "trimLeft",
    "trimRight",
    "urlEncode",
];

const ACTIONS: [&str; 35] = [
    "setvar:tx.a=1",
    "setvar:tx.a=+1",
    "setvar:tx.a=-2",
    "setvar:tx.b=%{MATCHED_VAR}",
    "setvar:!tx.a",
    "setvar:tx.b=%{tx.a}",
    "setvar:tx.c=a",
    "setvar:'tx.%{MATCHED_VAR_NAME}=+%{tx.a}'",
    "setvar:tx.a=abc",
    "setvar:tx.a=%{REQUEST_BODY}",
    "setvar:tx.b=%{REQUEST_BODY}",
    "setvar:tx.b=%{REQUEST_HEADERS.User-Agent}",
    "ctl:ruleRemoveById=3-5",
    "ctl:ruleRemoveByTag=two",
    "ctl:ruleRemoveTargetById=2-6;ARGS:q",
    "ctl:ruleRemoveTargetByTag=two;REQUEST_HEADERS",
    "ctl:requestBodyProcessor=URLENCODED",
    "ctl:forceRequestBodyVariable=On",
    "ctl:ruleEngine=DetectionOnly",
    "setenv:x=%{tx.a}",
    "initcol:ip=%{REMOTE_ADDR}",
    "setvar:ip.n=+1",
    "setvar:tx.d=%{ip.n}",
    "capture",
    "multiMatch",
    "setvar:tx.c=+%{REQUEST_BODY_LENGTH}",
    "setvar:'tx.b=%{ARGS_NAMES}'",
    "setvar:tx.a=%{tx.0}",
    "ctl:ruleRemoveTargetById=4-8;REQUEST_HEADERS:User-Agent",
    "ctl:ruleRemoveTargetById=3-9;ARGS:/^i/",
    "ctl:requestBodyProcessor=JSON",
    "ctl:requestBodyProcessor=XML",
    "expirevar:ip.n=60",
    "ctl:ruleRemoveTargetByTag=attack-x;REQUEST_BODY",
    "setvar:tx.b=-1",
];

fn targets(random: &mut Random) -> String {
    let count = random.below(3) + 1;
    let mut list: Vec<&str> = (0..count).map(|_| random.pick(&TARGETS)).collect();
    if list.iter().all(|own| own.starts_with('!')) {
        list.push("ARGS");
    }
    list.join("|")
}

fn judgement(random: &mut Random) -> String {
    let not = if random.one_in(6) { "!" } else { "" };
    format!("{not}{}", random.pick(&OPERATORS))
}

fn steps(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(3) {
        text.push_str(&format!(",t:{}", random.pick(&TRANSFORMS)));
    }
    for _ in 0..random.below(3) {
        text.push_str(&format!(",{}", random.pick(&ACTIONS)));
    }
    text
}

/// A few rules that refer to each other's ids, tags, marker and variables.
pub fn made(random: &mut Random) -> String {
    let mut text = String::from("SecRuleEngine On\n");
    let marker = random.below(9) + 2;
    for id in 1..10 {
        if id == marker {
            text.push_str("SecMarker HERE\n");
        }
        let phase = random.pick(&[1, 2, 2, 2, 3, 4, 5]);
        let disruption = random.pick(&[
            "pass",
            "pass",
            "pass",
            "pass",
            "deny",
            "allow:phase",
            "drop",
        ]);
        let tag = random.pick(&["one", "two", "attack-x"]);
        let log = random.pick(&["log", "log", "nolog", "nolog,auditlog"]);
        let jump = match random.below(8) {
            0 => ",skipAfter:HERE",
            1 => ",skip:2",
            _ => "",
        };
        let severity = if random.one_in(3) {
            ",severity:ERROR"
        } else {
            ""
        };
        let common = format!(
            "id:{id},phase:{phase},{disruption},{log},tag:{tag},msg:'m %{{tx.a}} %{{MATCHED_VAR}}',\
             logdata:'%{{TX.0}} in %{{MATCHED_VAR_NAME}}'{severity}{jump}"
        );
        if random.one_in(12) {
            let actions = steps(random)
                .replace(",multiMatch", "")
                .replace(",capture", "");
            text.push_str(&format!("SecAction \"{common}{actions}\"\n"));
            continue;
        }
        let chained = random.one_in(4);
        let chain = if chained { ",chain" } else { "" };
        if random.one_in(8) {
            // Takes no transformation and no `!`.
            let class = random.pick(&["sql", "shell", "html", "path"]);
            let least = random.pick(&["hint", "possible", "likely"]);
            text.push_str(&format!(
                "SecRule {} \"@detect {class} {least}\" \"{common},t:none,capture\"\n",
                targets(random)
            ));
            continue;
        }
        text.push_str(&format!(
            "SecRule {} \"{}\" \"{common},t:none{}{chain}\"\n",
            targets(random),
            judgement(random),
            steps(random)
        ));
        if chained {
            text.push_str(&format!(
                "  SecRule {} \"{}\" \"t:none{}\"\n",
                targets(random),
                judgement(random),
                steps(random)
            ));
        }
    }
    if marker > 9 {
        text.push_str("SecMarker HERE\n");
    }
    text
}
