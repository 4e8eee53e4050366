import type { AddressedRequest, RequestFacts } from "../protocol.ts";
import { withMembers } from "./jsonEdit.ts";

/** The same request for another model, where its body names one; else null. */
export function forModelInBody(
  asked: AddressedRequest,
  { members }: Pick<RequestFacts, "members">,
  _context: unknown,
  model: string,
): AddressedRequest | null {
  const named = { model: JSON.stringify(model) };
  return members.has("model") ? { ...asked, body: withMembers(asked.body, members, named) } : null;
}
