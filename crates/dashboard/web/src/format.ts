// Numbers, times and names as the page writes them.

import type { RequestEvent, Verdict } from "./api";

const two = (n: number) => String(n).padStart(2, "0");

/** 20:31:05.123, in the reader's time zone. */
export function clock(at: number, millis = true): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return millis ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time;
}

export function dateTime(at: number): string {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clock(at)}`;
}

/** Time since, in one unit. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(n: number): string {
  return n < 100_000 ? grouped.format(n) : short.format(n);
}

export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  const percent = (100 * part) / whole;
  return percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

export function micros(n: number): string {
  if (n < 1000) return `${Math.round(n)} µs`;
  if (n < 1_000_000) return `${(n / 1000).toFixed(n < 10_000 ? 1 : 0)} ms`;
  return `${(n / 1_000_000).toFixed(1)} s`;
}

const DONE: Record<Verdict, string> = {
  allow: "Allowed",
  block: "Blocked",
  limit: "Limited",
  challenge: "Challenged",
  refuse: "Refused",
};

export const verdictName = (verdict: Verdict) => DONE[verdict];

const LAYERS: Record<string, string> = {
  protocol: "HTTP parser",
  network: "address lists",
  size: "size limits",
  limit: "rate limits",
  agent: "user agent list",
  path: "path list",
  waf: "rule engine",
  upstream: "upstream",
};

export const layerName = (layer: string) => LAYERS[layer] ?? layer;

/** The rules that only add up what others found. */
export function isSummary(rule: string, tags: string[]): boolean {
  return tags.includes("anomaly-evaluation") || /^(949|959|980)\d{3}$/.test(rule);
}

/** The finding that says most about a request. */
export function mainFinding(event: RequestEvent) {
  return event.findings.find((f) => !isSummary(f.rule, f.tags)) ?? event.findings[0];
}

/** What happened, in one sentence. */
export function headline(event: RequestEvent): string {
  const by = event.layer && event.verdict !== "allow" ? ` by the ${layerName(event.layer)}` : "";
  const deeds: Record<Verdict, [string, string]> = {
    allow: ["was allowed", "was allowed"],
    block: ["was blocked", "would have been blocked"],
    limit: ["was turned away as too frequent", "would have been turned away as too frequent"],
    challenge: ["was challenged", "would have been challenged"],
    refuse: ["was refused as malformed", "would have been refused as malformed"],
  };
  return `This request ${deeds[event.verdict][event.enforced ? 0 : 1]}${by}.`;
}

/** Makes characters visible that would otherwise vanish or reorder a line. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => {
      const code = c.charCodeAt(0);
      if (code < 0x20) return String.fromCharCode(0x2400 + code);
      return `\\u{${code.toString(16)}}`;
    },
  );
}

/** A value cut into what matched and what did not. */
export function split(value: string, matched: string): { text: string; hit: boolean }[] {
  const at = matched === "" ? -1 : value.indexOf(matched);
  const found = at >= 0 ? at : matched === "" ? -1 : value.toLowerCase().indexOf(matched.toLowerCase());
  if (found < 0) return [{ text: value, hit: false }];
  const end = found + matched.length;
  return [
    { text: value.slice(0, found), hit: false },
    { text: value.slice(found, end), hit: true },
    { text: value.slice(end), hit: false },
  ].filter((part) => part.text !== "");
}
