import { render } from "preact";
import { App } from "./app";
import { start } from "./state";
import { applyTheme } from "./theme";
import "uplot/dist/uPlot.min.css";
import "./style.css";

applyTheme();
const root = document.getElementById("app");
if (root) {
  render(<App />, root);
  start();
}
