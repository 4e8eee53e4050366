import type { BudgetStatus, Status } from "../domain/api.ts";
import { budgetLevel, spentShare } from "../domain/budgetLevel.ts";
import { formatMoment, formatPercent, scopeInWords, windowInWords } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import type { Run } from "./header.tsx";
import { Icon } from "./icons.tsx";
import { Section } from "./section.tsx";

interface BudgetsProps {
  readonly status: Status;
  readonly run: Run;
}

/** Every budget, as it stands. */
export function Budgets({ status, run }: BudgetsProps) {
  return (
    <Section title="Budgets">
      {status.budgets.length === 0 ? (
        <div class="nothing">
          <p>No budget is set: calls are counted, and none is stopped.</p>
          <button type="button" onClick={() => run("setBudget")}>
            Set Budget…
          </button>
        </div>
      ) : (
        <ul class="budgets">
          {status.budgets.map((budget) => (
            <Budget key={budget.name} budget={budget} status={status} run={run} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Budget({ budget, status, run }: { readonly budget: BudgetStatus } & BudgetsProps) {
  const level = budgetLevel(budget);
  const share = formatPercent(spentShare(budget));
  const moment = (iso: string) => formatMoment(Date.parse(iso), Date.parse(status.now), { timeZone: status.timeZone });
  return (
    <li class={`budget ${level}`}>
      <div class="budget-head">
        <div>
          <h3>{budget.name}</h3>{" "}
          <span class="muted">
            {scopeInWords(budget.scope)}, {windowInWords(budget.window)}
            {budget.hard ? "" : ", warns only"}
          </span>
        </div>
        <span class="share">
          {level !== "ok" && <Icon name={level === "spent" ? "refused" : "warning"} />}
          {level === "spent" ? "Spent" : share}
        </span>
      </div>
      <BudgetMeter budget={budget} />
      <p class="budget-amounts">
        <span>
          <strong>{formatUsd(budget.spentNanoUsd)}</strong> of {formatUsd(budget.limitNanoUsd)}
        </span>
        <span>{formatUsd(budget.leftNanoUsd)} left</span>
      </p>
      <p class="budget-amounts muted">
        <span>{budget.resetsAt === null ? "never resets" : `resets ${moment(budget.resetsAt)}`}</span>
        {budget.heldNanoUsd > 0 && <span>{formatUsd(budget.heldNanoUsd)} held</span>}
      </p>
      {isMarked(budget) && (
        <p class="budget-marks">
          {budget.paused && (
            <span class="mark">
              <Icon name="paused" />
              Paused until {budget.pausedUntil === null ? "resumed" : moment(budget.pausedUntil)}
            </span>
          )}
          {budget.switchedTo !== undefined && <span class="mark">Calls go to {budget.switchedTo}</span>}
          {budget.computeForecast !== null && (
            <span class="mark" title="If the servers that are up stay up, without a single call">
              <Icon name="warning" />
              Hours spend it by {moment(budget.computeForecast.spentAt)}
            </span>
          )}
          {budget.raised && (
            <span class="mark">
              Raised from {formatUsd(budget.configuredLimitNanoUsd)}
              {budget.raisedUntil !== null && ` until ${moment(budget.raisedUntil)}`}
            </span>
          )}
          {budget.allowances > 0 && (
            <span class="mark">
              {budget.allowances === 1 ? "1 more call is allowed" : `${budget.allowances} more calls are allowed`}
            </span>
          )}
        </p>
      )}
      {(level !== "ok" || budget.paused) && <BudgetActions budget={budget} run={run} />}
    </li>
  );
}

function isMarked({ paused, raised, allowances, switchedTo, computeForecast }: BudgetStatus): boolean {
  return paused || raised || allowances > 0 || switchedTo !== undefined || computeForecast !== null;
}

function BudgetActions({ budget, run }: { readonly budget: BudgetStatus; readonly run: Run }) {
  const { name, hard, paused } = budget;
  return (
    <div class="budget-actions">
      {budgetLevel(budget) !== "ok" && (
        <button type="button" class="secondary" aria-label={`Raise budget ${name}`} onClick={() => run("raise", name)}>
          Raise…
        </button>
      )}
      {/* One button for both, so that it keeps the focus when it has been pressed. */}
      {(hard || paused) && (
        <button
          type="button"
          class="secondary"
          aria-label={`${paused ? "Resume" : "Pause"} budget ${name}`}
          onClick={() => run(paused ? "resume" : "pause", name)}
        >
          {paused ? "Resume" : "Pause…"}
        </button>
      )}
      {hard && !paused && (
        <button
          type="button"
          class="secondary"
          aria-label={`Allow one more call over budget ${name}`}
          onClick={() => run("allowOnce", name)}
        >
          Allow One More Call
        </button>
      )}
    </div>
  );
}

function BudgetMeter({ budget }: { readonly budget: BudgetStatus }) {
  const spent = Math.min(1, spentShare(budget));
  const held = budget.limitNanoUsd === 0 ? 0 : Math.min(1 - spent, budget.heldNanoUsd / budget.limitNanoUsd);
  const words = [
    `${formatPercent(spentShare(budget))} spent: ${formatUsd(budget.spentNanoUsd)} of ${formatUsd(budget.limitNanoUsd)}`,
    ...(budget.heldNanoUsd > 0 ? [`${formatUsd(budget.heldNanoUsd)} held`] : []),
    `${formatUsd(budget.leftNanoUsd)} left`,
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <meter> cannot show what is held beside what is spent, nor take the theme's colours.
    <div
      class="meter"
      role="meter"
      aria-label={`Budget ${budget.name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(spent * 100)}
      aria-valuetext={words.join(", ")}
    >
      <div class="meter-spent" style={{ width: `${spent * 100}%` }} />
      <div class="meter-held" style={{ width: `${held * 100}%` }} />
    </div>
  );
}
