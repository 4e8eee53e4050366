import { userInfo } from "node:os";

/** Who works here; undefined for a user without an entry in the system's list. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? process.env.USERNAME;
  }
}
