import { summaryBySchema } from "../../domain/api.ts";
import { callSchema } from "../../domain/call.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { correctionsOf, releaseCall, releaseRequestSchema } from "./callCorrections.ts";
import { type ApiRequest, checked, HttpError, integerFrom, readJson, timeFrom } from "./http.ts";

export interface CallRoutesOptions {
  readonly ledger: Ledger;
  readonly gatekeeper: Gatekeeper;
  readonly timeZone: () => string;
}

const FILTERS = ["provider", "model", "project", "tool", "user", "tag", "branch", "session", "prompt", "status"];

/** What concerns booked calls and their sums below `/api/v1/`. */
export function callRoutes(options: CallRoutesOptions): Record<string, (request: ApiRequest) => unknown> {
  const { ledger, gatekeeper, timeZone } = options;
  return {
    "GET calls": (request) => callsPage(ledger, request),
    "GET calls *": (request) => oneCall(options, request),
    "GET calls * corrections": ({ segments }) => correctionsOf(ledger, segments[1] ?? ""),
    "POST calls * release": async (request) => {
      const wanted = await readJson(request, releaseRequestSchema);
      return releaseCall(ledger, gatekeeper, request.segments[1] ?? "", wanted);
    },
    "GET costs summary": ({ query }) => {
      const by = checked(summaryBySchema, query.get("by") ?? "model", "by");
      return ledger.summaryInSteps(by, timeFrom(query, "from") ?? null, timeFrom(query, "to") ?? null, timeZone());
    },
  };
}

function callsPage(ledger: Ledger, { query }: ApiRequest): unknown {
  const filter = Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name);
      return value === null || value === "" ? [] : [[name, value]];
    }),
  );
  if (filter.status !== undefined) {
    checked(callSchema.shape.status, filter.status, "status");
  }
  const since = timeFrom(query, "since");
  const until = timeFrom(query, "until");
  const limit = integerFrom(query, "limit", 100, 1, 1_000);
  const times = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  try {
    return ledger.callsPage({ ...filter, ...times }, query.get("cursor"), limit);
  } catch (error) {
    throw error instanceof RangeError ? new HttpError(400, "invalid_request", error.message) : error;
  }
}

async function oneCall({ ledger, gatekeeper }: CallRoutesOptions, { segments, query }: ApiRequest): Promise<unknown> {
  const id = segments[1] ?? "";
  let call = ledger.callById(id);
  const waitMs = integerFrom(query, "waitMs", 0, 0, 60_000);
  if (call === null && waitMs > 0) {
    await gatekeeper.untilBooked(id, waitMs);
    call = ledger.callById(id);
  }
  if (call === null) {
    throw new HttpError(404, "not_found", `No booked call has the id ${id}`);
  }
  return call;
}
