import type { FromPanel, ToPanel } from "../domain/panelMessages.ts";

/** Whoever shows the panel: VS Code, or a page that serves it. Snapshots are checked before they come here. */
export interface PanelHost {
  post(message: FromPanel): void;
  /** Calls back for each snapshot; the function given back ends that. */
  listen(hear: (message: ToPanel) => void): () => void;
  /** What `save` was given last, as long as the panel's place in the editor lives. */
  load(): unknown;
  save(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  // Given to webviews by VS Code; it may be called once a page.
  var acquireVsCodeApi: (() => VsCodeApi) | undefined;
}

/** VS Code as host; undefined outside of a webview. */
export function vsCodeHost(): PanelHost | undefined {
  const api = globalThis.acquireVsCodeApi?.();
  if (api === undefined) {
    return undefined;
  }
  return {
    post: (message) => api.postMessage(message),
    listen: (hear) => {
      const listener = ({ data }: MessageEvent<ToPanel>) => {
        if (data?.type === "overview" || data?.type === "unavailable") {
          hear(data);
        }
      };
      window.addEventListener("message", listener);
      return () => window.removeEventListener("message", listener);
    },
    load: () => api.getState(),
    save: (state) => api.setState(state),
  };
}
