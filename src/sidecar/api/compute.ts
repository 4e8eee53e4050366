import { computePricingSchema } from "../../domain/compute/computePricing.ts";
import type { ComputeReports } from "../compute/computeReports.ts";
import { type ApiRequest, checked, timeFrom } from "./http.ts";

export interface ComputeRoutesOptions {
  readonly computeReports: ComputeReports;
}

/** What concerns servers that cost by the hour below `/api/v1/`. */
export function computeRoutes({
  computeReports,
}: ComputeRoutesOptions): Record<string, (request: ApiRequest) => unknown> {
  return {
    "GET compute": ({ query }) => {
      const range = { from: timeFrom(query, "from") ?? null, to: timeFrom(query, "to") ?? null };
      const given = { compareWith: query.get("compareWith") ?? undefined };
      return computeReports.report(range, checked(computePricingSchema.pick({ compareWith: true }), given).compareWith);
    },
  };
}
