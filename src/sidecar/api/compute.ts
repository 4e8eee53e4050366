import { computePricingSchema } from "../../domain/compute/computePricing.ts";
import { stopDecisionSchema } from "../../domain/computeApi.ts";
import type { ComputeReports } from "../compute/computeReports.ts";
import type { StopCommands } from "../compute/stopCommands.ts";
import { type ApiRequest, checked, HttpError, readJson, timeFrom } from "./http.ts";

export interface ComputeRoutesOptions {
  readonly computeReports: ComputeReports;
  readonly stopCommands: StopCommands;
}

/** What concerns servers that cost by the hour below `/api/v1/`. */
export function computeRoutes({
  computeReports,
  stopCommands,
}: ComputeRoutesOptions): Record<string, (request: ApiRequest) => unknown> {
  return {
    "GET compute": ({ query }) => {
      const range = { from: timeFrom(query, "from") ?? null, to: timeFrom(query, "to") ?? null };
      const given = { compareWith: query.get("compareWith") ?? undefined };
      return computeReports.report(range, checked(computePricingSchema.pick({ compareWith: true }), given).compareWith);
    },
    "POST compute * stop-command": async (request) => {
      const provider = request.segments[1] ?? "";
      const { command, allowed, by } = await readJson(request, stopDecisionSchema);
      if (stopCommands.stateOf(provider) === null) {
        throw new HttpError(404, "not_found", `${provider} has no stop command`);
      }
      if (!(await stopCommands.decide(provider, command, allowed, by))) {
        throw new HttpError(409, "conflict", `The stop command of ${provider} is another one by now: look at it again`);
      }
      return stopCommands.stateOf(provider);
    },
  };
}
