import * as vscode from "vscode";

/** One call may cause several messages: those that come within this many ms are one. */
const GATHER_MS = 250;
/** Windows that the user is not looking at give the others this head start, in ms. */
const HEAD_START_MS = 2_000;

/** How long, in ms, this window waits before it asks to be the one that shows a message. */
export function headStart(): number {
  return vscode.window.state.focused ? GATHER_MS : HEAD_START_MS;
}
