// The dashboard in a real browser: log in once, see an attack appear, understand it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { injection, request } from "./events.mjs";
import { logIn, startBrowser, startFixture } from "./fixture.mjs";

let fixture;
let browser;
let page;
const faults = [];

before(async () => {
  fixture = await startFixture();
  browser = await startBrowser();
  page = await browser.context.newPage();
  page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("request", (asked) => {
    if (!asked.url().startsWith(fixture.url)) faults.push(`left the machine: ${asked.url()}`);
  });
});

after(async () => {
  await browser?.stop();
  assert.equal(await fixture?.stop(), 0, "the fixture must end cleanly");
});

test("without a session there is only the way to log in", async () => {
  const answer = await page.goto(fixture.url);
  assert.equal(answer.status(), 401);
  await page.getByRole("heading", { name: "You are not logged in" }).waitFor();
  // The browser itself reports the 401 as an error.
  faults.length = 0;
});

test("the link opens the dashboard once", async () => {
  await logIn(page, fixture);
  await page.getByText("Enforcing").waitFor();
  await page.getByText("No requests yet. Send one").waitFor();
  const other = await browser.context.newPage();
  await other.goto(fixture.login);
  await other.getByRole("button").click();
  await other.getByRole("heading", { name: "This link is not valid" }).waitFor();
  await other.close();
});

test("an attack appears without a reload", async () => {
  fixture.record(request());
  const attack = injection();
  fixture.record(attack);
  const row = page.locator("tr", { hasText: "203.0.113.66" });
  await row.waitFor({ timeout: 5000 });
  assert.match(await row.innerText(), /Blocked[\s\S]*403[\s\S]*942100/);
  // The figures follow by themselves.
  await page.locator(".tile", { hasText: "Blocked" }).getByText("1", { exact: true }).waitFor({ timeout: 8000 });
  await page.locator(".ranks", { hasText: "Blocked by rule" }).getByText("942100").waitFor();
  await page.locator(".ranks", { hasText: "Top addresses" }).getByText("203.0.113.66").waitFor();
});

test("its detail shows reason, field, decoded value and the narrowest fix", async () => {
  await page.locator("tr", { hasText: "203.0.113.66" }).locator(".row-open").click();
  const panel = page.getByRole("complementary", { name: "Request detail" });
  await panel.getByText("This request was blocked by the rule engine.").waitFor();
  await panel.getByText("ARGS:q").first().waitFor();
  const mark = panel.locator("mark").first();
  assert.equal(await mark.innerText(), "UNION SELECT email, password_hash FROM users");
  await panel.getByText("SecRuleUpdateTargetById 942100").waitFor();
  assert.match(await panel.innerText(), /ctl:ruleRemoveTargetById=942100;ARGS:q/);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
});

test("the list can be paused, narrowed and searched", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  fixture.record(request({ target: "/v1/while-paused" }));
  await page.getByRole("button", { name: "Resume (1 new)" }).waitFor({ timeout: 5000 });
  assert.equal(await page.getByText("/v1/while-paused").count(), 0);
  await page.getByRole("button", { name: "Resume (1 new)" }).click();
  await page.getByText("/v1/while-paused").waitFor();

  await page.getByRole("group", { name: "Which requests" }).getByRole("button", { name: "Blocked" }).click();
  await page.getByText("/v1/while-paused").waitFor({ state: "detached" });
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("button", { name: "Clear" }).click();

  await page.getByRole("searchbox").fill("while-paused");
  await page.locator("tr", { hasText: "203.0.113.66" }).waitFor({ state: "detached" });
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("button", { name: "Clear" }).click();
});

test("hostile text is shown, never run", async () => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  fixture.record(injection({ client: "203.0.113.99", target: `/${evil}`, agent: evil, method: "GET" }));
  const row = page.locator("tr", { hasText: "203.0.113.99" });
  await row.waitFor({ timeout: 5000 });
  await row.locator(".row-open").click();
  const panel = page.getByRole("complementary", { name: "Request detail" });
  await panel.getByText("onerror").first().waitFor();
  assert.equal(await page.title(), "BabyShield");
  assert.equal(await page.locator("img").count(), 0);
  await page.keyboard.press("Escape");
});

test("logging out ends the session", async () => {
  assert.deepEqual(faults.filter((fault) => !fault.includes("403 (Forbidden)")), []);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "You are not logged in" }).waitFor();
  const answer = await page.request.get(`${fixture.url}/api/events`);
  assert.equal(answer.status(), 401);
});

test("a full disk is shown, hides nothing, and is over when it is over", async () => {
  const full = await startFixture("watch", 400);
  try {
    const other = await browser.context.newPage();
    await logIn(other, full);
    await other.getByText("Watch mode: nothing is blocked.").waitFor();
    const banner = other.getByText("Events are not being stored");
    const deadline = Date.now() + 20_000;
    while ((await banner.count()) === 0) {
      assert.ok(Date.now() < deadline, "the limit must have an effect");
      for (let i = 0; i < 40; i += 1) full.record(injection({ enforced: false, mode: "watch", status: 200 }));
      await other.waitForTimeout(200);
    }
    full.record(injection({ client: "203.0.113.111" }));
    await other.locator("tr", { hasText: "203.0.113.111" }).waitFor();
    // Read anew, the list comes from memory.
    await other.reload();
    await other.getByText("these are the latest events in memory").waitFor();
    await other.locator("tr", { hasText: "203.0.113.111" }).waitFor();
    execFileSync("prlimit", ["--pid", String(full.pid), "--fsize=unlimited"]);
    await banner.waitFor({ state: "detached", timeout: 40_000 });
    // What waited in memory is written first; the list is of the store again.
    const told = other.getByText("store.recovered");
    const patience = Date.now() + 30_000;
    do {
      await other.reload();
      await other.getByText("Watch mode: nothing is blocked.").waitFor();
      await other.waitForTimeout(1000);
    } while ((await told.count()) === 0 && Date.now() < patience);
    await told.waitFor();
    await other.close();
  } finally {
    assert.equal(await full.stop(), 0);
  }
});
