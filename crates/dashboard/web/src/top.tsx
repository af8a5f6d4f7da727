import { logout } from "./api";
import { Icon } from "./icons";
import { WINDOWS, connected, lookback, status } from "./state";
import { isDark, painted, toggleTheme } from "./theme";

export function Top() {
  const gateway = status.value?.gateway;
  return (
    <header class="top">
      <h1>
        <span class="mark">
          <Icon name="shield" />
        </span>
        BabyShield
      </h1>
      {gateway && <ModePill mode={gateway.mode} />}
      {gateway && (
        <p class="path" title={`policy ${gateway.policy}`}>
          <span class="dim">{gateway.listen.join(", ")}</span>
          <span class="dim" aria-label="forwards to">
            →
          </span>
          {gateway.upstreams.map((upstream) => (
            <span class="upstream" key={upstream.name}>
              <span class={`dot ${upstream.healthy ? "good" : "bad"}`} aria-hidden="true" />
              {upstream.name}
              <span class="hidden">{upstream.healthy ? "healthy" : "down"}</span>
            </span>
          ))}
        </p>
      )}
      <div class="controls">
        <Live />
        <div class="segments" role="group" aria-label="Time to look back">
          {WINDOWS.map(({ seconds, name }) => (
            <button
              type="button"
              key={seconds}
              aria-pressed={lookback.value === seconds}
              onClick={() => (lookback.value = seconds)}
            >
              {name}
            </button>
          ))}
        </div>
        <ThemeButton />
        <button type="button" class="bare" aria-label="Log out" title="Log out" onClick={() => void logout()}>
          <Icon name="leave" />
        </button>
      </div>
    </header>
  );
}

function ThemeButton() {
  void painted.value;
  const label = isDark() ? "Light colours" : "Dark colours";
  return (
    <button type="button" class="bare" aria-label={label} title={label} onClick={toggleTheme}>
      <Icon name={isDark() ? "sun" : "moon"} />
    </button>
  );
}

function ModePill({ mode }: { mode: "off" | "watch" | "enforce" }) {
  const words = { off: "Off", watch: "Watching", enforce: "Enforcing" };
  const meaning = {
    off: "Nothing is inspected",
    watch: "Attacks are reported, nothing is blocked",
    enforce: "Attacks are blocked",
  };
  return (
    <span class={`pill mode-${mode}`} title={meaning[mode]}>
      <Icon name={mode === "enforce" ? "shield" : mode === "watch" ? "eye" : "warn"} />
      {words[mode]}
    </span>
  );
}

function Live() {
  const words = { connecting: "Connecting", open: "Live", lost: "Reconnecting" };
  return (
    <span class={`live ${connected.value}`} role="status">
      <span class="dot" aria-hidden="true" />
      {words[connected.value]}
    </span>
  );
}
