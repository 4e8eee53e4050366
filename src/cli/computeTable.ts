import type { Comparison, ComputeReport, ComputeServer } from "../domain/computeApi.ts";
import { formatDuration, formatMoment, formatPercent, formatTokens } from "../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../domain/money.ts";
import { tableLines } from "./table.ts";

const HOUR_MS = 3_600_000;

/** What `tollgate report --compute` prints. */
export function computeLines(report: ComputeReport, width: number): string[] {
  const { servers, timeZone } = report;
  if (servers.length === 0) {
    return ["No provider costs by the hour. Give one a pricing of the kind compute-hour."];
  }
  const now = Date.parse(report.now);
  const since = ({ up, upSince }: ComputeServer) =>
    up && upSince !== null ? formatMoment(Date.parse(upSince), now, { timeZone }) : "–";
  return [
    ...tableLines(
      [
        { title: "SERVER", mayShrink: true },
        { title: "STATE" },
        { title: "UP SINCE" },
        { title: "HOURS", right: true },
        { title: "RATE", right: true },
        { title: "COST", right: true },
        { title: "IDLE", right: true },
        { title: "TOKENS", right: true },
        { title: "PER MTOK", right: true },
        { title: "LAST HOUR", right: true },
      ],
      servers.map((server) => [
        server.provider,
        server.up ? "up" : "down",
        since(server),
        (server.upMs / HOUR_MS).toFixed(1),
        `${formatUsd(nanoFromUsd(server.hourlyRateUsd))}/h`,
        formatUsd(server.costNanoUsd),
        idle(server),
        formatTokens(server.inputTokens + server.outputTokens),
        perMTok(server.usdPerMTok),
        perMTok(server.usdPerMTokNow),
      ]),
      width,
    ),
    ...servers.flatMap((server) => linesOf(server).map((line) => `${server.provider}: ${line}`)),
  ];
}

function idle({ idleNanoUsd, idleShare }: ComputeServer): string {
  return idleShare === null ? "–" : `${formatUsd(idleNanoUsd)} (${formatPercent(idleShare)})`;
}

function perMTok(usd: number | null): string {
  return usd === null ? "–" : formatUsd(nanoFromUsd(usd));
}

function linesOf(server: ComputeServer): string[] {
  const { live, billedMs, upMs, unknownMs, comparison, basis, up, servedTokens, inputTokens, outputTokens } = server;
  const now: string[] = [];
  if (live !== null) {
    now.push(
      ...(live.running === null ? [] : [`${live.running} running`]),
      ...(live.waiting === null ? [] : [`${live.waiting} waiting`]),
      ...(live.kvCacheUsage === null ? [] : [`KV cache ${formatPercent(live.kvCacheUsage)}`]),
      ...(live.promptTokensPerSecond === null ? [] : [`${rate(live.promptTokensPerSecond)} tokens/s read`]),
      ...(live.outputTokensPerSecond === null ? [] : [`${rate(live.outputTokensPerSecond)} tokens/s written`]),
    );
  }
  return [
    ...(now.length === 0 ? [] : [now.join(", ")]),
    ...(billedMs > upMs ? [`billed for ${(billedMs / HOUR_MS).toFixed(1)} hours, in whole units`] : []),
    ...(unknownMs > 0
      ? [`for ${formatDuration(unknownMs)} nobody can tell whether it was up; that time is not charged`]
      : []),
    ...(up && basis === "health" ? ["it does not tell its own start, so its hours count from when it was seen"] : []),
    ...(servedTokens !== null && servedTokens > inputTokens + outputTokens
      ? [`it served ${formatTokens(servedTokens)} tokens by its own count, those of others among them`]
      : []),
    ...(comparison === null ? [] : [comparisonLine(comparison, server)]),
  ];
}

function rate(perSecond: number): string {
  return perSecond.toLocaleString("en-US", { maximumFractionDigits: perSecond < 10 ? 1 : 0 });
}

function comparisonLine(comparison: Comparison, { costNanoUsd }: ComputeServer): string {
  const { model, priced, tokensPerDay, actualTokensPerDay, beats, apiCostNanoUsd } = comparison;
  if (!priced) {
    return `the price of ${model} is not known, so nothing is compared`;
  }
  if (tokensPerDay === null) {
    return `${model} costs nothing, so no amount of tokens makes up for it`;
  }
  const threshold = `cheaper than ${model} from ${formatTokens(tokensPerDay)} tokens a day`;
  if (beats === null || apiCostNanoUsd === null) {
    return `${threshold}; none were used`;
  }
  const amounts = `the same tokens would have cost ${formatUsd(apiCostNanoUsd)} there, and cost ${formatUsd(costNanoUsd)} here`;
  return `${threshold}; it had ${formatTokens(actualTokensPerDay)} a day: ${beats ? "it was cheaper" : "it was not"}, ${amounts}`;
}
