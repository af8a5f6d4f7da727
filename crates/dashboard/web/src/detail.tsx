import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Detail, Finding, RequestEvent } from "./api";
import { Badge } from "./feed";
import { bytes, dateTime, headline, isSummary, layerName, micros, split, visible } from "./format";
import { Icon } from "./icons";
import { close, detail, detailTrouble, narrow, selected } from "./state";

/** One request in full: what came, why it went as it did, and what would let it pass. */
export function Panel() {
  const panel = useRef<HTMLElement>(null);
  const opener = useRef<Element | null>(null);
  const id = selected.value;
  useEffect(() => {
    if (!id) return;
    opener.current ??= document.activeElement;
    panel.current?.focus();
    const leave = (event: KeyboardEvent) => event.key === "Escape" && close();
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, [id]);
  useEffect(() => {
    if (id === null && opener.current instanceof HTMLElement) opener.current.focus();
    if (id === null) opener.current = null;
  }, [id]);
  if (id === null) return null;
  return (
    <aside class="panel" ref={panel} tabIndex={-1} aria-label="Request detail">
      <div class="panel-head">
        {detail.value && <Badge event={detail.value.event} />}
        <Copy text={id} label="Copy the request id">
          <code>{id}</code>
        </Copy>
        <button type="button" class="bare" aria-label="Close the detail" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {detailTrouble.value && <p class="banner bad">{detailTrouble.value}</p>}
      {detail.value && <Body detail={detail.value} />}
    </aside>
  );
}

function Body({ detail: { event, fixes, why } }: { detail: Detail }) {
  return (
    <div class="panel-body">
      <p class="headline">{headline(event)}</p>
      <pre class="line">
        <span class="method">{event.method}</span> {visible(event.host)}
        <b>{visible(event.target)}</b>
      </pre>
      {event.threshold > 0 && <Score event={event} />}
      <section>
        <h3>Why</h3>
        {event.findings.length === 0 && <p class="dim">Nothing was found in it.</p>}
        {event.findings.map((finding, i) => (
          <Reason key={`${finding.rule}-${i}`} finding={finding} />
        ))}
      </section>
      {fixes.length > 0 && (
        <section>
          <h3>If this request was legitimate</h3>
          <p class="dim">Narrowest change first.</p>
          {fixes.map((fix, i) => (
            <div class="fix" key={i}>
              <p>
                <b>{sentence(fix.effect)}</b>
                <br />
                <span class="dim">In {plain(fix.place)}.</span>
              </p>
              {fix.text && (
                <div class="snippet">
                  <pre>{fix.text}</pre>
                  <Copy text={fix.text} label="Copy this change" />
                </div>
              )}
            </div>
          ))}
        </section>
      )}
      <section>
        <h3>Request</h3>
        <Facts event={event} />
      </section>
      <div class="panel-foot">
        {why && (
          <Copy text={why} label="Copy the explanation as text">
            Copy as text
          </Copy>
        )}
        <span class="dim">
          On the server: <code>babyshield why {event.id}</code>
        </span>
      </div>
    </div>
  );
}

function Score({ event }: { event: RequestEvent }) {
  const top = Math.max(event.score, event.threshold) * 1.15;
  const over = event.score >= event.threshold;
  return (
    <div class={`score ${over ? "over" : ""}`}>
      <span>
        Score <b>{event.score}</b>
        <span class="dim">, blocked from {event.threshold} on</span>
      </span>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="6" />
        <rect class="fill" width={(100 * event.score) / top} height="6" />
        <rect class="bar" x={(100 * event.threshold) / top} width="0.6" height="6" />
      </svg>
    </div>
  );
}

function Reason({ finding }: { finding: Finding }) {
  const summary = isSummary(finding.rule, finding.tags);
  const parts = split(finding.value, finding.matched);
  const shown = parts.some((part) => part.hit) || finding.matched === finding.value;
  return (
    <article class={`finding ${summary ? "sum" : ""}`}>
      <header>
        <button type="button" class="link" title="Show only this rule in the list" onClick={() => narrow({ rule: finding.rule })}>
          <code>{finding.rule}</code>
        </button>
        {finding.class && <span class="tag">{finding.class}</span>}
        {summary && <span class="tag">adds up the others</span>}
        {!summary && finding.severity && <span class={`tag sev-${finding.severity.toLowerCase()}`}>{finding.severity.toLowerCase()}</span>}
      </header>
      <p class="finding-message">{visible(finding.message)}</p>
      {finding.field && (
        <div class="seen">
          <span class="field">{visible(finding.field)}</span>
          <pre class="value">
            {parts.map((part, i) => (part.hit ? <mark key={i}>{visible(part.text)}</mark> : visible(part.text)))}
          </pre>
          {!shown && finding.matched && (
            <p class="matched">
              <span class="dim">matched</span> <code>{visible(finding.matched)}</code>
            </p>
          )}
        </div>
      )}
      {finding.source && <p class="source">{finding.source}</p>}
    </article>
  );
}

function Facts({ event }: { event: RequestEvent }) {
  const facts: [string, ComponentChildren][] = [
    ["Time", dateTime(event.at)],
    [
      "Caller",
      <>
        <button type="button" class="link" title="Show only this caller in the list" onClick={() => narrow({ client: event.client })}>
          {event.client}
        </button>
        {event.peer !== event.client && <span class="dim"> via {event.peer}</span>}
      </>,
    ],
    ["Agent", event.agent ? visible(event.agent) : "–"],
    ["Route", event.route ?? "no route of the policy"],
    ["Mode", event.mode],
    ["Decided by", event.layer ? layerName(event.layer) : "–"],
    ["Status", event.status],
    ["Upstream", event.upstream ?? "not reached"],
    ["Decision", micros(event.decision_micros)],
    ["Whole time", micros(event.total_micros)],
    ["Received", bytes(event.bytes_in)],
    ["Sent", bytes(event.bytes_out)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const copied = signal("");

function Copy(props: { text: string; label: string; children?: ComponentChildren }) {
  const copy = async () => {
    await navigator.clipboard.writeText(props.text);
    copied.value = props.text;
    setTimeout(() => (copied.value = ""), 1500);
  };
  const done = copied.value === props.text;
  return (
    <button type="button" class="copy" aria-label={props.label} title={props.label} onClick={() => void copy()}>
      {props.children}
      {done ? <span class="done">copied</span> : <Icon name="copy" />}
    </button>
  );
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Without the marks that set off code in plain text. */
const plain = (text: string) => text.replaceAll("`", "");
