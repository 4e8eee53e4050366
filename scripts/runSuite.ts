import Mocha from "mocha";

/** What one suite reports to `runSuites.ts`, which starts each in a process of its own. */
export interface SuiteCounts {
  passed: number;
  failed: number;
  skipped: number;
}

if (import.meta.main) {
  const [timeoutMs, ...files] = process.argv.slice(2);
  const mocha = new Mocha({ reporter: "spec", timeout: Number(timeoutMs), slow: Number(timeoutMs) / 4 });
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const runner = mocha.run(() => {
    const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
    const counts: SuiteCounts = { passed: passes, failed: failures, skipped: pending };
    // A test may leave a handle open; the suite is over all the same.
    process.send?.(counts, () => process.exit(failures > 0 ? 1 : 0));
  });
}
