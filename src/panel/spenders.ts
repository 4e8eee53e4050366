import type { Spender } from "../domain/api.ts";

interface SpenderWords {
  readonly by: Spender;
  readonly title: string;
  /** What stands in the place of a name that a call does not have. */
  readonly nameless: string;
}

export const SPENDERS: readonly SpenderWords[] = [
  { by: "tool", title: "Tool", nameless: "unknown tool" },
  { by: "project", title: "Project", nameless: "no project" },
  { by: "branch", title: "Branch", nameless: "no branch" },
  { by: "user", title: "User", nameless: "no user named" },
  { by: "tag", title: "Tag", nameless: "no tag" },
  { by: "session", title: "Session", nameless: "no session" },
  { by: "request-type", title: "Request type", nameless: "unknown type" },
];
