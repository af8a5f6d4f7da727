import type { ComponentChildren } from "preact";
import { bytes, count, dateTime } from "./format";
import { Icon } from "./icons";
import { lookback, lost, reload, status, summary, trouble, watching, WINDOWS } from "./state";

/** What the operator has to know before anything else. */
export function Banners() {
  const now = status.value;
  const health = now?.store.health;
  const name = WINDOWS.find((w) => w.seconds === lookback.value)?.name ?? "";
  const verdicts = summary.value?.verdicts ?? {};
  const would = (verdicts.block ?? 0) + (verdicts.limit ?? 0) + (verdicts.refuse ?? 0) + (verdicts.challenge ?? 0);
  return (
    <div class="banners" aria-live="polite">
      {now?.gateway.mode === "off" && (
        <Banner kind="bad">
          <b>Protection is off.</b> Nothing is inspected; requests pass as they come.
        </Banner>
      )}
      {watching.value && (
        <Banner kind="note" icon="eye">
          <b>Watch mode: nothing is blocked.</b> In the last {name}, enforcing would have stopped{" "}
          <b>{count(would - (summary.value?.enforced ?? 0))}</b> of {count(summary.value?.requests ?? 0)} requests. When
          the list below holds only attacks, run <code>babyshield enforce</code>.
        </Banner>
      )}
      {health?.state === "failing" && (
        <Banner kind="bad">
          <b>Events are not being stored</b> since {dateTime(health.since)}: {health.error}. Requests go on; the latest
          events are kept in memory and written when the disk takes them again.
        </Banner>
      )}
      {now?.gateway.rejected && (
        <Banner kind="bad">
          <b>The changed policy was refused,</b> the older one stays in force: {now.gateway.rejected}
        </Banner>
      )}
      {now && now.store.dropped > 0 && (
        <Banner kind="note">
          <b>{count(now.store.dropped)} events were lost</b> since the start, because more happened than could be
          stored. The counts are complete all the same.
        </Banner>
      )}
      {lost.value > 0 && (
        <Banner kind="note">
          This page was too slow for {count(lost.value)} events.{" "}
          <button type="button" class="link" onClick={() => { lost.value = 0; void reload(); }}>
            Read them from the store
          </button>
        </Banner>
      )}
      {trouble.value && <Banner kind="bad">{trouble.value}</Banner>}
    </div>
  );
}

function Banner(props: { kind: "note" | "bad"; icon?: "eye" | "warn"; children: ComponentChildren }) {
  return (
    <p class={`banner ${props.kind}`}>
      <Icon name={props.icon ?? "warn"} />
      <span>{props.children}</span>
    </p>
  );
}

/** The foot of the list: where events are kept and how full it is. */
export function StoreLine() {
  const store = status.value?.store;
  if (!store) return null;
  const parts = [
    `${bytes(store.bytes)} of ${bytes(store.max_bytes)}`,
    `${count(store.stored)} stored since start`,
    store.thinned > 0 ? `${count(store.thinned)} plain requests only counted` : "",
  ];
  return (
    <p class="store" title={store.path}>
      <span class={`dot ${store.health.state === "writing" ? "good" : "bad"}`} aria-hidden="true" />
      Event store {store.health.state}: {parts.filter(Boolean).join(" · ")}
    </p>
  );
}
