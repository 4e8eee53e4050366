import { userName } from "../client/userName.ts";
import type { PassRequest } from "../domain/api.ts";
import { projectName } from "./projectName.ts";

/** Who calls where the command itself does: in the current folder, for a project, by default the one that it lies in. */
export function ownCaller(project: string = projectName(process.cwd()) ?? ""): Omit<PassRequest, "tags"> {
  const user = userName();
  return {
    ...(project === "" ? {} : { project }),
    ...(user === undefined ? {} : { user }),
    tool: "tollgate",
    folder: process.cwd(),
  };
}
