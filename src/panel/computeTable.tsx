import type { Overview } from "../domain/api.ts";
import type { ComputeServer } from "../domain/computeApi.ts";
import { formatCount, formatDuration, formatMoment, formatPercent, formatTokens } from "../domain/formats.ts";
import { nanoFromUsd } from "../domain/money.ts";
import { Amount, decimalsOf } from "./amounts.tsx";
import { ComputeFacts } from "./computeFacts.tsx";
import { Icon } from "./icons.tsx";
import { Scroller, Section } from "./section.tsx";

const HOUR_MS = 3_600_000;

const COLUMNS: ReadonlyArray<readonly [title: string, meaning?: string]> = [
  ["Rate"],
  ["Hours", "Hours that it was up"],
  ["Cost"],
  ["Idle", "What no call has of the cost"],
  ["Tokens", "Input and output of your calls"],
  ["$ per M", "Cost for a million tokens, idle time included"],
  ["Last hour", "The same over the last hour"],
];

/** Providers that cost by the hour, busy or idle, over the panel's range. */
export function ComputeTable({ overview }: { readonly overview: Overview }) {
  const { compute: servers, status, days } = overview;
  if (servers.length === 0) {
    return null;
  }
  const align = decimalsOf(servers.map(({ costNanoUsd }) => costNanoUsd));
  return (
    <Section title="Compute by the hour" note={days.length === 1 ? "today" : `last ${days.length} days`}>
      <Scroller label="Compute by the hour, a table that scrolls">
        <table class="pinned">
          <caption class="unseen">Self-hosted providers, their state and cost</caption>
          <thead>
            <tr>
              <th scope="col">Provider</th>
              <th scope="col">State</th>
              <th scope="col">Up since</th>
              {COLUMNS.map(([title, meaning]) => (
                <th key={title} scope="col" class="number" title={meaning}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {servers.map((server) => (
              <ServerRow
                key={server.provider}
                server={server}
                align={align}
                now={Date.parse(status.now)}
                timeZone={status.timeZone}
              />
            ))}
          </tbody>
        </table>
      </Scroller>
      <ComputeFacts servers={servers} />
    </Section>
  );
}

interface ServerRowProps {
  readonly server: ComputeServer;
  readonly align: number;
  readonly now: number;
  readonly timeZone: string;
}

function ServerRow({ server, align, now, timeZone }: ServerRowProps) {
  const { provider, up, upSince, detail, costNanoUsd, idleNanoUsd, idleShare } = server;
  const tokens = server.inputTokens + server.outputTokens;
  const state = up ? "good" : "muted";
  return (
    <tr>
      <th scope="row">{provider}</th>
      <td class={state} title={detail}>
        <Icon name={state} />
        {up ? "Up" : "Down"}
      </td>
      <td>
        {upSince === null ? (
          <span class="muted">—</span>
        ) : (
          <>
            {formatMoment(Date.parse(upSince), now, { timeZone })}{" "}
            <span class="muted">{formatDuration(Math.max(0, now - Date.parse(upSince)))}</span>
          </>
        )}
      </td>
      <td class="number">
        <Amount nanoUsd={nanoFromUsd(server.hourlyRateUsd)} />
        /h
      </td>
      <td class="number">{(server.upMs / HOUR_MS).toFixed(1)}</td>
      <td class="number">
        <Amount nanoUsd={costNanoUsd} align={align} />
      </td>
      <td class="number">
        {idleShare === null ? (
          <span class="muted">—</span>
        ) : (
          <>
            <Amount nanoUsd={idleNanoUsd} /> <span class="muted">{formatPercent(idleShare)}</span>
          </>
        )}
      </td>
      <td class={tokens > 0 ? "number" : "number muted"} title={formatCount(tokens)}>
        {formatTokens(tokens)}
      </td>
      <PerMTok usd={server.usdPerMTok} />
      <PerMTok usd={server.usdPerMTokNow} />
    </tr>
  );
}

function PerMTok({ usd }: { readonly usd: number | null }) {
  return <td class="number">{usd === null ? <span class="muted">—</span> : <Amount nanoUsd={nanoFromUsd(usd)} />}</td>;
}
