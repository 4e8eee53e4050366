/** Every command of the manifest. */
export const COMMANDS = {
  ask: "tollgate.ask",
  askSelection: "tollgate.askSelection",
  compareCost: "tollgate.compareCost",
  cancelPrompt: "tollgate.cancelPrompt",
  runBatch: "tollgate.runBatch",
  showCosts: "tollgate.showCosts",
  setBudget: "tollgate.setBudget",
  raiseBudget: "tollgate.raiseBudget",
  allowOnce: "tollgate.allowOnce",
  pauseBudget: "tollgate.pauseBudget",
  resumeBudget: "tollgate.resumeBudget",
  confirmStopCommand: "tollgate.confirmStopCommand",
  setModelPrice: "tollgate.setModelPrice",
  switchBackend: "tollgate.switchBackend",
  checkBackends: "tollgate.checkBackends",
  addApiKey: "tollgate.addApiKey",
  removeApiKey: "tollgate.removeApiKey",
  exportLedger: "tollgate.exportLedger",
  restartSidecar: "tollgate.restartSidecar",
  showLog: "tollgate.showLog",
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];
