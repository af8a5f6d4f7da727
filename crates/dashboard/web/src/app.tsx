import { Banners } from "./banners";
import { Chart } from "./chart";
import { Panel } from "./detail";
import { Feed } from "./feed";
import { Callers, Kinds, Rules } from "./ranks";
import { selected } from "./state";
import { Tiles } from "./tiles";
import { Top } from "./top";

export function App() {
  return (
    <>
      <a class="skip" href="#feed">
        Skip to the requests
      </a>
      <Top />
      <main class={selected.value ? "beside" : ""}>
        <Banners />
        <Tiles />
        <div class="columns">
          <Chart />
          <aside class="side" aria-label="Rankings">
            <Kinds />
            <Rules />
            <Callers />
          </aside>
          <Feed />
        </div>
      </main>
      <Panel />
    </>
  );
}
