import type { ComponentChildren } from "preact";
import { ago, count } from "./format";
import { callers, filter, kinds, narrow, rules, status, watching } from "./state";

/** Which rules stopped most. */
export function Rules() {
  const top = Math.max(...rules.value.map((rule) => rule.requests), 1);
  return (
    <Card title={watching.value ? "Would block, by rule" : "Blocked by rule"} empty={rules.value.length === 0}>
      {rules.value.map((rule) => (
        <Row
          key={rule.rule}
          part={rule.requests / top}
          on={filter.value.rule === rule.rule}
          act={(on) => narrow({ rule: on ? "" : rule.rule })}
          value={count(rule.requests)}
          label={`${rule.rule}, ${rule.message}: ${rule.requests} requests from ${rule.clients} callers`}
        >
          <span class="rank-name">
            <code>{rule.rule}</code> {rule.class && <span class="tag">{rule.class}</span>}
          </span>
          <span class="rank-note">{rule.message}</span>
        </Row>
      ))}
    </Card>
  );
}

/** Who was stopped most. */
export function Callers() {
  const top = Math.max(...callers.value.map((caller) => caller.requests), 1);
  const now = status.value?.now ?? Date.now();
  return (
    <Card title="Top addresses" empty={callers.value.length === 0}>
      {callers.value.map((caller) => (
        <Row
          key={caller.client}
          part={caller.requests / top}
          on={filter.value.client === caller.client}
          act={(on) => narrow({ client: on ? "" : caller.client })}
          value={count(caller.requests)}
          label={`${caller.client}: ${caller.requests} requests stopped`}
        >
          <span class="rank-name">
            <code>{caller.client}</code>
          </span>
          <span class="rank-note">
            {[
              caller.blocked > 0 ? `${count(caller.blocked)} blocked` : "",
              caller.limited > 0 ? `${count(caller.limited)} limited` : "",
              `last ${ago(caller.last, now)} ago`,
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </Row>
      ))}
    </Card>
  );
}

/** What was tried, by class of attack. */
export function Kinds() {
  const named = kinds.value.filter((kind) => kind.class !== "");
  return (
    <section class="card kinds">
      <h2>What was tried</h2>
      {named.length === 0 && <p class="empty">Nothing in this stretch of time.</p>}
      <div class="kind-list">
        {named.map((kind) => {
          const on = filter.value.kind === kind.class;
          return (
            <button
              type="button"
              class="kind"
              key={kind.class}
              aria-pressed={on}
              title={`Show only ${kind.class} in the list`}
              onClick={() => narrow({ kind: on ? "" : kind.class })}
            >
              {kind.class} <b>{count(kind.requests)}</b>
            </button>
          );
        })}
      </div>
    </section>
  );
}

function Card(props: { title: string; empty: boolean; children: ComponentChildren }) {
  return (
    <section class="card ranks">
      <h2>{props.title}</h2>
      {props.empty ? <p class="empty">Nothing in this stretch of time.</p> : <ol>{props.children}</ol>}
    </section>
  );
}

interface RowProps {
  part: number;
  on: boolean;
  act: (on: boolean) => void;
  value: string;
  label: string;
  children: ComponentChildren;
}

function Row({ part, on, act, value, label, children }: RowProps) {
  return (
    <li>
      <button type="button" class="rank" aria-pressed={on} aria-label={label} title={label} onClick={() => act(on)}>
        <span class="rank-text">{children}</span>
        <span class="rank-value">{value}</span>
        <svg class="rank-bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="100" height="3" />
          <rect class="fill" width={Math.max(100 * part, 1)} height="3" />
        </svg>
      </button>
    </li>
  );
}
