import Mocha from "mocha";

/** What one suite reports to `runSuites.ts`, which starts each in a process of its own. Started by hand, it runs the files it is given. */
export interface SuiteCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** Each failed test's file and full title, in order. */
  failures: readonly { file: string; title: string }[];
}

if (import.meta.main) {
  const [timeoutMs, ...files] = process.argv.slice(2);
  const mocha = new Mocha({ reporter: "spec", timeout: Number(timeoutMs), slow: Number(timeoutMs) / 4 });
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const failed: SuiteCounts["failures"][number][] = [];
  const runner = mocha.run(() => {
    const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
    const counts: SuiteCounts = { passed: passes, failed: failures, skipped: pending, failures: failed };
    // A test may leave a handle open; the suite is over all the same.
    const leave = () => process.exit(failures > 0 ? 1 : 0);
    if (process.send === undefined) leave();
    else process.send(counts, leave);
  });
  runner.on("fail", (test) => failed.push({ file: test.file ?? "", title: test.fullTitle() }));
}
