import type { Spender, SummaryGroup, WhoSpent } from "../domain/api.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Groups that a list shows; there can be thousands of sessions. */
const MOST_SHOWN = 50;

/** Who spent what in the calls since `from`, ms since the epoch. */
export async function whoSpent(
  ledger: Pick<Ledger, "summaryInSteps">,
  by: Spender,
  from: number,
  timeZone: string,
): Promise<WhoSpent> {
  const { groups, total, computeNanoUsd } = await ledger.summaryInSteps(by, from, null, timeZone);
  const rest = groups.slice(MOST_SHOWN);
  const sum = (value: (group: SummaryGroup) => number) => rest.reduce((all, group) => all + value(group), 0);
  return {
    by,
    groups: groups.slice(0, MOST_SHOWN),
    rest: { groups: rest.length, calls: sum(({ calls }) => calls), costNanoUsd: sum((group) => group.costNanoUsd) },
    totalNanoUsd: total.costNanoUsd - computeNanoUsd,
  };
}
