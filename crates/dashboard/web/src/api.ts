// What the admin API answers, and how it is asked.

export type Verdict = "allow" | "block" | "limit" | "challenge" | "refuse";
export type Mode = "off" | "watch" | "enforce";

export const VERDICTS: readonly Verdict[] = ["block", "limit", "refuse", "challenge", "allow"];

export interface Finding {
  rule: string;
  message: string;
  class: string;
  severity: string;
  field: string;
  value: string;
  matched: string;
  data?: string;
  tags: string[];
  source: string;
}

export interface RequestEvent {
  id: string;
  at: number;
  verdict: Verdict;
  enforced: boolean;
  mode: Mode;
  layer: string | null;
  client: string;
  peer: string;
  method: string;
  host: string;
  target: string;
  agent: string;
  route: string | null;
  status: number;
  upstream: string | null;
  score: number;
  threshold: number;
  findings: Finding[];
  decision_micros: number;
  total_micros: number;
  bytes_in: number;
  bytes_out: number;
}

export interface SystemEvent {
  at: number;
  name: string;
  message: string;
}

export type AnyEvent =
  | ({ type: "request" } & RequestEvent)
  | ({ type: "system" } & SystemEvent);

export interface Page {
  entries: AnyEvent[];
  next: number | null;
  source: "store" | "memory";
}

export interface Fix {
  effect: string;
  text: string;
  place: string;
}

export interface Detail {
  event: RequestEvent;
  fixes: Fix[];
  why: string;
}

export interface Status {
  now: number;
  gateway: {
    version: string;
    mode: Mode;
    listen: string[];
    policy: string;
    loaded: number;
    rejected: string | null;
    rules: number;
    upstreams: { name: string; healthy: boolean }[];
    routes: { match: string; mode: Mode }[];
  };
  store: {
    path: string;
    health: { state: "writing" } | { state: "failing"; since: number; error: string };
    bytes: number;
    max_bytes: number;
    queued: number;
    queue: number;
    stored: number;
    dropped: number;
    thinned: number;
  };
}

export interface Summary {
  since: number;
  until: number;
  requests: number;
  verdicts: Partial<Record<Verdict, number>>;
  enforced: number;
  layers: Record<string, number>;
  statuses: Record<string, number>;
  decision_micros: number;
  total_micros: number;
}

export type Bucket = { at: number } & Record<Verdict, number>;

export interface RuleCount {
  rule: string;
  message: string;
  severity: string;
  class: string;
  requests: number;
  clients: number;
  last: number;
}

export interface ClassCount {
  class: string;
  requests: number;
}

export interface Caller {
  client: string;
  requests: number;
  blocked: number;
  limited: number;
  last: number;
}

export type Query = Record<string, string | number | undefined>;

/** Asks the API; a session that has ended leads back to the login page. */
export async function get<T>(path: string, query: Query = {}): Promise<T> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  const response = await fetch(`/api/${path}${text && `?${text}`}`);
  return answer<T>(response);
}

export async function logout(): Promise<void> {
  const { csrf } = await get<{ csrf: string }>("session");
  await fetch("/api/logout", { method: "POST", headers: { "x-csrf-token": csrf } });
  location.assign("/");
}

async function answer<T>(response: Response): Promise<T> {
  if (response.status === 401) location.reload();
  const body: unknown = await response.json();
  if (!response.ok) {
    const said = (body as { error?: string }).error;
    throw new Error(said ?? `the gateway answered ${response.status}`);
  }
  return body as T;
}
