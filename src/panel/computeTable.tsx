import type { Status } from "../domain/api.ts";
import { formatDuration, formatMoment } from "../domain/formats.ts";
import { Amount, decimalsOf } from "./amounts.tsx";
import { Icon } from "./icons.tsx";
import { Scroller, Section } from "./section.tsx";

/** Providers that cost by the hour, busy or idle. */
export function ComputeTable({ status }: { readonly status: Status }) {
  if (status.compute.length === 0) {
    return null;
  }
  const now = Date.parse(status.now);
  const today = decimalsOf(status.compute.map((compute) => compute.todayNanoUsd));
  const month = decimalsOf(status.compute.map((compute) => compute.monthNanoUsd));
  return (
    <Section title="Compute by the hour">
      <Scroller label="Compute by the hour, a table that scrolls">
        <table class="pinned">
          <caption class="unseen">Self-hosted providers, their state and cost</caption>
          <thead>
            <tr>
              <th scope="col">Provider</th>
              <th scope="col">State</th>
              <th scope="col">Up since</th>
              <th scope="col" class="number">
                Rate
              </th>
              <th scope="col" class="number">
                Today
              </th>
              <th scope="col" class="number">
                This month
              </th>
            </tr>
          </thead>
          <tbody>
            {status.compute.map((compute) => (
              <tr key={compute.provider}>
                <th scope="row">{compute.provider}</th>
                <td class={compute.up ? "good" : "muted"} title={compute.detail}>
                  <Icon name={compute.up ? "good" : "muted"} />
                  {compute.up ? "Up" : "Down"}
                </td>
                <td>
                  {compute.upSince === null ? (
                    <span class="muted">—</span>
                  ) : (
                    <>
                      {formatMoment(Date.parse(compute.upSince), now, { timeZone: status.timeZone })}{" "}
                      <span class="muted">{formatDuration(Math.max(0, now - Date.parse(compute.upSince)))}</span>
                    </>
                  )}
                </td>
                <td class="number">${compute.hourlyRateUsd.toFixed(2)} an hour</td>
                <td class="number">
                  <Amount nanoUsd={compute.todayNanoUsd} align={today} />
                </td>
                <td class="number">
                  <Amount nanoUsd={compute.monthNanoUsd} align={month} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </Section>
  );
}
