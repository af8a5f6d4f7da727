import { Banners } from "./banners";
import { Chart } from "./chart";
import { Panel } from "./detail";
import { Feed } from "./feed";
import { Callers, Rules } from "./ranks";
import { Tiles } from "./tiles";
import { Top } from "./top";

export function App() {
  return (
    <>
      <a class="skip" href="#feed">
        Skip to the requests
      </a>
      <Top />
      <main>
        <Banners />
        <Tiles />
        <div class="columns">
          <Chart />
          <aside class="side" aria-label="Rankings">
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
