import { ApiClient } from "../../client/apiClient.ts";
import { findSidecar } from "../../client/findSidecar.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Candidate, LookUp } from "./candidates.ts";

/** Whoever presses a key waits no longer than this, in ms. */
const PATIENCE_MS = 1_000;

/** Values as the sidecar of a data folder knows them. None is started for it, and what goes wrong gives no values. */
export function knownValues(dataDir: string): LookUp {
  return async (known, provider) => {
    const found = ask(dataDir, known, provider).catch(() => []);
    const tooLate = new Promise<readonly Candidate[]>((resolve) => {
      setTimeout(resolve, PATIENCE_MS, []).unref();
    });
    return Promise.race([found, tooLate]);
  };
}

async function ask(...[dataDir, known, provider]: [string, ...Parameters<LookUp>]): Promise<readonly Candidate[]> {
  const sidecar = await findSidecar(dataDir, PATIENCE_MS);
  if (sidecar === null) {
    return [];
  }
  const api = new ApiClient(sidecar);
  switch (known) {
    case "providers":
      return (await api.providers()).map(({ name, baseUrl }) => ({ value: name, about: baseUrl }));
    case "models":
      return (await api.models(provider === undefined ? {} : { provider })).map((one) => ({
        value: one.model,
        about: one.provider,
      }));
    case "budgets":
      return (await api.status()).budgets.map(({ name, leftNanoUsd, limitNanoUsd }) => ({
        value: name,
        about: `${formatUsd(leftNanoUsd)} of ${formatUsd(limitNanoUsd)} left`,
      }));
    case "passes":
      return (await api.passes()).map(({ id, caller }) => ({
        value: id,
        about: [caller.project, caller.tool, caller.user, ...caller.tags].filter(Boolean).join(", "),
      }));
  }
}
