// What the page knows, as signals, and how it learns more.

import { batch, computed, effect, signal } from "@preact/signals";
import {
  type AnyEvent,
  type Bucket,
  type Caller,
  type ClassCount,
  type Detail,
  type Page,
  type RequestEvent,
  type RuleCount,
  type Status,
  type Summary,
  type Verdict,
  get,
} from "./api";

/** Stretches of time to look back, in seconds. */
export const WINDOWS = [
  { seconds: 900, name: "15 min" },
  { seconds: 3600, name: "1 h" },
  { seconds: 21_600, name: "6 h" },
  { seconds: 86_400, name: "24 h" },
  { seconds: 604_800, name: "7 d" },
  { seconds: 2_592_000, name: "30 d" },
] as const;

/** Rows held on the page; older ones are loaded on demand. */
const ROWS = 400;

/** Rows that wait while the list is paused. */
const WAITING = 400;

/** Shortest time between two looks at the figures. */
const REFRESH = 3000;

/** Longest share of the time that the gateway may spend on answering one page. */
const SHARE = 0.1;

export interface Filter {
  verdict: Verdict | "attacks" | "";
  text: string;
  client: string;
  rule: string;
  /** A class of findings, such as `sqli`. */
  kind: string;
}

export const NO_FILTER: Filter = { verdict: "", text: "", client: "", rule: "", kind: "" };

export const lookback = signal<number>(3600);
export const filter = signal<Filter>(NO_FILTER);
export const paused = signal(false);
export const rows = signal<AnyEvent[]>([]);
export const waiting = signal<AnyEvent[]>([]);
/** Whether the store has more below the last row. */
export const older = signal(false);
export const source = signal<Page["source"]>("store");
export const lost = signal(0);
export const connected = signal<"connecting" | "open" | "lost">("connecting");
export const trouble = signal("");

export const status = signal<Status | null>(null);
export const summary = signal<Summary | null>(null);
export const series = signal<Bucket[]>([]);
export const rules = signal<RuleCount[]>([]);
export const callers = signal<Caller[]>([]);
export const kinds = signal<ClassCount[]>([]);

/** The id of the request whose detail is open. */
export const selected = signal<string | null>(null);
export const detail = signal<Detail | null>(null);
export const detailTrouble = signal("");

export const watching = computed(() => status.value?.gateway.mode === "watch");
export const filtered = computed(() => Object.values(filter.value).some((part) => part !== ""));

const ATTACKS = "block,limit,refuse,challenge";

export function narrow(part: Partial<Filter>): void {
  filter.value = { ...filter.value, ...part };
}

function query(): Record<string, string | undefined> {
  const { verdict, text, client, rule, kind } = filter.value;
  return {
    verdict: verdict === "attacks" ? ATTACKS : verdict,
    text,
    client,
    rule,
    class: kind,
    kind: verdict || client || rule || kind ? "request" : "",
  };
}

function matches(event: AnyEvent): boolean {
  const { verdict, text, client, rule, kind } = filter.value;
  if (event.type === "system") {
    return !verdict && !client && !rule && !kind && has([event.message], text);
  }
  const verdictFits =
    verdict === "" ||
    (verdict === "attacks" ? event.verdict !== "allow" : event.verdict === verdict);
  const texts = event.findings.flatMap((f) => [f.rule, f.message, f.field, f.value, f.matched]);
  return (
    verdictFits &&
    (client === "" || event.client === client) &&
    (rule === "" || event.findings.some((f) => f.rule === rule)) &&
    (kind === "" || event.findings.some((f) => f.class === kind)) &&
    has([event.host, event.target, event.agent, ...texts], text)
  );
}

function has(texts: string[], wanted: string): boolean {
  const small = wanted.toLowerCase();
  return small === "" || texts.some((text) => text.toLowerCase().includes(small));
}

export const keyOf = (event: AnyEvent) =>
  event.type === "request" ? event.id : `${event.at}-${event.name}`;

/** Puts newer events before older ones, each once. */
function merge(newer: AnyEvent[], old: AnyEvent[]): AnyEvent[] {
  const seen = new Set<string>();
  return [...newer, ...old].filter((event) => {
    const key = keyOf(event);
    return !seen.has(key) && seen.add(key);
  });
}

let asked = 0;

/** Reads the list anew, from the store. */
export async function reload(): Promise<void> {
  const turn = ++asked;
  try {
    const page = await get<Page>("events", { ...query(), limit: 100 });
    if (turn !== asked) return;
    batch(() => {
      // The store is up to a second behind the live stream: what came since stays.
      const since = page.entries[0]?.at ?? 0;
      const fresh = rows.value.filter((event) => event.at > since && matches(event));
      rows.value = merge(fresh, page.entries);
      older.value = page.next !== null;
      source.value = page.source;
      waiting.value = [];
      trouble.value = "";
    });
  } catch (error) {
    trouble.value = String(error instanceof Error ? error.message : error);
  }
}

/** Adds the next page below the last row. */
export async function loadOlder(): Promise<void> {
  const turn = asked;
  const last = rows.value.at(-1)?.at;
  if (last === undefined) return;
  // Once more from the last row's millisecond, since others may share it.
  for (const until of [last + 1, last]) {
    const page = await get<Page>("events", { ...query(), until, limit: 100 });
    if (turn !== asked) return;
    const all = merge(rows.value, page.entries);
    const grew = all.length > rows.value.length;
    batch(() => {
      rows.value = all;
      older.value = page.next !== null;
    });
    if (grew) return;
  }
}

export function togglePause(): void {
  batch(() => {
    paused.value = !paused.value;
    if (!paused.value) {
      show(waiting.value);
      waiting.value = [];
    }
  });
}

let arrived: AnyEvent[] = [];

/** Takes in what has arrived since the last frame, at once. */
function settle(): void {
  const fresh = arrived.reverse().filter(matches);
  arrived = [];
  if (fresh.length === 0) return;
  if (paused.value) {
    waiting.value = merge(fresh, waiting.value).slice(0, WAITING);
  } else {
    show(fresh);
  }
}

/** Puts fresh rows on top; the list grows no further than the reader has let it grow. */
function show(fresh: AnyEvent[]): void {
  const room = Math.max(ROWS, rows.value.length);
  const all = merge(fresh, rows.value);
  batch(() => {
    rows.value = all.slice(0, room);
    if (all.length > room) older.value = true;
  });
}

function take(event: AnyEvent): void {
  if (arrived.length === 0) setTimeout(settle, 100);
  arrived.push(event);
  if (event.type === "request" && event.verdict !== "allow") soon();
  if (event.type === "system") soon();
}

export function listen(): void {
  const stream = new EventSource("/api/live");
  const on = (name: string, act: (data: string) => void) =>
    stream.addEventListener(name, (message) => act((message as MessageEvent<string>).data));
  on("request", (data) => take(JSON.parse(data) as AnyEvent));
  on("system", (data) => take(JSON.parse(data) as AnyEvent));
  on("lost", (data) => (lost.value += Number(data)));
  stream.onopen = () => {
    // After a gap the list is read anew.
    if (connected.value === "lost") void reload();
    connected.value = "open";
  };
  stream.onerror = () => {
    connected.value = "lost";
    // The browser gives up for good when the answer is not a stream, as when logged out.
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}

/** Reads the figures. */
export async function refresh(): Promise<void> {
  const window = lookback.value;
  try {
    const [now, sum, points, topRules, topCallers, topKinds] = await Promise.all([
      get<Status>("status"),
      get<Summary>("summary", { window }),
      get<Bucket[]>("series", { window }),
      get<RuleCount[]>("rules", { window, verdict: ATTACKS, limit: 8 }),
      get<Caller[]>("clients", { window, verdict: ATTACKS, limit: 8 }),
      get<ClassCount[]>("classes", { window, verdict: ATTACKS, limit: 12 }),
    ]);
    if (window !== lookback.value) return;
    batch(() => {
      status.value = now;
      summary.value = sum;
      series.value = points;
      rules.value = topRules;
      callers.value = topCallers;
      kinds.value = topKinds;
      trouble.value = "";
    });
  } catch (error) {
    trouble.value = String(error instanceof Error ? error.message : error);
  }
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** When the figures may be asked for again: a large store takes its time to count. */
let earliest = 0;

/** Looks at the figures again after a while, or as soon as it may. */
function again(after: number): void {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (document.visibilityState === "visible") {
      const begun = performance.now();
      await refresh();
      const took = performance.now() - begun;
      earliest = performance.now() + took / SHARE;
    }
    again(Math.max(REFRESH, earliest - performance.now()));
  }, after);
}

let pressed = false;

/** Something happened: the figures follow shortly. */
function soon(): void {
  if (pressed) return;
  pressed = true;
  const after = Math.max(800, earliest - performance.now());
  setTimeout(() => (pressed = false), after);
  again(after);
}

export async function open(id: string): Promise<void> {
  selected.value = id;
  detailTrouble.value = "";
  const known = rows.value.find((e): e is { type: "request" } & RequestEvent =>
    e.type === "request" && e.id === id);
  detail.value = known ? { event: known, fixes: [], why: "" } : null;
  try {
    const found = await get<Detail>(`events/${id}`);
    if (selected.value === id) detail.value = found;
  } catch (error) {
    if (selected.value === id) {
      detailTrouble.value = String(error instanceof Error ? error.message : error);
    }
  }
}

export function close(): void {
  batch(() => {
    selected.value = null;
    detail.value = null;
  });
}

export function start(): void {
  listen();
  effect(() => {
    void lookback.value;
    void refresh();
  });
  effect(() => {
    void filter.value;
    void reload();
  });
  again(REFRESH);
  document.addEventListener("visibilitychange", () => again(0));
}
