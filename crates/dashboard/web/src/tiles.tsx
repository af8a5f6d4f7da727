import type { Verdict } from "./api";
import { count, micros, share } from "./format";
import { filter, lookback, narrow, series, summary, watching } from "./state";

/** The figures of the chosen stretch of time, each with its course. */
export function Tiles() {
  const sum = summary.value;
  const of = (verdict: Verdict) => sum?.verdicts[verdict] ?? 0;
  const requests = sum?.requests ?? 0;
  const errors = sum?.statuses["5"] ?? 0;
  const span = sum ? Math.min(lookback.value, (sum.until - sum.since) / 1000) : lookback.value;
  const blocked = watching.value ? "Would be blocked" : "Blocked";
  const limited = watching.value ? "Would be limited" : "Limited";
  return (
    <section class="tiles" aria-label="Figures">
      <Tile name="Requests" value={count(requests)} note={`${rate(requests / span)} on average`} course="all" />
      <Tile name={blocked} value={count(of("block"))} note={share(of("block"), requests)} verdict="block" />
      <Tile name={limited} value={count(of("limit"))} note={share(of("limit"), requests)} verdict="limit" />
      <Tile name="Refused" value={count(of("refuse"))} note="malformed HTTP" verdict="refuse" />
      <Tile name="Server errors" value={count(errors)} note={`${share(errors, requests)} answered 5xx`} />
      <Tile
        name="Decision time"
        value={requests ? micros(sum?.decision_micros ?? 0) : "–"}
        note={requests ? `of ${micros(sum?.total_micros ?? 0)} in all, mean` : "no requests yet"}
      />
    </section>
  );
}

function rate(perSecond: number): string {
  if (perSecond === 0) return "0 /s";
  if (perSecond < 1) return `${(perSecond * 60).toFixed(1)} /min`;
  return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} /s`;
}

interface TileProps {
  name: string;
  value: string;
  note: string;
  verdict?: Verdict;
  course?: "all";
}

function Tile({ name, value, note, verdict, course }: TileProps) {
  const body = (
    <>
      <span class="tile-name">
        {verdict && <span class={`swatch v-${verdict}`} aria-hidden="true" />}
        {name}
      </span>
      <span class="tile-value">{value}</span>
      <span class="tile-note">{note}</span>
      {(verdict ?? course) && <Spark verdict={verdict} />}
    </>
  );
  if (!verdict) return <div class="tile">{body}</div>;
  const on = filter.value.verdict === verdict;
  return (
    <button
      type="button"
      class="tile"
      aria-pressed={on}
      title={on ? "Show all requests" : "Show only these in the list"}
      onClick={() => narrow({ verdict: on ? "" : verdict })}
    >
      {body}
    </button>
  );
}

/** The course of one figure, as a line without axes. */
function Spark({ verdict }: { verdict: Verdict | undefined }) {
  const points = series.value.map((bucket) =>
    verdict ? bucket[verdict] : bucket.allow + bucket.block + bucket.limit + bucket.challenge + bucket.refuse,
  );
  if (points.length === 0) return null;
  const top = Math.max(...points, 1);
  const step = 100 / Math.max(points.length - 1, 1);
  const line = points.map((n, i) => `${i ? "L" : "M"}${(i * step).toFixed(2)} ${(22 - (20 * n) / top).toFixed(2)}`);
  return (
    <svg class={`spark ${verdict ? `v-${verdict}` : ""}`} viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path class="spark-fill" d={`${line.join("")}L100 24L0 24Z`} />
      <path class="spark-line" d={line.join("")} />
    </svg>
  );
}
