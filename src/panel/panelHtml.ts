export interface PanelPage {
  /** Address of panel.js, as the page can load it. */
  readonly scriptUri: string;
  /** Address of panel.css. */
  readonly styleUri: string;
  /** `webview.cspSource`, or the origin that serves the page. */
  readonly cspSource: string;
  /** Random, new for every page. */
  readonly nonce: string;
  readonly title: string;
}

/** The page that holds the panel. It lets nothing run or load but the panel's own script and style. */
export function panelHtml({ scriptUri, styleUri, cspSource, nonce, title }: PanelPage): string {
  const policy = [
    "default-src 'none'",
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escaped(styleUri)}">
<title>${escaped(title)}</title>
</head>
<body>
<div id="root"></div>
<script nonce="${escaped(nonce)}" src="${escaped(scriptUri)}"></script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
