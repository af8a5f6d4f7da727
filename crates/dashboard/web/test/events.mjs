// Events as the gateway records them, for tests of the page.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let serial = 0n;

/** A request id (ULID) of that time. */
export function requestId(at) {
  serial += 1n;
  let value = (BigInt(at) << 80n) | (serial * 0x1d2c3b4a5968778695n & ((1n << 80n) - 1n));
  let text = "";
  for (let i = 0; i < 26; i += 1) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

export function request(change = {}) {
  const at = change.at ?? Date.now();
  return {
    type: "request",
    at,
    verdict: "allow",
    enforced: false,
    mode: "enforce",
    layer: null,
    client: "198.51.100.24",
    peer: "10.0.0.4",
    method: "GET",
    host: "api.example.com",
    target: "/v1/products?q=stroller",
    agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/139.0",
    route: "GET /v1/products",
    status: 200,
    upstream: "http://127.0.0.1:3000",
    score: 0,
    threshold: 5,
    findings: [],
    decision_micros: 38,
    total_micros: 2140,
    bytes_in: 0,
    bytes_out: 1830,
    ...change,
    id: change.id ?? requestId(at),
  };
}

export function finding(change = {}) {
  return {
    rule: "942100",
    message: "SQL Injection Attack Detected via libinjection",
    class: "sqli",
    severity: "critical",
    field: "ARGS:q",
    value: "stroller' UNION SELECT email, password_hash FROM users -- ",
    matched: "UNION SELECT email, password_hash FROM users",
    tags: ["attack-sqli", "paranoia-level/1"],
    source: "REQUEST-942-APPLICATION-ATTACK-SQLI.conf:45",
    ...change,
  };
}

/** A blocked injection with two rules and the one that sums them up. */
export function injection(change = {}) {
  return request({
    verdict: "block",
    enforced: true,
    layer: "waf",
    client: "203.0.113.66",
    target: "/v1/products?q=stroller%27%20UNION%20SELECT%20email%2C%20password_hash%20FROM%20users%20--%20",
    agent: "sqlmap/1.8.4#stable (https://sqlmap.org)",
    status: 403,
    upstream: null,
    score: 15,
    decision_micros: 112,
    total_micros: 260,
    bytes_out: 412,
    findings: [
      finding(),
      finding({
        rule: "942190",
        message: "Detects MSSQL code execution and information gathering attempts",
        matched: "' UNION SELECT",
        source: "REQUEST-942-APPLICATION-ATTACK-SQLI.conf:180",
      }),
      finding({
        rule: "949110",
        message: "Inbound Anomaly Score Exceeded (Total Score: 15)",
        class: "",
        field: "TX:ANOMALY_SCORE",
        value: "15",
        matched: "15",
        tags: ["anomaly-evaluation"],
        source: "REQUEST-949-BLOCKING-EVALUATION.conf:80",
      }),
    ],
    ...change,
  });
}
