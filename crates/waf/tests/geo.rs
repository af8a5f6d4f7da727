//! `@geoLookup` over a database in MaxMind's format, made here byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test"
)]

use std::net::Ipv4Addr;
use std::sync::Arc;

use babyshield_waf::source::Memory;
use babyshield_waf::{Connection, Outcome, Plan, Spec};

/// A value of the format, <https://maxmind.github.io/MaxMind-DB/>.
enum Data {
    Text(&'static str),
    Double(f64),
    Number(u16),
    Count(u32),
    Long(u64),
    Map(Vec<(&'static str, Data)>),
    List(Vec<Data>),
}

impl Data {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                assert!(text.len() < 29);
                out.push(2 << 5 | text.len() as u8);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Double(number) => {
                out.push(3 << 5 | 8);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Number(number) => {
                out.push(5 << 5 | 2);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Count(number) => {
                out.push(6 << 5 | 4);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Long(number) => {
                out.extend_from_slice(&[8, 9 - 7]);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Map(pairs) => {
                out.push(7 << 5 | pairs.len() as u8);
                for (name, value) in pairs {
                    Self::Text(name).write(out);
                    value.write(out);
                }
            }
            Self::List(values) => {
                out.extend_from_slice(&[values.len() as u8, 11 - 7]);
                values.iter().for_each(|value| value.write(out));
            }
        }
    }
}

/// A database that knows one address.
fn database(kind: &'static str, address: Ipv4Addr, place: &Data) -> Vec<u8> {
    const NODES: u32 = 32;
    let mut out = Vec::new();
    for node in 0..NODES {
        let bit = address.to_bits() >> (31 - node) & 1;
        // Behind the last bit is the data, 16 bytes behind the tree.
        let next = if node == NODES - 1 {
            NODES + 16
        } else {
            node + 1
        };
        let records = if bit == 0 {
            [next, NODES]
        } else {
            [NODES, next]
        };
        for record in records {
            out.extend_from_slice(&record.to_be_bytes()[1..]);
        }
    }
    out.extend_from_slice(&[0; 16]);
    place.write(&mut out);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let number = Data::Number;
    Data::Map(vec![
        ("binary_format_major_version", number(2)),
        ("binary_format_minor_version", number(0)),
        ("build_epoch", Data::Long(1)),
        ("database_type", Data::Text(kind)),
        ("description", Data::Map(Vec::new())),
        ("ip_version", number(4)),
        ("languages", Data::List(Vec::new())),
        ("node_count", Data::Count(NODES)),
        ("record_size", number(24)),
    ])
    .write(&mut out);
    out
}

fn names(name: &'static str) -> (&'static str, Data) {
    let names = vec![("de", Data::Text("anders")), ("en", Data::Text(name))];
    ("names", Data::Map(names))
}

fn oslo() -> Data {
    let area = |fields| Data::Map(fields);
    Data::Map(vec![
        ("continent", area(vec![("code", Data::Text("EU"))])),
        (
            "country",
            area(vec![("iso_code", Data::Text("NO")), names("Norway")]),
        ),
        (
            "subdivisions",
            Data::List(vec![area(vec![("iso_code", Data::Text("03"))])]),
        ),
        ("city", area(vec![names("Oslo")])),
        ("postal", area(vec![("code", Data::Text("0150"))])),
        (
            "location",
            area(vec![
                ("latitude", Data::Double(59.9127)),
                ("longitude", Data::Double(10.7461)),
            ]),
        ),
    ])
}

const KNOWN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

fn plan(rules: &str) -> Result<Arc<Plan>, String> {
    let files = [
        (
            "city.mmdb".into(),
            database("GeoLite2-City", KNOWN, &oslo()),
        ),
        ("asn.mmdb".into(), database("GeoLite2-ASN", KNOWN, &oslo())),
        ("broken.mmdb".into(), b"no database".to_vec()),
        ("own.conf".into(), rules.as_bytes().to_vec()),
    ];
    let spec = Spec {
        rules: vec!["own.conf".into()],
        ..Spec::default()
    };
    match Plan::compile(&spec, &Memory(files.into())) {
        Ok(compiled) => Ok(Arc::new(compiled.plan)),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

fn ask(plan: &Arc<Plan>, client: &str) -> Outcome {
    let mut transaction = plan.begin(Connection {
        client: client.parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    transaction.request_line(b"GET", b"/", b"HTTP/1.1");
    transaction.request_header(b"Host", b"example.com");
    transaction.request_head_end();
    transaction.finish()
}

const RULES: &str = "SecGeoLookupDb city.mmdb\n\
    SecRule GEO \"@rx .\" \"id:1,phase:1,pass,log\"\n\
    SecRule REMOTE_ADDR \"@geoLookup\" \"id:2,phase:1,pass,nolog\"\n\
    SecRule GEO:COUNTRY_CODE \"@streq NO\" \"id:3,phase:1,deny,status:451,log,logdata:'%{geo.city} \
    %{geo.country_name} %{geo.country_continent} %{geo.region} %{geo.postal_code} %{geo.latitude} \
    %{geo.longitude} %{geo.dma_code}'\"\n\
    SecRule &GEO \"@gt 0\" \"id:4,phase:5,pass,log\"\n";

#[test]
fn an_address_is_where_the_database_says() {
    let plan = plan(RULES).unwrap();
    for client in ["203.0.113.7:4000", "[::ffff:203.0.113.7]:4000"] {
        let outcome = ask(&plan, client);
        assert_eq!(outcome.interruption.unwrap().status, 451, "{client}");
        let found: Vec<String> = outcome
            .findings
            .iter()
            .map(|own| own.rule.clone())
            .collect();
        assert_eq!(found, ["3", "4"], "{client}");
        let told = format!("{:?}", outcome.findings[0]);
        assert!(
            told.contains("Oslo Norway EU 03 0150 59.9127 10.7461 "),
            "{told}"
        );
        assert_eq!(outcome.faults, [""; 0]);
    }
}

#[test]
fn an_address_that_is_nowhere_matches_nothing() {
    let plan = plan(RULES).unwrap();
    for client in ["203.0.113.8:1", "10.0.0.1:1", "[2001:db8::1]:1"] {
        let outcome = ask(&plan, client);
        assert_eq!(
            (outcome.interruption, outcome.findings.len()),
            (None, 0),
            "{client}"
        );
        assert_eq!(outcome.faults, [""; 0]);
    }
}

#[test]
fn one_request_does_not_know_where_another_came_from() {
    let plan = plan(RULES).unwrap();
    assert_eq!(ask(&plan, "203.0.113.7:1").findings.len(), 2);
    assert_eq!(ask(&plan, "203.0.113.8:1").findings.len(), 0);
}

#[test]
fn without_a_database_it_is_never_true_and_told() {
    let plan = plan("SecRule REMOTE_ADDR \"@geoLookup\" \"id:1,phase:1,deny,log\"\n").unwrap();
    let outcome = ask(&plan, "203.0.113.7:1");
    assert_eq!(outcome.interruption, None);
    assert!(outcome.faults[0].contains("SecGeoLookupDb"));
}

#[test]
fn what_is_no_database_of_places_is_a_fault_at_its_place() {
    for (file, why) in [
        ("none.mmdb", "cannot read"),
        ("broken.mmdb", "cannot read"),
        ("asn.mmdb", "knows no places"),
    ] {
        let fault = plan(&format!("SecGeoLookupDb {file}\n")).unwrap_err();
        assert!(
            fault.contains(why) && fault.contains("own.conf:1:16"),
            "{fault}"
        );
    }
}
