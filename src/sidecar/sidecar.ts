import { backendsWithoutProvider } from "../domain/backends/namedBackends.ts";
import type { Config, Environment } from "../domain/config.ts";
import type { Calendar } from "../domain/window.ts";
import { Ledger, type LedgerThresholds } from "../ledger/ledger.ts";
import { Api } from "./api/api.ts";
import { Backends } from "./backends/backends.ts";
import { BudgetSwitches } from "./backends/budgetSwitches.ts";
import { FailureLog } from "./backends/failureLog.ts";
import { ComputeMeter } from "./compute/computeMeter.ts";
import { ComputeReports } from "./compute/computeReports.ts";
import { CostSharer } from "./compute/costSharer.ts";
import { restoredState } from "./compute/restoredState.ts";
import { ServerProbe } from "./compute/serverProbe.ts";
import { StopCommands } from "./compute/stopCommands.ts";
import { ConfigStore } from "./configStore.ts";
import { lastPort, readOrMakeToken, rememberPort } from "./dataFolder.ts";
import { Estimator } from "./estimator.ts";
import { EventStream } from "./eventStream.ts";
import { Figures } from "./figures.ts";
import { Gateway } from "./gateway/gateway.ts";
import { Upstream } from "./gateway/upstream.ts";
import { LoopbackServer } from "./httpServer.ts";
import { interruptedCall } from "./interrupted.ts";
import { Learned } from "./learned.ts";
import { Lifetime } from "./lifetime.ts";
import { CallLimits } from "./limits/callLimits.ts";
import { Links } from "./links.ts";
import { prometheusText } from "./metrics.ts";
import { Models } from "./models.ts";
import { openGate } from "./openGate.ts";
import { Passes } from "./passes.ts";
import { PublishedPrices } from "./prices/publishedPrices.ts";
import { Runs } from "./runs.ts";
import { Settings } from "./settings.ts";
import { SpareMemory } from "./spareMemory.ts";
import { TokenCounter } from "./tokens/tokenCounter.ts";
import { Turn } from "./turn.ts";

/** The port that is tried first, so that base URLs stay the same from day to day. */
const DEFAULT_PORT = 7453;

export interface SidecarOptions {
  readonly dataDir: string;
  readonly configFile?: string | undefined;
  /** 0 takes any free port; undefined the one of last time, or the default. */
  readonly port?: number | undefined;
  /** Leaves after so many ms without clients and calls; null stays. */
  readonly graceMs: number | null;
  /** How long, in ms, a run may be silent before what it has is taken away. */
  readonly runGraceMs?: number | undefined;
  /** How long, in ms, a provider may stay silent. */
  readonly silenceLimitMs?: number | undefined;
  /** How long, in ms, nothing must have happened before memory is given back. */
  readonly quietMs?: number | undefined;
  readonly environment: Environment;
  readonly version: string;
  readonly wasmPath?: string | undefined;
  readonly ledger?: LedgerThresholds | undefined;
  readonly now: () => number;
  /** A clock in ms that nobody sets, and that goes on while the machine sleeps. */
  readonly steady: () => number;
  readonly log: (message: string) => void;
  /** Called when the sidecar wants to leave: nobody needs it, or it was asked to. */
  readonly wantsToLeave: (why: string) => void;
}

/** What has to be ended when the sidecar leaves. */
interface Parts {
  readonly server: LoopbackServer;
  readonly gateway: Gateway;
  readonly events: EventStream;
  readonly meter: ComputeMeter;
  readonly sharer: CostSharer;
  readonly stopCommands: StopCommands;
  readonly passes: Passes;
  readonly runs: Runs;
  readonly published: PublishedPrices;
  readonly tokenCounter: TokenCounter;
  readonly ledger: Ledger;
}

/** Everything the process does once it owns its data folder. */
export class Sidecar {
  readonly url: string;
  readonly #parts: Parts;
  #leaving = false;

  static async start(options: SidecarOptions): Promise<Sidecar> {
    const { dataDir, now, log, environment } = options;
    const store = new ConfigStore({ dataDir, file: options.configFile, environment });
    const passes = new Passes(dataDir);
    const token = readOrMakeToken(dataDir);
    const ledger = await Ledger.open({
      ...options.ledger,
      dir: dataDir,
      now,
      ...(options.wasmPath === undefined ? {} : { wasmPath: options.wasmPath }),
    });
    try {
      await bookInterrupted(ledger, now);
      return await Sidecar.#compose(options, { store, passes, token, ledger });
    } catch (error) {
      log("The sidecar could not start; its ledger is closed again");
      await ledger.close();
      throw error;
    }
  }

  static async #compose(
    options: SidecarOptions,
    parts: { store: ConfigStore; passes: Passes; token: string; ledger: Ledger },
  ): Promise<Sidecar> {
    const { now, log } = options;
    const { store, passes, token, ledger } = parts;
    const config = (): Config => store.config;
    const calendar = calendarOf(store.config);
    const gatekeeper = openGate({ config, calendar, ledger, now });
    const { gate } = gatekeeper;
    const tokenCounter = new TokenCounter();
    const learned = new Learned(tokenCounter);
    learned.learnFrom(ledger, now());
    let url = "";
    const links = new Links({ environment: options.environment, now });
    const published: PublishedPrices = new PublishedPrices({
      dataDir: options.dataDir,
      config,
      now,
      log,
      changed: (by) => settings.publishedPricesChanged(by),
    });
    const settings: Settings = new Settings({ store, passes, gatekeeper, published, links, now, url: () => url });
    const runs = new Runs({
      passes,
      budgets: () => store.config.budgets,
      removeBudget: (name) => settings.removeBudget(name, "the end of its run"),
      now,
      graceMs: options.runGraceMs,
      log,
    });
    const turn: Turn = new Turn(() => gateway.callsUnanswered);
    const upstream = new Upstream(turn, options.silenceLimitMs);
    const switches = new BudgetSwitches({ gate, config, prices: () => settings.prices });
    const failures = new FailureLog({ dataDir: options.dataDir, now, log });
    const gateway: Gateway = new Gateway({
      gatekeeper,
      upstream,
      turn,
      failures,
      switches,
      limits: new CallLimits({ config, now, steady: options.steady }),
      books: ledger,
      passes,
      learned,
      tokenCounter,
      links,
      config,
      prices: () => settings.prices,
      now,
      log,
    });
    const meter: ComputeMeter = new ComputeMeter({
      config,
      calendar: () => calendar,
      now,
      steady: options.steady,
      log,
      probe: (name) => new ServerProbe(now, (provider) => links.of(name, provider)),
      restore: (provider) => restoredState(ledger, provider),
      accrue: (accruals) => gatekeeper.accrue(accruals),
      unknown: (unknown) => gatekeeper.record({ type: "compute.unknown", unknown }),
      changed: (name, up, detail) => gatekeeper.record({ type: "provider.state", name, up, detail }),
    });
    const sharer = new CostSharer({ ledger, now, log });
    const stopCommands = new StopCommands({ config, ledger, gate, isUp: (name) => meter.stateOf(name).up, now, log });
    const computeReports = new ComputeReports({
      config,
      ledger,
      meter,
      stopCommands,
      prices: () => settings.prices,
      now,
      timeZone: () => calendar.timeZone,
    });
    const startedAt = now();
    const figures = new Figures({
      identity: () => ({ version: options.version, pid: process.pid, url, dataDir: options.dataDir, startedAt }),
      config,
      calendar: () => calendar,
      gate,
      ledger,
      meter,
      stopCommands,
      computeReports,
      learned,
      now,
      isPriced: (provider, model) => model !== "" && settings.prices.lookUp(provider, model, now()) !== null,
      notices: () => [
        ...published.notices,
        ...links.notices(store.config.providers),
        ...backendsWithoutProvider(store.config),
      ],
    });
    const spareMemory = new SpareMemory({ isBusy: () => gateway.callsInFlight > 0, quietMs: options.quietMs });
    const lifetime = new Lifetime(
      options.graceMs,
      () => events.listeners > 0 || gateway.callsInFlight > 0,
      () => options.wantsToLeave("nobody needs it"),
    );
    const events: EventStream = new EventStream(
      () => figures.status(),
      () => lifetime.touch(),
    );
    ledger.subscribe((event) => events.tell(event));
    ledger.subscribe((event) => failures.see(event));
    const models = new Models({ settings, learned, books: ledger, calendar: () => calendar, now });
    const backends = new Backends({ settings, models, links, failures, switches, books: ledger, upstream, now });
    const api = new Api({
      settings,
      backends,
      published,
      models,
      passes,
      runs,
      estimator: new Estimator({ settings, learned, models, tokenCounter, gatekeeper, now }),
      figures,
      computeReports,
      stopCommands,
      gatekeeper,
      ledger,
      events,
      now,
      timeZone: () => calendar.timeZone,
      shutDown: options.wantsToLeave,
      log,
    });
    const server = new LoopbackServer({
      token,
      gateway: (request, response, tunnel) => {
        lifetime.touch();
        spareMemory.touch();
        return gateway.handle(request, response, tunnel);
      },
      api: (request, response) => {
        lifetime.touch();
        spareMemory.touch();
        return api.handle(request, response);
      },
      metrics: () => prometheusText(figures.status(), passes.wrong),
      health: () => ({
        ready: true,
        body: {
          state: ledger.isFailing ? "failing" : "ok",
          version: options.version,
          checks: { ledger: ledger.isFailing ? "failing" : ledger.notices.length === 0 ? "ok" : "repaired" },
        },
      }),
    });
    const port = await server.listen(portsToTry(options));
    url = `http://127.0.0.1:${port}`;
    if (options.port === undefined) {
      rememberPort(options.dataDir, port);
    }
    await gatekeeper.record({ type: "sidecar.started", pid: process.pid, version: options.version });
    await gatekeeper.raiseAlerts();
    runs.start();
    sharer.start();
    stopCommands.start();
    meter.start();
    published.start();
    lifetime.touch();
    spareMemory.touch();
    return new Sidecar(url, {
      server,
      gateway,
      events,
      meter,
      sharer,
      stopCommands,
      passes,
      runs,
      published,
      tokenCounter,
      ledger,
    });
  }

  private constructor(url: string, parts: Parts) {
    this.url = url;
    this.#parts = parts;
  }

  /** Takes no more calls, lets those under way finish for at most `limitMs`, then books what is left and closes the ledger. */
  async drainAndClose(limitMs: number): Promise<void> {
    if (this.#leaving) {
      return;
    }
    this.#leaving = true;
    const { server, gateway, events, meter, sharer, stopCommands, passes, runs, published, tokenCounter, ledger } =
      this.#parts;
    runs.stop();
    published.stop();
    events.close();
    await server.close(limitMs);
    await gateway.idle();
    await meter.stop();
    sharer.stop();
    stopCommands.stop();
    gateway.close();
    tokenCounter.close();
    passes.flush();
    await ledger.append({ type: "sidecar.stopped", pid: process.pid });
    await ledger.close();
  }
}

function portsToTry({ port, dataDir }: SidecarOptions): number[] {
  if (port !== undefined) {
    return [port];
  }
  const last = lastPort(dataDir);
  return [...new Set([...(last === null ? [] : [last]), DEFAULT_PORT, 0])];
}

function calendarOf(config: Config): Calendar {
  return {
    timeZone: config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    weekStartsOn: config.weekStartsOn,
  };
}

/** Calls that a crash left without an end are booked before anything else counts. */
async function bookInterrupted(ledger: Ledger, now: () => number): Promise<void> {
  for (const { held, at } of ledger.openHolds()) {
    await ledger.append({ type: "call.settled", call: interruptedCall(held, at, now()) });
  }
}
