// Starts the dashboard's fixture and a browser for it.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PROGRAM = process.env.DASHBOARD_FIXTURE;
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

/**
 * The fixture: `url`, `login`, `pid`, `record(event)`, `stop()`. With a limit no file of it may
 * grow beyond so many KiB, which its store meets as it meets a full disk.
 */
export async function startFixture(mode = "enforce", limit = undefined) {
  const command = PROGRAM
    ? [PROGRAM]
    : ["cargo", "run", "--quiet", "-p", "babyshield-dashboard", "--example", "fixture", "--"];
  const confined = ["bash", "-c", `trap '' XFSZ; ulimit -S -f ${limit}; exec "$@"`, "bash"];
  const [program, ...rest] = limit === undefined ? command : [...confined, ...command];
  const child = spawn(program, [...rest, mode], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const first = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)),
    ended.then((code) => Promise.reject(new Error(`the fixture ended with ${code}`))),
  ]);
  const { url, login } = JSON.parse(first);
  const record = (event) => child.stdin.write(`${JSON.stringify(event)}\n`);
  const stop = async () => {
    child.stdin.end();
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    const code = await ended;
    clearTimeout(late);
    return code;
  };
  return { url, login, pid: child.pid, record, stop };
}

/** Debian's Chromium without a window, with a profile that is thrown away. */
export async function startBrowser(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), "dashboard-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: BROWSER,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
    ...options,
  });
  context.setDefaultTimeout(10_000);
  const stop = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, stop };
}

/** Opens the one-time link and presses its button. */
export async function logIn(page, fixture) {
  await page.goto(fixture.login);
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  const bare = page.getByRole("heading", { name: "built without the dashboard page" });
  await page.getByRole("heading", { name: "Live requests" }).or(bare).waitFor();
  if (await bare.isVisible()) throw new Error("the fixture was compiled before `npm run build`");
}
