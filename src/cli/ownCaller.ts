import { basename } from "node:path";
import { userName } from "../client/userName.ts";
import type { PassRequest } from "../domain/api.ts";

/** Who calls where the command itself does: in the current folder, for a project, by default that folder's name. */
export function ownCaller(project: string = basename(process.cwd())): Omit<PassRequest, "tags"> {
  const user = userName();
  return {
    ...(project === "" ? {} : { project }),
    ...(user === undefined ? {} : { user }),
    tool: "tollgate",
    folder: process.cwd(),
  };
}
