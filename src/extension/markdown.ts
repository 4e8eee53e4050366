/** Text that comes from elsewhere, so that Markdown shows it as it is: no links, no commands, no icons. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~$&]/g, "\\$&").replace(/\s+/g, " ");
}

/** A fence longer than any run of backticks in the text that it is to hold. */
export function fenceFor(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  return "`".repeat(Math.max(3, longest + 1));
}
