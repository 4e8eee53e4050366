import type { Overview } from "../domain/api.ts";
import { levelOfShare } from "../domain/budgetLevel.ts";
import { formatMoment, formatPercent } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import { Icon } from "./icons.tsx";
import { Section } from "./section.tsx";

/** The warnings of the budgets' present windows. */
export function Warnings({ overview }: { readonly overview: Overview }) {
  if (overview.alerts.length === 0) {
    return null;
  }
  return (
    <Section title="Warnings">
      <ul class="warnings">
        {overview.alerts.map((alert) => (
          <li key={alert.id} class={levelOfShare(alert.threshold)}>
            <Icon name={alert.threshold >= 1 ? "refused" : "warning"} />
            <span>
              <strong>{alert.budget}</strong>{" "}
              {alert.threshold >= 1 ? "was spent" : `reached ${formatPercent(alert.threshold)}`}
            </span>{" "}
            <span class="muted">
              {formatMoment(alert.at, Date.parse(overview.status.now))} · {formatUsd(alert.spentNanoUsd)} of{" "}
              {formatUsd(alert.limitNanoUsd)}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
