import type { IncomingMessage, ServerResponse } from "node:http";
import type { Attribution } from "../../domain/budget.ts";
import type { CostBasis } from "../../domain/call.ts";
import type { Caller } from "../../domain/caller.ts";
import type { Protocol, RequestContext, RequestFacts } from "../../domain/protocol.ts";
import { recognise } from "../../domain/toolRecognition.ts";
import type { Departure } from "../departure.ts";
import type { Tunnel } from "../upgrades.ts";
import { newCallId } from "./callId.ts";
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
  /** The client's connection, where it is to become a WebSocket. */
  readonly tunnel?: Tunnel | undefined;
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
export function frameOf(
  { request, caller, providerName, target }: Passage,
  facts: RequestFacts,
  {
    protocol,
    costBasis,
    startedAt,
    branch,
  }: {
    readonly protocol: string;
    readonly costBasis: CostBasis;
    readonly startedAt: number;
    readonly branch: string | null;
  },
): CallFrame {
  const notes = readNotes(request);
  const { tool, sessionId } = recognise(request.headers, facts.endUser);
  const otherModels = otherModelsOf(facts);
  const attribution: Attribution = {
    provider: providerName,
    model: facts.model,
    ...(otherModels.length === 0 ? {} : { otherModels }),
    project: caller.project ?? null,
    tool: caller.tool ?? tool,
    user: notes.user ?? caller.user ?? null,
    tags: tagsOf(caller, notes.tags),
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
      branch,
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

/** Models of the parts of a call that are not the call's own. */
function otherModelsOf({ parts, model }: RequestFacts): string[] {
  return parts === undefined ? [] : [...new Set(parts.map((part) => part.model))].filter((other) => other !== model);
}

function tagsOf({ tags }: Caller, noted: readonly string[]): readonly string[] {
  return tags.length + noted.length < 2 ? [...tags, ...noted] : [...new Set([...tags, ...noted])];
}
