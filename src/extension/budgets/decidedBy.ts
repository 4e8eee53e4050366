import { userName } from "../../client/userName.ts";

/** Who decides in this window, as the ledger notes it: `ana, VS Code`. */
export function decidedBy(): string {
  const name = userName();
  return name === undefined ? "VS Code" : `${name}, VS Code`;
}
