import { signal } from "@preact/signals";
import type { AnyEvent, RequestEvent, SystemEvent } from "./api";
import { clock, dateTime, mainFinding, verdictName, visible } from "./format";
import { Icon } from "./icons";
import { StoreLine } from "./banners";
import {
  type Filter,
  NO_FILTER,
  filter,
  filtered,
  keyOf,
  loadOlder,
  narrow,
  older,
  open,
  paused,
  rows,
  selected,
  source,
  status,
  togglePause,
  waiting,
} from "./state";

const KINDS: { name: string; verdict: Filter["verdict"] }[] = [
  { name: "All", verdict: "" },
  { name: "Attacks", verdict: "attacks" },
  { name: "Blocked", verdict: "block" },
  { name: "Limited", verdict: "limit" },
  { name: "Refused", verdict: "refuse" },
  { name: "Allowed", verdict: "allow" },
];

/** The list of requests as they happen. */
export function Feed() {
  return (
    <section class="card feed" id="feed" aria-label="Live requests" tabIndex={-1}>
      <div class="card-head">
        <h2>Live requests</h2>
        <div class="segments small" role="group" aria-label="Which requests">
          {KINDS.map(({ name, verdict }) => (
            <button
              type="button"
              key={name}
              aria-pressed={filter.value.verdict === verdict}
              onClick={() => narrow({ verdict })}
            >
              {name}
            </button>
          ))}
        </div>
        <Search />
        <Chips />
        <button type="button" class="quiet" aria-pressed={paused.value} onClick={togglePause}>
          <Icon name={paused.value ? "play" : "pause"} />
          {paused.value ? `Resume${waiting.value.length ? ` (${waiting.value.length} new)` : ""}` : "Pause"}
        </button>
      </div>
      {source.value === "memory" && <p class="empty">The store cannot be read; these are the latest events in memory.</p>}
      <Table />
      <div class="feed-foot">
        {older.value && (
          <button type="button" class="quiet" onClick={() => void loadOlder()}>
            Show older
          </button>
        )}
        <StoreLine />
      </div>
    </section>
  );
}

const typed = signal("");
let typing: ReturnType<typeof setTimeout> | undefined;

function Search() {
  const type = (text: string) => {
    typed.value = text;
    clearTimeout(typing);
    typing = setTimeout(() => narrow({ text: text.trim() }), 250);
  };
  return (
    <label class="search">
      <Icon name="search" />
      <span class="hidden">Search path, host, agent or finding</span>
      <input
        type="search"
        value={typed.value}
        maxLength={200}
        placeholder="Path, host, agent, finding"
        onInput={(event) => type(event.currentTarget.value)}
      />
    </label>
  );
}

/** What else the list is narrowed to, each with its way out. */
function Chips() {
  const { client, rule, kind } = filter.value;
  if (!filtered.value) return null;
  const clear = () => {
    typed.value = "";
    filter.value = NO_FILTER;
  };
  return (
    <span class="chips">
      {rule && <Chip label={`rule ${rule}`} clear={() => narrow({ rule: "" })} />}
      {kind && <Chip label={kind} clear={() => narrow({ kind: "" })} />}
      {client && <Chip label={client} clear={() => narrow({ client: "" })} />}
      <button type="button" class="link" onClick={clear}>
        Clear
      </button>
    </span>
  );
}

function Chip({ label, clear }: { label: string; clear: () => void }) {
  return (
    <button type="button" class="chip" aria-label={`No longer only ${label}`} onClick={clear}>
      {label}
      <Icon name="close" />
    </button>
  );
}

function Table() {
  if (rows.value.length === 0) {
    return (
      <p class="empty wide">
        {filtered.value
          ? "No request matches. The search covers everything stored, not only this page."
          : "No requests yet. Send one through the gateway and it appears here:"}
        {!filtered.value && <TryIt />}
      </p>
    );
  }
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Verdict</th>
            <th scope="col" class="number">
              Status
            </th>
            <th scope="col">Request</th>
            <th scope="col">Caller</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {rows.value.map((event) => (
            <Row key={keyOf(event)} event={event} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A harmless attack to begin with. */
function TryIt() {
  const listen = status.value?.gateway.listen[0];
  if (!listen) return null;
  const port = listen.slice(listen.lastIndexOf(":"));
  return <code class="try">{`curl -i "http://${location.hostname}${port}/?q=1%27%20OR%20%271%27=%271"`}</code>;
}

function Row({ event }: { event: AnyEvent }) {
  return event.type === "request" ? <RequestRow event={event} /> : <SystemRow event={event} />;
}

function RequestRow({ event }: { event: RequestEvent }) {
  const reason = mainFinding(event);
  const [path, query] = cut(event.target);
  const more = event.findings.length - 1;
  return (
    <tr
      class={`row ${selected.value === event.id ? "chosen" : ""} is-${event.verdict}`}
      onClick={() => void open(event.id)}
    >
      <td class="time" title={dateTime(event.at)}>
        {clock(event.at)}
      </td>
      <td>
        <Badge event={event} />
      </td>
      <td class={`number status s${Math.floor(event.status / 100)}`}>{event.status}</td>
      <td class="request">
        <button type="button" class="row-open" aria-label={`Details of ${event.method} ${event.target}`}>
          <span class="method">{event.method}</span> {visible(path)}
          <span class="dim">{visible(query)}</span>
        </button>
      </td>
      <td class="caller">{event.client}</td>
      <td class="reason">
        {reason && (
          <>
            <code>{reason.rule}</code> {reason.message}
            {more > 0 && <span class="dim"> +{more}</span>}
          </>
        )}
      </td>
    </tr>
  );
}

function SystemRow({ event }: { event: SystemEvent }) {
  return (
    <tr class="row system">
      <td class="time" title={dateTime(event.at)}>
        {clock(event.at)}
      </td>
      <td>
        <span class="badge b-system">System</span>
      </td>
      <td />
      <td colSpan={3} class="message">
        <code>{event.name}</code> {event.message}
      </td>
    </tr>
  );
}

/** The verdict; an outline where it was only reported. */
export function Badge({ event }: { event: RequestEvent }) {
  const reported = event.verdict !== "allow" && !event.enforced;
  const name = reported ? `Would ${WOULD[event.verdict]}` : verdictName(event.verdict);
  return <span class={`badge b-${event.verdict} ${reported ? "reported" : ""}`}>{name}</span>;
}

const WOULD = { allow: "allow", block: "block", limit: "limit", challenge: "challenge", refuse: "refuse" };

function cut(target: string): [string, string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at)];
}
