import { randomBytes } from "node:crypto";
import { runAmong } from "../domain/run.ts";
import type { ApiClient } from "./apiClient.ts";

/** A run of a program or a batch: a tag of all its calls, with a pass of its own, and its budget's name where it has one. */
export interface OwnRun {
  readonly id: string;
  /** ISO 8601. */
  readonly since: string;
  /** The hard limit for this run alone; null where there is none. */
  readonly limitUsd: number | null;
}

/** What a run came to. */
export interface RunSum {
  readonly calls: number;
  readonly refused: number;
  readonly costNanoUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function newRun(limitUsd: number | null): OwnRun {
  return { id: `run-${randomBytes(5).toString("hex")}`, since: new Date().toISOString(), limitUsd };
}

/** Sets the run's budget, where it has one. */
export async function beginRun(api: ApiClient, { id, limitUsd }: OwnRun): Promise<void> {
  if (limitUsd !== null) {
    await api.setBudget({ name: id, limitUsd, window: "run", hard: true, scope: { tag: id } });
  }
}

/** Takes the run's pass and budget away. What has been booked stays booked. */
export async function endRun(api: ApiClient, { id, limitUsd }: OwnRun): Promise<void> {
  for (const pass of await api.passes()) {
    if (runAmong(pass.caller.tags) === id) {
      await api.revokePass(pass.id);
    }
  }
  if (limitUsd !== null) {
    await api.removeBudget(id);
  }
}

/** What the run's calls came to, as they are booked. */
export async function sumOfRun(api: ApiClient, { id, since }: OwnRun): Promise<RunSum> {
  let [calls, refused, costNanoUsd, inputTokens, outputTokens] = [0, 0, 0, 0, 0];
  for await (const call of api.allCalls({ tag: id, since })) {
    calls += call.status === "refused" ? 0 : 1;
    refused += call.status === "refused" ? 1 : 0;
    costNanoUsd += call.costNanoUsd;
    inputTokens += call.usage.inputTokens;
    outputTokens += call.usage.outputTokens;
  }
  return { calls, refused, costNanoUsd, inputTokens, outputTokens };
}
