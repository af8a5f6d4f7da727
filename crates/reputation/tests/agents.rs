//! Agents: who is on the built-in list, who is not, and the operator's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use babyshield_reputation::agent::{Plan, Spec};

fn plan(patterns: &[&str]) -> Plan {
    Plan::compile(&Spec::from(patterns)).unwrap()
}

#[test]
fn every_builtin_entry_has_a_class_and_a_name_of_its_own() {
    let plan = plan(&["builtin"]);
    assert!(plan.entries().count() >= 150);
    let mut names: Vec<&str> = plan.entries().map(|entry| entry.name.as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name stands twice");
    assert!(plan.entries().all(|entry| !entry.class.is_empty()));
}

/// Header, name and class.
const SCANNERS: &[(&str, &str, &str)] = &[
    (
        "sqlmap/1.8.2#stable (https://sqlmap.org)",
        "sqlmap",
        "sql-injection",
    ),
    (
        "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)",
        "Nikto",
        "vulnerability-scanner",
    ),
    (
        "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        "Nmap",
        "port-scan",
    ),
    (
        "Nuclei - Open-source project (github.com/projectdiscovery/nuclei)",
        "Nuclei",
        "vulnerability-scanner",
    ),
    (
        "Fuzz Faster U Fool v2.1.0-dev",
        "Fuzz Faster U Fool",
        "content-discovery",
    ),
    ("gobuster/3.6", "gobuster", "content-discovery"),
    ("feroxbuster/2.10.0", "feroxbuster", "content-discovery"),
    ("Wfuzz/3.1.0", "wfuzz", "content-discovery"),
    (
        "DirBuster-1.0-RC1 (http://www.owasp.org/index.php/Category:OWASP_DirBuster_Project)",
        "DirBuster",
        "content-discovery",
    ),
    (
        "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)",
        "WPScan",
        "vulnerability-scanner",
    ),
    ("Mozilla/5.0 zgrab/0.x", "zgrab", "port-scan"),
    (
        "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
        "masscan",
        "port-scan",
    ),
    (
        "Mozilla/4.0 (Hydra)",
        "Hydra (bracketed)",
        "password-attack",
    ),
    (
        "Wapiti/3.1 (https://wapiti-scanner.github.io)",
        "Wapiti",
        "vulnerability-scanner",
    ),
    ("Hello, World", "Hello, World worm", "port-scan"),
    (
        "() { :; }; /bin/ping -c 1 198.51.100.1",
        "Shellshock probe",
        "botnet",
    ),
];

#[test]
fn scanners_are_recognised_as_they_introduce_themselves() {
    let plan = plan(&["builtin"]);
    for &(agent, name, class) in SCANNERS {
        let entry = plan
            .find(agent.as_bytes())
            .unwrap_or_else(|| panic!("{agent} is not found"));
        assert_eq!(
            (entry.name.as_str(), entry.class.as_str()),
            (name, class),
            "{agent}"
        );
    }
}

#[test]
fn ordinary_clients_pass() {
    let plan = plan(&["builtin"]);
    for agent in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "curl/8.8.0",
        "Wget/1.24.5",
        "okhttp/4.12.0",
        "PostmanRuntime/7.39.0",
        "insomnia/9.2.0",
        "HTTPie/3.2.2",
        "python-requests/2.32.3",
        "python-httpx/0.27.0",
        "aiohttp/3.9.5",
        "Go-http-client/2.0",
        "axios/1.7.2",
        "node-fetch/1.0",
        "undici",
        "Java/17.0.11",
        "Apache-HttpClient/5.3.1",
        "Dalvik/2.1.0 (Linux; U; Android 14)",
        "Alamofire/5.9.1",
        "RecallApp/3.2 CFNetwork/1494.0.7 Darwin/23.4.0",
        "Guzzle/7.8",
        "libwww-perl/6.76",
        "reqwest/0.12",
        "Ruby",
        "Faraday v2.9.0",
        "Dart/3.4 (dart:io)",
        "Prometheus/2.52.0",
        "UptimeRobot/2.0",
        "Pingdom.com_bot_version_1.4",
        "ELB-HealthChecker/2.0",
        "kube-probe/1.30",
        "GoogleHC/1.0",
        "Datadog/Synthetics",
        "StatusCake",
        "Slackbot-LinkExpanding 1.0",
        "facebookexternalhit/1.1",
        "Twitterbot/1.0",
        "WhatsApp/2.23",
        "Discordbot/2.0",
        "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "GitHub-Hookshot/044aadd",
        "Amazon CloudFront",
        "",
        "NucleicAcidBrowser/1.0",
        "Mozilla",
        "MyHydrangeaApp/2",
        "InfluxDBClient/1.0",
        "Mozzie/1.0",
    ] {
        assert_eq!(plan.find(agent.as_bytes()), None, "{agent}");
    }
}

#[test]
fn own_agents_are_found_anywhere_in_any_case() {
    let plan = plan(&["EvilBot", "re:^scrape[0-9]+/"]);
    assert_eq!(plan.find(b"x evilbotnet").unwrap().class, "own");
    assert_eq!(plan.find(b"scrape7/1").unwrap().name, "re:^scrape[0-9]+/");
    assert!(plan.find(b"a scrape7/1").is_none());
    assert!(
        plan.find(b"sqlmap").is_none(),
        "`builtin` was not asked for"
    );
}

#[test]
fn a_spared_tool_passes_and_the_others_do_not() {
    let plan = plan(&["!nuclei", "builtin"]);
    assert!(plan.find(b"Nuclei - v3").is_none());
    assert!(plan.find(b"sqlmap").is_some());
}

#[test]
fn faults_tell_what_to_write() {
    for (pattern, help) in [
        ("builtins", "did you mean `builtin`?"),
        ("x", "at least three characters"),
        ("!nuclie", "did you mean `!Nuclei`?"),
        ("!nobody", "takes the name of a built-in agent"),
        ("re:[", "is not a usable expression"),
    ] {
        let faults = Plan::compile(&Spec::from([pattern].as_slice())).unwrap_err();
        assert_eq!(faults.len(), 1, "{pattern}");
        assert!(
            faults[0].to_string().contains(help),
            "{pattern}: {}",
            faults[0]
        );
    }
}
