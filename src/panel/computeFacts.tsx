import type { Comparison, ComputeServer } from "../domain/computeApi.ts";
import { formatDuration, formatPercent, formatTokens } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";

/** What each server does now, what is not known of it, and how it compares with an API. */
export function ComputeFacts({ servers }: { readonly servers: readonly ComputeServer[] }) {
  const facts = servers.map((server) => ({ server, now: liveWords(server), unknown: unknownWords(server) }));
  const told = facts.filter(
    ({ server, now, unknown }) => now !== null || unknown !== null || server.comparison !== null,
  );
  return told.length === 0 ? null : (
    <dl class="facts">
      {told.map(({ server, now, unknown }) => (
        <div key={server.provider}>
          <dt>{server.provider}</dt>
          {now !== null && <dd>{now}</dd>}
          {server.comparison !== null && <BreakEven comparison={server.comparison} costNanoUsd={server.costNanoUsd} />}
          {unknown !== null && <dd class="muted">{unknown}</dd>}
        </div>
      ))}
    </dl>
  );
}

interface BreakEvenProps {
  readonly comparison: Comparison;
  readonly costNanoUsd: number;
}

function BreakEven({ comparison, costNanoUsd }: BreakEvenProps) {
  const { model, priced, tokensPerDay, actualTokensPerDay, beats, apiCostNanoUsd } = comparison;
  if (!priced) {
    return <dd class="muted">The price of {model} is not known, so nothing is compared with it.</dd>;
  }
  if (tokensPerDay === null) {
    return <dd class="muted">{model} costs nothing, so no amount of tokens makes up for the hours.</dd>;
  }
  return (
    <dd>
      Break-even with {model} at <strong>{formatTokens(tokensPerDay)}</strong> tokens a day:{" "}
      {beats === null || apiCostNanoUsd === null ? (
        <span class="muted">none were used.</span>
      ) : (
        <>
          <span class={beats ? "good" : "warning"}>{beats ? "reached" : "not reached"}</span> with{" "}
          {formatTokens(actualTokensPerDay)} a day, {formatUsd(costNanoUsd)} here and {formatUsd(apiCostNanoUsd)} there.
        </>
      )}
    </dd>
  );
}

function liveWords({ live }: ComputeServer): string | null {
  if (live === null) {
    return null;
  }
  const { running, waiting, kvCacheUsage, promptTokensPerSecond, outputTokensPerSecond } = live;
  const words = [
    ...(running === null ? [] : [`${running} running`]),
    ...(waiting === null ? [] : [`${waiting} waiting`]),
    ...(kvCacheUsage === null ? [] : [`KV cache ${formatPercent(kvCacheUsage)} full`]),
    ...(promptTokensPerSecond === null ? [] : [`${perSecond(promptTokensPerSecond)} tokens/s in`]),
    ...(outputTokensPerSecond === null ? [] : [`${perSecond(outputTokensPerSecond)} tokens/s out`]),
  ];
  return words.length === 0 ? null : words.join(" · ");
}

function unknownWords({ unknownMs, up, basis }: ComputeServer): string | null {
  const words = [
    ...(unknownMs > 0
      ? [`For ${formatDuration(unknownMs)} nobody can tell whether it was up: that time is not charged.`]
      : []),
    ...(up && basis === "health" ? ["It does not tell its own start: its hours count from when it was seen."] : []),
  ];
  return words.length === 0 ? null : words.join(" ");
}

function perSecond(tokens: number): string {
  return tokens.toLocaleString("en-US", { maximumFractionDigits: tokens < 10 ? 1 : 0 });
}
