import {
  checkRequestSchema,
  failedRequestSchema,
  fallbackRequestSchema,
  routeRequestSchema,
  switchRequestSchema,
} from "../../domain/backends/backendApi.ts";
import type { Backends } from "../backends/backends.ts";
import { type ApiRequest, integerFrom, readJson } from "./http.ts";

/** The API's routes on backends. */
export function backendRoutes(backends: Backends): Record<string, (request: ApiRequest) => unknown> {
  return {
    "GET backends": () => backends.view(),
    "POST backends check": async (request) => {
      const { keys } = await readJson(request, checkRequestSchema);
      return { backends: await backends.check(keys) };
    },
    "POST backends switch": async (request) => backends.switch(await readJson(request, switchRequestSchema)),
    "POST backends route": async (request) => backends.route(await readJson(request, routeRequestSchema)),
    "POST backends failed": async (request) => {
      backends.failed(await readJson(request, failedRequestSchema));
      return backends.view();
    },
    "PUT backends fallback": async (request) => {
      const { names, by } = await readJson(request, fallbackRequestSchema);
      return backends.setFallback(names, by);
    },
    "DELETE backends *": ({ segments, query }) => backends.removeTier(segments[1] ?? "", query.get("by") || "api"),
    "GET backends log": ({ query }) => ({ switches: backends.log(integerFrom(query, "limit", 50, 1, 1_000)) }),
  };
}
