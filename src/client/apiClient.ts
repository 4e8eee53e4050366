import { z } from "zod";
import {
  budgetListSchema,
  type CallsPage,
  callsPageSchema,
  type DecisionRequest,
  decisionListSchema,
  type Estimate,
  type EstimateRequest,
  estimateSchema,
  type Overview,
  overviewSchema,
  type PassResponse,
  type ProviderHealth,
  type ProviderInfo,
  passResponseSchema,
  providerHealthSchema,
  providerInfoSchema,
  type Spender,
  type Status,
  type Summary,
  type SummaryBy,
  statusSchema,
  summarySchema,
} from "../domain/api.ts";
import type { Budget, budgetSchema } from "../domain/budget.ts";
import { type Call, callSchema } from "../domain/call.ts";
import {
  type ComputeReport,
  computeReportSchema,
  type StopCommandState,
  type StopDecision,
  stopCommandStateSchema,
} from "../domain/computeApi.ts";
import { type Config, configSchema } from "../domain/config.ts";
import {
  type Correction,
  correctionSchema,
  type Decision,
  decisionSchema,
  type RecordedDecision,
} from "../domain/events.ts";
import {
  type Estimates,
  type EstimatesRequest,
  estimatesSchema,
  type Model,
  type ModelDetail,
  type ModelQuery,
  modelDetailSchema,
  modelListSchema,
} from "../domain/modelApi.ts";
import { type PassInfo, type PassWish, passListSchema } from "../domain/passApi.ts";
import { ApiError } from "./apiError.ts";
import type { CallsQuery, ConfigChange } from "./apiRequests.ts";
import { type ApiCall, ApiTransport, type Query } from "./apiTransport.ts";
import { BackendsApi } from "./backendsApi.ts";
import { readEventStream, type StreamHandlers } from "./eventStream.ts";
import { PricesApi } from "./pricesApi.ts";

const API = "/api/v1";
const claimSchema = z.object({ claimed: z.boolean() });
const providersSchema = z.object({ providers: z.array(providerInfoSchema) });

/**
 * The sidecar's API, one method a route. Every method throws ApiError where the sidecar says no, and
 * SidecarUnavailableError where nobody answers.
 */
export class ApiClient {
  readonly url: string;
  readonly backends: BackendsApi = new BackendsApi((schema, call) => this.#json(schema, call));
  readonly prices: PricesApi = new PricesApi((schema, call) => this.#json(schema, call));
  readonly #transport: ApiTransport;

  constructor({ url, token }: { readonly url: string; readonly token: string }) {
    this.url = url;
    this.#transport = new ApiTransport(url, token);
  }

  status(): Promise<Status> {
    return this.#get(statusSchema, "/status");
  }

  /** What the cost panel shows, of the last `days` local days, and who spent it. */
  overview(days?: number, by?: Spender): Promise<Overview> {
    return this.#get(overviewSchema, "/overview", { days, by });
  }

  calls(query: CallsQuery = {}): Promise<CallsPage> {
    return this.#get(callsPageSchema, "/calls", query);
  }

  /** Every call that matches, newest first, fetched page by page. */
  async *allCalls(query: Omit<CallsQuery, "cursor"> = {}): AsyncGenerator<Call> {
    let cursor: string | null = null;
    do {
      const page: CallsPage = await this.calls({ ...query, ...(cursor === null ? {} : { cursor }) });
      yield* page.calls;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** One call; where it is still under way, the answer is awaited for up to `waitMs`. */
  call(id: string, waitMs = 0): Promise<Call> {
    return this.#json(callSchema, {
      method: "GET",
      path: `/calls/${encodeURIComponent(id)}`,
      query: { waitMs: waitMs === 0 ? undefined : waitMs },
      timeLimitMs: 30_000 + waitMs,
    });
  }

  /**
   * Servers that cost by the hour; times are ISO 8601, absent ones bound nothing. `compareWith` is a `provider/model` that
   * stands for what the configuration says.
   */
  compute(
    query: { readonly from?: string; readonly to?: string; readonly compareWith?: string } = {},
  ): Promise<ComputeReport> {
    return this.#get(computeReportSchema, "/compute", query);
  }

  /** Lets a server's stop command run when a budget is spent, or not any more. */
  decideStopCommand(provider: string, decision: StopDecision): Promise<StopCommandState> {
    const path = `/compute/${encodeURIComponent(provider)}/stop-command`;
    return this.#json(stopCommandStateSchema, { method: "POST", path, body: decision });
  }

  /** Sums and groups of booked calls; times are ISO 8601, absent ones bound nothing. */
  summary(query: { readonly by?: SummaryBy; readonly from?: string; readonly to?: string } = {}): Promise<Summary> {
    return this.#get(summarySchema, "/costs/summary", query);
  }

  async budgets(): Promise<Budget[]> {
    return (await this.#get(budgetListSchema, "/budgets")).budgets;
  }

  /** Makes a budget, or replaces the one of that name. */
  async setBudget(budget: z.input<typeof budgetSchema>): Promise<void> {
    await this.#send({ method: "PUT", path: `/budgets/${encodeURIComponent(budget.name)}`, body: budget });
  }

  /** @throws ApiError where no budget has that name. */
  async removeBudget(name: string): Promise<void> {
    await this.#send({ method: "DELETE", path: `/budgets/${encodeURIComponent(name)}` });
  }

  /** Raises a budget until its window ends, lets one more call pass, pauses or resumes; all of it is recorded. */
  decide(name: string, request: DecisionRequest): Promise<Decision> {
    return this.#json(decisionSchema, {
      method: "POST",
      path: `/budgets/${encodeURIComponent(name)}/decisions`,
      body: request,
    });
  }

  /** What was decided about budgets, newest first: at most `limit` decisions (default 50, at most 1000). */
  async decisions(limit?: number): Promise<RecordedDecision[]> {
    return (await this.#get(decisionListSchema, "/decisions", { limit })).decisions;
  }

  /** Takes the charge off a call that a crash interrupted. @throws ApiError where it was not interrupted */
  releaseCall(id: string, request: { readonly by: string; readonly why: string }): Promise<Call> {
    return this.#json(callSchema, { method: "POST", path: `/calls/${encodeURIComponent(id)}/release`, body: request });
  }

  /** What was corrected of a call, oldest first. */
  async corrections(id: string): Promise<Correction[]> {
    const schema = z.object({ corrections: z.array(correctionSchema) });
    return (await this.#get(schema, `/calls/${encodeURIComponent(id)}/corrections`, {})).corrections;
  }

  /** The pass of a caller and the base URLs that go with it. */
  pass(request: PassWish): Promise<PassResponse> {
    return this.#json(passResponseSchema, { method: "POST", path: "/passes", body: request });
  }

  /** The passes that are valid, without their secrets, oldest first. */
  async passes(): Promise<PassInfo[]> {
    return (await this.#get(passListSchema, "/passes")).passes;
  }

  /** Ends a pass; calls that carry it are answered with 401 from then on. @throws ApiError where none has that id. */
  async revokePass(id: string): Promise<void> {
    await this.#send({ method: "DELETE", path: `/passes/${encodeURIComponent(id)}` });
  }

  /** What one prompt would cost on one model, and whether the budgets would let it pass now. */
  estimate(request: EstimateRequest): Promise<Estimate> {
    return this.#json(estimateSchema, { method: "POST", path: "/estimate", body: request });
  }

  /** What prompts would cost on several models. A long batch takes its time. */
  estimates(request: EstimatesRequest): Promise<Estimates> {
    const call = { method: "POST", path: "/estimates", body: request, timeLimitMs: 300_000 } as const;
    return this.#json(estimatesSchema, call);
  }

  /** The models of the configured providers. */
  async models({ provider, ability, tier }: ModelQuery = {}): Promise<Model[]> {
    const query = { provider, ability: ability?.length ? ability.join(",") : undefined, tier };
    return (await this.#get(modelListSchema, "/models", query)).models;
  }

  /** What a name means: a model's own name or an alias such as `sonnet`. @throws ApiError where it means nothing. */
  model(name: string, provider?: string): Promise<ModelDetail> {
    return this.#get(modelDetailSchema, `/models/${encodeURIComponent(name)}`, { provider });
  }

  config(): Promise<Config> {
    return this.#get(configSchema, "/config");
  }

  /** @throws ApiError naming each key that makes no sense; nothing is changed then. */
  changeConfig(change: ConfigChange): Promise<Config> {
    return this.#json(configSchema, { method: "PATCH", path: "/config", body: change });
  }

  async providers(): Promise<ProviderInfo[]> {
    return (await this.#get(providersSchema, "/providers")).providers;
  }

  providerHealth(name: string): Promise<ProviderHealth> {
    return this.#get(providerHealthSchema, `/providers/${encodeURIComponent(name)}/health`);
  }

  /** Whether this caller is the one that shows an alert to the user: the first to ask is. */
  async claimAlert(id: string): Promise<boolean> {
    const path = `/alerts/${encodeURIComponent(id)}/claim`;
    return (await this.#json(claimSchema, { method: "POST", path, body: {} })).claimed;
  }

  /** Asks the sidecar to finish what is under way and to leave. */
  async shutdown(why: string): Promise<void> {
    await this.#send({ method: "POST", path: "/shutdown", body: { why } });
  }

  /** Prometheus text. */
  metrics(): Promise<string> {
    return this.#transport.send({ method: "GET", path: "/metrics" });
  }

  /**
   * Follows the event stream until it breaks (`onClose`, once) or the signal aborts (nothing more is called). A stream that
   * names a run keeps that run's pass and budget.
   */
  subscribe(handlers: StreamHandlers, signal: AbortSignal, run?: string): void {
    const query = run === undefined ? "" : `?run=${encodeURIComponent(run)}`;
    readEventStream(this.#transport, `${API}/events${query}`, handlers, signal);
  }

  /** Closes idle connections. */
  close(): void {
    this.#transport.close();
  }

  #get<T extends z.ZodType>(schema: T, path: string, query: Query = {}): Promise<z.output<T>> {
    return this.#json(schema, { method: "GET", path, query });
  }

  async #json<T extends z.ZodType>(schema: T, call: ApiCall): Promise<z.output<T>> {
    const text = await this.#send(call);
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw unreadable(call, "it is not JSON");
    }
    const result = schema.safeParse(parsed);
    if (!result.success) {
      const issue = result.error.issues[0];
      throw unreadable(call, `${issue?.path.join(".") || "answer"}: ${issue?.message ?? "unexpected"}`);
    }
    return result.data;
  }

  #send(call: ApiCall): Promise<string> {
    return this.#transport.send({ ...call, path: `${API}${call.path}` });
  }
}

function unreadable({ method, path }: ApiCall, why: string): ApiError {
  return new ApiError(200, "unreadable", `The sidecar's answer to ${method} ${path} cannot be read: ${why}`);
}
