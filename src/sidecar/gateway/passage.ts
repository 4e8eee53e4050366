import type { IncomingMessage, ServerResponse } from "node:http";
import type { Attribution } from "../../domain/budget.ts";
import type { CostBasis } from "../../domain/call.ts";
import type { Caller } from "../../domain/caller.ts";
import type { Protocol, RequestContext, RequestFacts } from "../../domain/protocol.ts";
import { recognise } from "../../domain/toolRecognition.ts";
import type { Departure } from "../departure.ts";
import { newCallId } from "./callId.ts";
import { branchOf } from "./gitBranch.ts";
import { readNotes } from "./headers.ts";
import type { CallFrame } from "./outcome.ts";
import type { Target } from "./route.ts";

/** One call on its way: who asks, and where it goes. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly providerName: string;
  readonly target: Target;
  readonly departure: Departure;
}

/** One that a protocol can read. */
export interface MeteredPassage extends Passage {
  readonly protocol: Protocol;
}

export function contextOf({ request, target }: Passage): RequestContext {
  const { headers } = request;
  return { path: target.route, search: target.search, contentType: headers["content-type"] ?? null, headers };
}

/**
 * What is known of a call before it is held: its id, and whom it is booked to. What the pass says of the tool comes before
 * what the request shows of it. `startedAt` is ms since the epoch.
 */
export async function frameOf(
  { request, caller, providerName, target }: Passage,
  facts: RequestFacts,
  {
    protocol,
    costBasis,
    startedAt,
  }: { readonly protocol: string; readonly costBasis: CostBasis; readonly startedAt: number },
): Promise<CallFrame> {
  const notes = readNotes(request);
  const { tool, sessionId } = recognise(request.headers, facts.endUser);
  const models = new Set(facts.parts?.map(({ model }) => model));
  models.delete(facts.model);
  const attribution: Attribution = {
    provider: providerName,
    model: facts.model,
    ...(models.size === 0 ? {} : { otherModels: [...models] }),
    project: caller.project ?? null,
    tool: caller.tool ?? tool,
    user: notes.user ?? caller.user ?? null,
    tags: [...new Set([...caller.tags, ...notes.tags])],
  };
  return {
    request: {
      id: newCallId(startedAt),
      provider: providerName,
      protocol,
      model: facts.model,
      project: attribution.project ?? null,
      tool: attribution.tool ?? null,
      user: attribution.user ?? null,
      tags: [...attribution.tags],
      requestType: notes.requestType ?? (facts.model === "" ? target.route.slice(0, 200) : null),
      traceId: notes.traceId,
      sessionId,
      branch: caller.folder === undefined ? null : await branchOf(caller.folder),
      stream: facts.stream,
      attempt: notes.attempt,
      ...(notes.promptId === null ? {} : { promptId: notes.promptId }),
      ...(notes.standsInFor === null ? {} : { standsInFor: notes.standsInFor }),
      costBasis,
    },
    attribution,
    startedAt,
    facts,
  };
}
