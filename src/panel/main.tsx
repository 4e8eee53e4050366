import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app.tsx";
import { vsCodeHost } from "./host.ts";
import "./panel.css";

const root = document.getElementById("root");
const host = vsCodeHost();
if (root !== null && host !== undefined) {
  render(<App host={host} />, root);
}
