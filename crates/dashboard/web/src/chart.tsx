import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type Bucket, VERDICTS, type Verdict } from "./api";
import { clock, count, dateTime, verdictName } from "./format";
import { lookback, series, watching } from "./state";
import { painted } from "./theme";

/** Verdicts left out of the chart. */
const off = signal<ReadonlySet<Verdict>>(new Set());

/** The bucket under the pointer. */
const pointed = signal<number | null>(null);

/** From the bottom up: what passed is the ground, what was stopped lies on top of it. */
const ORDER: Verdict[] = ["allow", "challenge", "refuse", "limit", "block"];

const HEIGHT = 216;

/** Requests over time, one colour a verdict. */
export function Chart() {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = ORDER.filter((verdict) => !off.value.has(verdict));
  const key = `${shown.join()} ${painted.value}`;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = new uPlot(options(element.clientWidth, shown), stack(series.peek(), shown), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [key]);

  useEffect(() => {
    plot.current?.setData(stack(series.value, shown));
  }, [series.value]);

  return (
    <section class="card chart">
      <div class="card-head">
        <h2>Requests over time</h2>
        <Moment />
        <Legend />
      </div>
      <div class="plot" ref={box} role="img" aria-label={describe(series.value)} />
    </section>
  );
}

/** Which stretch of time the figures of the legend are for. */
function Moment() {
  const bucket = bucketPointed();
  const step = ((series.value[1]?.at ?? 0) - (series.value[0]?.at ?? 0)) / 60_000 || 1;
  const long = lookback.value > 86_400;
  const start = bucket && (long ? dateTime(bucket.at).slice(5, 16) : clock(bucket.at, false).slice(0, 5));
  return <span class="dim">{start ? `from ${start}, ${duration(step)}` : `bars of ${duration(step)}`}</span>;
}

const bucketPointed = () => (pointed.value === null ? undefined : series.value[pointed.value]);

/** The verdicts with the figures of the bucket under the pointer, or of all; each can be left out. */
function Legend() {
  const bucket = bucketPointed();
  const sum = (verdict: Verdict) =>
    bucket ? bucket[verdict] : series.value.reduce((all, one) => all + one[verdict], 0);
  const toggle = (verdict: Verdict) => {
    const next = new Set(off.value);
    if (!next.delete(verdict)) next.add(verdict);
    off.value = next;
  };
  return (
    <div class="legend" role="group" aria-label="Verdicts shown">
      {VERDICTS.map((verdict) => (
        <button type="button" key={verdict} aria-pressed={!off.value.has(verdict)} onClick={() => toggle(verdict)}>
          <span class={`swatch v-${verdict}`} aria-hidden="true" />
          {verdict !== "allow" && watching.value ? `Would ${verdict}` : verdictName(verdict)}
          <b>{count(sum(verdict))}</b>
        </button>
      ))}
    </div>
  );
}

function duration(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  const hours = minutes / 60;
  return `${Number.isInteger(hours) ? hours : hours.toFixed(1)} h`;
}

function describe(buckets: Bucket[]): string {
  const total = (verdict: Verdict) => buckets.reduce((all, bucket) => all + bucket[verdict], 0);
  return `Stacked bars: ${VERDICTS.map((v) => `${count(total(v))} ${verdictName(v).toLowerCase()}`).join(", ")}`;
}

/** Each series drawn from zero to the sum up to it; the tallest is painted first. */
function stack(buckets: Bucket[], shown: Verdict[]): uPlot.AlignedData {
  const sums = buckets.map(() => 0);
  const layers = shown.map((verdict) =>
    buckets.map((bucket, i) => {
      const sum = (sums[i] ?? 0) + bucket[verdict];
      sums[i] = sum;
      return sum;
    }),
  );
  return [buckets.map((bucket) => bucket.at / 1000), ...layers.reverse()];
}

function options(width: number, shown: Verdict[]): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--dim"),
    font: `11px ${color("--sans")}`,
    grid: { stroke: color("--grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    hooks: { setCursor: [(plot) => (pointed.value = plot.cursor.idx ?? null)] },
    scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.08, 4)] }, x: { range: padded } },
    axes: [
      { ...axis, space: 70, size: 28, grid: { show: false }, values: times },
      { ...axis, size: 46, space: 36, values: (_, all) => all.map((n) => (Number.isInteger(n) ? count(n) : "")) },
    ],
    series: [
      {},
      ...[...shown].reverse().map((verdict) => ({
        fill: color(`--${verdict}`),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars!({ size: [0.72, 26], radius: shown.at(-1) === verdict ? 0.15 : 0 }),
      })),
    ],
  };
}

/** Half a bar of air on both sides. */
function padded(plot: uPlot, min: number, max: number): uPlot.Range.MinMax {
  const xs = plot.data[0];
  const half = xs.length > 1 ? ((xs[1] ?? 0) - (xs[0] ?? 0)) / 2 : 30;
  return [min - half, max + half];
}

function times(_: uPlot, all: number[]): string[] {
  return all.map((seconds) => {
    const text = dateTime(seconds * 1000);
    return lookback.peek() > 86_400 ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(11, 16);
  });
}
