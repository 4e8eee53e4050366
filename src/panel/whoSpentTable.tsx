import { useId } from "preact/hooks";
import type { Spender, SummaryGroup, WhoSpent } from "../domain/api.ts";
import { formatCount, formatPercent } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import { decimalsOf } from "./amounts.tsx";
import { Cell, Count, GroupCost, Tokens } from "./groupCells.tsx";
import { Scroller, Section } from "./section.tsx";
import { SPENDERS } from "./spenders.ts";

interface WhoSpentProps {
  readonly whoSpent: WhoSpent;
  /** Days that are summed up. */
  readonly days: number;
  /** What is asked for: the figures of another choice may still be on their way. */
  readonly chosen: Spender;
  readonly onChoose: (by: Spender) => void;
}

/** Spend by tool, project, branch and so on, the dearest first. */
export function WhoSpentTable({ whoSpent, days, chosen, onChoose }: WhoSpentProps) {
  const id = useId();
  const { by, groups, rest, totalNanoUsd } = whoSpent;
  const { title, nameless } = SPENDERS.find((one) => one.by === by) ?? { title: by, nameless: "" };
  const align = decimalsOf(groups.map((group) => group.costNanoUsd));
  return (
    <Section
      title="Who spent it"
      note={by === "tag" ? `in ${days} days; a call with several tags counts under each` : `in ${days} days`}
      tools={
        <>
          <label for={id}>By</label>
          <select id={id} value={chosen} onChange={({ currentTarget }) => onChoose(currentTarget.value as Spender)}>
            {SPENDERS.map((one) => (
              <option key={one.by} value={one.by}>
                {one.title}
              </option>
            ))}
          </select>
        </>
      }
    >
      <Scroller label="Who spent it, a table that scrolls">
        <table class="pinned">
          <caption class="unseen">{`Cost, calls and tokens by ${title.toLowerCase()}`}</caption>
          <thead>
            <tr>
              <th scope="col">{title}</th>
              {COLUMNS.map((column) => (
                <th scope="col" class="number" key={column}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <SpenderRow key={group.key} group={group} nameless={nameless} align={align} total={totalNanoUsd} />
            ))}
          </tbody>
        </table>
      </Scroller>
      {rest.groups > 0 && (
        <p class="muted">
          {`${formatCount(rest.groups)} more with ${formatUsd(rest.costNanoUsd)} in ${formatCount(rest.calls)} calls. `}
          All of them are listed by <code>{`tollgate report --by ${by}`}</code>.
        </p>
      )}
    </Section>
  );
}

const COLUMNS = ["Cost", "Share", "Calls", "Errors", "Refused", "In", "Cached", "Out"];

interface SpenderRowProps {
  readonly group: SummaryGroup;
  readonly nameless: string;
  readonly align: number;
  readonly total: number;
}

function SpenderRow({ group, nameless, align, total }: SpenderRowProps) {
  return (
    <tr>
      <th scope="row">
        <span class={group.key === "" ? "name muted" : "name"} title={group.key}>
          {group.key === "" ? nameless : group.key}
        </span>
      </th>
      <td class="number">
        <GroupCost group={group} align={align} />
      </td>
      <Cell quiet={group.costNanoUsd === 0}>{total === 0 ? "—" : formatPercent(group.costNanoUsd / total)}</Cell>
      <Count value={group.calls} bad={false} />
      <Count value={group.errors} bad />
      <Count value={group.refused} bad />
      <Tokens value={group.inputTokens} />
      <Tokens value={group.cachedInputTokens} />
      <Tokens value={group.outputTokens} />
    </tr>
  );
}
