import type { Config } from "../config.ts";
import { type Backend, backendInWords } from "./backendSettings.ts";

/** Backends that a configuration names although it has no such provider, in words: nothing can go there. */
export function backendsWithoutProvider({ providers, backends, budgets }: Config): string[] {
  const lacks = (backend: string | Backend | null): backend is Backend =>
    backend !== null && typeof backend !== "string" && !Object.hasOwn(providers, backend.provider);
  const said = (what: string, backend: Backend) =>
    `${what} ${backendInWords(backend)}, and there is no provider named ${backend.provider}.`;
  return [
    ...(lacks(backends.default) ? [said("The default backend is", backends.default)] : []),
    ...Object.entries(backends.tiers).flatMap(([name, to]) =>
      lacks(to) ? [said(`The tier ${name} stands for`, to)] : [],
    ),
    ...backends.fallback.flatMap((to) => (lacks(to) ? [said("The list of those who take over names", to)] : [])),
    ...budgets.flatMap(({ name, switchTo }) => {
      const to = switchTo?.to ?? null;
      return lacks(to) ? [said(`The budget ${name} switches to`, to)] : [];
    }),
  ];
}
