use super::dialect::translate;
use super::together::{LANES, Lane, search};
use super::{Captures, Options, Pattern, Place, StepLimit};

fn is_match(pattern: &str, value: &[u8]) -> bool {
    let pattern = Pattern::compile(pattern, &Options::default()).unwrap();
    pattern
        .is_match(&mut pattern.create_cache(), value)
        .unwrap()
}

/// Pattern, a value it matches, one it does not, whether it backtracks.
const CASES: &[(&str, &[u8], &[u8], bool)] = &[
    ("a.b", b"a\nb", b"ab", false),
    ("^b$", b"a\nb\nc", b"ab", false),
    ("a{b", b"a{b", b"ab", false),
    ("a{2,3}b", b"aab", b"ab", false),
    ("a{,3}", b"a{,3}", b"aaa", false),
    ("[[]", b"[", b"]", false),
    ("[]a]", b"]", b"b", false),
    ("[^]a]", b"b", b"]", false),
    ("[a&&b]", b"&", b"c", false),
    ("[+--]", b",", b".", false),
    (r"[\w-]", b"-", b" ", false),
    (r"[a-\d]", b"-", b"b", false),
    (r"\<\>", b"<>", b"a", false),
    (r"\h\v", b"\xa0\x85", b"a\n", false),
    (r"\x41\x{42}\103", b"ABC", b"ABc", false),
    (r"\x4g", b"\x04g", b"Jg", false),
    (r"\0101", b"\x081", b"A", false),
    ("é", b"\xc3\xa9", b"\xe9", false),
    (r"[\x80-\xff]", b"\x80", b"\x7f", false),
    (r"\Qa.b\E.", b"a.bc", b"axbc", false),
    ("a(?#comment)b", b"ab", b"a", false),
    ("(?x) a b # comment", b"ab", b"a b", false),
    ("(?x: a ) b", b"a b", b"ab", false),
    ("(?i)abc|def", b"DEF", b"xyz", false),
    ("(?i:a)b", b"Ab", b"AB", false),
    ("(?i)[^a]", b"b", b"A", false),
    ("[[:alpha:]][[:^digit:]]", b"aa", b"a1", false),
    ("[[:punct:]]", b"~", b"a", false),
    (r"\s*+=", b"  =", b"  ", false),
    (r"[ab]++c", b"abc", b"ab", false),
    (r"[ab]++\s*c", b"ab c", b"ab", false),
    ("(?>a|ab)c", b"ac", b"abc", true),
    (r"(a)\1", b"aa", b"ab", true),
    ("(?<n>a)(?P=n)", b"aa", b"ab", true),
    (r"(?<n>a)\k<n>", b"aa", b"ab", true),
    ("a(?!b)", b"ac", b"ab", true),
    ("(?<!a)b", b"cb", b"ab", true),
    (r"(?<=\xff)b", b"\xffb", b"\xc3\xbfb", true),
    (r"a\Z", b"a\n", b"a\nb", true),
    ("(?-m)a$", b"a\n", b"a\nb", true),
    (r"a\z", b"a", b"a\n", false),
];

#[test]
fn patterns_mean_what_they_mean_in_pcre() {
    for (pattern, yes, no, backtracks) in CASES {
        let translated = translate(pattern.as_bytes()).unwrap();
        assert_eq!(translated.backtracks, *backtracks, "{pattern}");
        assert!(
            is_match(pattern, yes),
            "{pattern} on {}",
            yes.escape_ascii()
        );
        assert!(!is_match(pattern, no), "{pattern} on {}", no.escape_ascii());
    }
}

#[test]
fn possessive_repetition_never_gives_back() {
    assert!(!is_match("[ab]++b", b"abb"));
    assert!(is_match("a++(?:ab|b)c", b"aabc"));
    assert!(is_match("^$", b"") && is_match("", b"x"));
}

#[test]
fn a_caret_does_not_match_behind_the_last_line_feed() {
    for (pattern, value, expected) in [
        ("^$", &b"a\n"[..], false),
        ("^0?$", b"a\n", false),
        ("^$|b", b"a\n", false),
        ("^$|b", b"b\n", true),
        ("^$", b"\n", true),
        ("^$", b"a\n\nb", true),
        ("^$(?!x)", b"a\n", false),
        (r"^a|\z", b"b\n", true),
        ("a$", b"a\n", true),
    ] {
        assert_eq!(
            is_match(pattern, value),
            expected,
            "{pattern} on {}",
            value.escape_ascii()
        );
    }
}

#[test]
fn a_pattern_with_few_groups_fills_only_theirs() {
    for groups in [false, true] {
        let options = Options {
            groups,
            ..Options::default()
        };
        let pattern = Pattern::compile("(?i)b(c)?", &options).unwrap();
        let mut found = Captures::default();
        assert!(
            pattern
                .captures(&mut pattern.create_cache(), b"abc", &mut found)
                .unwrap()
        );
        assert_eq!(found.get(0), Some(1..3));
        assert_eq!(found.get(1), groups.then_some(2..3));
        assert_eq!(found.get(2), None);
    }
}

#[test]
fn what_has_no_equal_is_an_error_that_names_it() {
    let cases = [
        ("(*FAIL)", "verbs"),
        ("(?|a|b)", "(?|"),
        ("(?R)", "(?R"),
        ("(?1)", "(?1"),
        ("(?(1)a)", "(?("),
        (r"\p{L}", "\\p"),
        (r"\X", "\\X"),
        ("(a", "not closed"),
        ("a)", "closes no group"),
        ("[a", "not closed"),
        ("a\\", "backslash"),
        (r"\x{100}", "no byte"),
        ("[b-a]", "range"),
        ("[[:nope:]]", "nope"),
        ("*a", "repetition"),
    ];
    for (pattern, expected) in cases {
        let error = Pattern::compile(pattern, &Options::default()).unwrap_err();
        assert!(error.contains(expected), "{pattern}: {error}");
    }
}

#[test]
fn groups_are_told_by_both_engines() {
    for pattern in ["(a)(x)?(b)", "(a)(x)?(b)(?!z)"] {
        let pattern = Pattern::compile(pattern, &Options::default()).unwrap();
        let mut found = Captures::default();
        assert!(
            pattern
                .captures(&mut pattern.create_cache(), b"..ab", &mut found)
                .unwrap()
        );
        assert_eq!(found.get(0), Some(2..4));
        assert_eq!(found.get(1), Some(2..3));
        assert_eq!(found.get(2), None);
        assert_eq!(found.get(3), Some(3..4));
        assert_eq!(found.get(10), None);
    }
}

#[test]
fn global_matches_do_not_stand_still_on_empty_ones() {
    let pattern = Pattern::compile("[a-z]*", &Options::default()).unwrap();
    let mut seen = Vec::new();
    let any = pattern.each_match(&mut pattern.create_cache(), b"aa00b", |found| {
        seen.push(found.get(0).unwrap());
        true
    });
    assert!(any.unwrap());
    assert!(
        seen.contains(&(0..2)) && seen.contains(&(4..5)) && seen.len() <= 6,
        "{seen:?}"
    );
}

#[test]
fn catastrophic_backtracking_is_a_step_limit() {
    let pattern = Pattern::compile(r"^(?:(a+)+\1)+$(?!x)", &Options::default()).unwrap();
    let value = [b"a".repeat(60), b"!".to_vec()].concat();
    assert_eq!(
        pattern.is_match(&mut pattern.create_cache(), &value),
        Err(StepLimit)
    );
}

#[test]
fn a_pattern_too_large_is_refused() {
    let options = Options {
        size: 64 << 10,
        ..Options::default()
    };
    let error = Pattern::compile(r"(?:[a-z]{500}){500}", &options).unwrap_err();
    assert!(error.contains("65536"), "{error}");
}

#[test]
fn verified_matches_may_overlap() {
    let pattern = Pattern::compile(r"\d{3}", &Options::default()).unwrap();
    let found = pattern.find_verified(&mut pattern.create_cache(), b"x1234", |number| {
        number == b"234"
    });
    assert_eq!(found, Ok(Some(2..5)));
}

/// Every `@rx` of a rules folder, as it stands between the quotes.
fn rule_patterns(folder: &std::path::Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut patterns = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "conf"))
    {
        let text = std::fs::read_to_string(file).unwrap().replace("\\\n", " ");
        for line in text
            .lines()
            .filter(|line| line.trim_start().starts_with("SecRule "))
        {
            let Some((_, operator)) = line.split_once("@rx ") else {
                continue;
            };
            let mut end = 0;
            let bytes = operator.as_bytes();
            while bytes[end] != b'"' {
                end += 1 + usize::from(bytes[end] == b'\\');
            }
            patterns.push(operator.get(..end).unwrap().to_owned());
        }
    }
    patterns
}

/// Compiles them all and says how many there are, how many backtrack, and how long it took.
#[allow(clippy::disallowed_methods)] // a test may look at the clock
fn compile_rules(folder: &std::path::Path) {
    let patterns = rule_patterns(folder);
    assert!(
        !patterns.is_empty(),
        "{} holds no patterns",
        folder.display()
    );
    let started = std::time::Instant::now();
    let options = Options {
        groups: false,
        ..Options::default()
    };
    let compiled = patterns
        .iter()
        .map(|pattern| (pattern, Pattern::compile(pattern, &options)));
    let compiled: Vec<_> = compiled.collect();
    let elapsed = started.elapsed();
    let failed: Vec<_> = compiled
        .iter()
        .filter_map(|(text, result)| Some((text, result.as_ref().err()?)))
        .collect();
    let backtracking = compiled
        .iter()
        .filter(|(_, result)| result.as_ref().is_ok_and(Pattern::backtracks));
    let backtracking: Vec<_> = backtracking.map(|(text, _)| text).collect();
    let memory: usize = compiled
        .iter()
        .filter_map(|(_, result)| Some(result.as_ref().ok()?.memory()))
        .sum();
    println!(
        "{}: {} patterns, {} backtrack, {elapsed:?}, {} KiB\n{backtracking:#?}",
        folder.display(),
        patterns.len(),
        backtracking.len(),
        memory >> 10,
    );
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_pattern_of_debians_crs_compiles() {
    let folder = std::path::Path::new("/usr/share/modsecurity-crs/rules");
    if folder.is_dir() {
        compile_rules(folder);
    } else {
        println!("skipped: {} is not there", folder.display());
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // names data outside the project
fn every_pattern_of_crs_4_compiles() {
    match std::env::var("BABYSHIELD_CRS4") {
        Ok(folder) => compile_rules(&std::path::Path::new(&folder).join("rules")),
        Err(_) => println!("skipped: BABYSHIELD_CRS4 names no checkout of CRS 4"),
    }
}

/// Numbers below an end, the same each time.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |end| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % end as u64).unwrap()
    }
}

/// Side by side, each says what it says alone: whichever others run with it, and wherever those end.
#[test]
fn patterns_side_by_side_say_what_each_says_alone() {
    let own: Vec<Pattern> = CASES
        .iter()
        .map(|case| Pattern::compile(case.0, &Options::default()).unwrap())
        .collect();
    let filler = ["", "z", "x y\n", "ab ", "(", "=é", "1.2,"];
    let mut below = numbers(0x9e37_79b9_7f4a_7c15);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..3000 {
        let mut text = filler[below(filler.len())].repeat(below(40)).into_bytes();
        let (_, matched, other, _) = CASES[below(CASES.len())];
        text.extend_from_slice(if below(2) == 0 { matched } else { other });
        text.extend_from_slice(filler[below(filler.len())].repeat(below(40)).as_bytes());
        let names: Vec<usize> = (0..below(LANES) + 1).map(|_| below(own.len())).collect();
        let mut lanes: Vec<Option<Lane<'_>>> = names
            .iter()
            .map(|at| {
                let automaton = own[*at].automaton()?;
                let name = u16::try_from(*at).unwrap();
                Some(Lane::new(name, automaton, automaton.create_states()))
            })
            .collect();
        search(&mut lanes, &text);
        for lane in lanes.into_iter().flatten() {
            let said = lane.said();
            let (name, _) = lane.into_states();
            let own = &own[usize::from(name)];
            let alone = own.is_match(&mut own.create_cache(), &text).unwrap();
            let about = format!("{} on {}", CASES[usize::from(name)].0, text.escape_ascii());
            assert_eq!(said, Some(alone), "{about}");
            if alone { yes += 1 } else { no += 1 }
        }
    }
    assert!(yes > 500 && no > 500, "{yes} {no}");
}

#[test]
fn a_pattern_of_too_many_states_tells_nothing_and_leaves_the_others_alone() {
    // Whether the byte a hundred before the last is an `a`: a state for each way to have come here.
    let dear = Pattern::compile("a[ab]{100}c", &Options::default()).unwrap();
    let plain = Pattern::compile("aba*c", &Options::default()).unwrap();
    let mut seed = 1_u64;
    let mut text: Vec<u8> = (0..200_000)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            if seed.is_multiple_of(2) { b'a' } else { b'b' }
        })
        .collect();
    text.extend_from_slice(b"abc");
    let lane = |name, own: &'static Pattern| {
        let automaton = own.automaton().unwrap();
        Some(Lane::new(name, automaton, automaton.create_states()))
    };
    let mut lanes = [
        lane(0, Box::leak(Box::new(dear))),
        lane(1, Box::leak(Box::new(plain))),
    ];
    search(&mut lanes, &text);
    for lane in lanes.into_iter().flatten() {
        let said = lane.said();
        let (name, _) = lane.into_states();
        assert_eq!(said, if name == 0 { None } else { Some(true) });
    }
}

/// Patterns that begin with words, or with something of one length before them.
const STARTING: &[&str] = &[
    "(?i)(?:select|;)\\s+(?:if|sleep)\\s*\\(",
    "\\$\\{[^}]*\\}",
    "(?i)[\\s\"';/0-9=]on[a-z]{3,50}\\s*=",
    "(?i)\\bwhile\\b.*x",
    "..-y",
    "^z[yx]",
    "[^a]\\bab\\b",
    "(?:x|)ab|zz",
    "=$",
    "(?i).(?:xlink:href|pattern\\s*=)",
];

/// Pieces of texts that may hold them.
const PIECES: &[&str] = &[
    "z",
    "zz",
    "x y\n",
    "ab ",
    "(",
    "=",
    "1.2,",
    "SELECT ",
    "; ",
    "if (",
    "${",
    "a}",
    "onload",
    " ",
    "while",
    "a-y",
    "xlink:href",
    "pattern =",
    "\u{e9}",
];

#[test]
fn the_first_match_is_where_one_can_begin() {
    let cases = CASES
        .iter()
        .map(|case| case.0)
        .chain(STARTING.iter().copied());
    let own: Vec<(&str, Pattern)> = cases
        .map(|text| (text, Pattern::compile(text, &Options::default()).unwrap()))
        .collect();
    let mut below = numbers(0x2545_f491_4f6c_dd1d);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..6000 {
        let text: String = (0..below(60))
            .map(|_| PIECES[below(PIECES.len())])
            .collect();
        let text = text.as_bytes();
        let (name, own) = &own[below(own.len())];
        let Some(automaton) = own.automaton() else {
            continue;
        };
        let Some(said) = automaton.first_match(&mut automaton.create_states(), text) else {
            continue;
        };
        let mut found = Captures::default();
        let matched = own.captures(&mut own.create_cache(), text, &mut found);
        let first = matched.unwrap().then(|| found.whole());
        let about = format!("{name} on {}", text.escape_ascii());
        assert_eq!(said, first.as_ref().map(|own| own.start), "{about}");
        if let Some(start) = said {
            let mut same = Captures::default();
            let matched = own.find(&mut own.create_cache(), text, place(start, true), &mut same);
            assert_eq!((matched, Some(same.whole())), (Ok(true), first), "{about}");
            yes += 1;
        } else {
            no += 1;
        }
    }
    assert!(yes > 500 && no > 500, "{yes} {no}");
}

fn place(from: usize, begins: bool) -> Place {
    Place {
        from,
        begins,
        ..Place::default()
    }
}

/// What a search of all the text finds is where a lane says; whether the lane had rested, could tell the very
/// place, and how often a part of the match was enough.
fn lane_says(name: &str, own: &Pattern, text: &[u8]) -> (bool, bool, usize) {
    let Some(automaton) = own.automaton() else {
        return (false, false, 0);
    };
    let mut lanes = [Some(Lane::new(0, automaton, automaton.create_states()))];
    search(&mut lanes, text);
    let [lane] = lanes;
    let lane = lane.unwrap();
    let mut found = Captures::default();
    let mut cache = own.create_cache();
    let matched = own.captures(&mut cache, text, &mut found);
    let about = format!("{name} on {}", text.escape_ascii());
    let said = lane.said();
    assert!(said.is_none_or(|said| Ok(said) == matched), "{about}");
    if said != Some(true) {
        return (false, false, 0);
    }
    let within = lane.within();
    let (_, mut states) = lane.into_states();
    let mut find = |place: Place| {
        let mut same = Captures::default();
        let matched = own.find(&mut cache, text, place, &mut same);
        assert_eq!(matched, Ok(true), "{about}");
        same.whole()
    };
    assert_eq!(find(place(within.0, false)), found.whole(), "{about}");
    let Some(first) = automaton.first_behind(&mut states, text, within) else {
        return (within.0 > 0, false, 0);
    };
    assert_eq!(first, found.whole().start, "{about}");
    let mut cut = 0;
    for enough in [1, 8, 64] {
        let part = find(Place {
            enough,
            ..place(first, true)
        });
        let all = found.whole();
        assert_eq!(all.start, part.start, "{about}");
        let is_enough = part.len() >= enough && all.len() >= enough;
        assert!(all == part || is_enough, "{about}");
        cut += usize::from(all != part);
    }
    (within.0 > 0, true, cut)
}

#[test]
fn the_first_match_is_where_a_lane_says() {
    const MORE: &[&str] = &[
        "a*b",
        "a?b",
        "xa.*z|y",
        "(?:^|,)ab",
        "zz[^=]*=|x y",
        "ab ab.*,1|b ",
    ];
    let cases = CASES.iter().map(|case| case.0);
    let cases = cases.chain(STARTING.iter().chain(MORE).copied());
    let own: Vec<(&str, Pattern)> = cases
        .map(|text| (text, Pattern::compile(text, &Options::default()).unwrap()))
        .collect();
    let mut below = numbers(0x1234_5678_9abc_def1);
    let (mut rested, mut begun, mut cut) = (0, 0, 0);
    for _ in 0..6000 {
        let mut text = String::new();
        for most in [3, 400, 200] {
            if most == 400 {
                let quiet = ["z", "y x\n", "-", "a", "x y\n"][below(5)];
                text.push_str(&quiet.repeat(below(most)));
                continue;
            }
            text.extend((0..below(most)).map(|_| PIECES[below(PIECES.len())]));
        }
        let (name, own) = &own[below(own.len())];
        let said = lane_says(name, own, text.as_bytes());
        rested += usize::from(said.0);
        begun += usize::from(said.1);
        cut += said.2;
    }
    assert!(
        rested > 200 && begun > 500 && cut > 50,
        "{rested} {begun} {cut}"
    );
}
