/** Owns injecting scripts under the page's content security policy. */

/** The nonce of the running script, else of any script on the page; browsers show it to scripts alone. */
export function pageNonce(): string {
  const own = document.currentScript ?? document.querySelector("script[nonce]");
  return (own as HTMLElement | null)?.nonce ?? "";
}

/** Rejects when the script is blocked or cannot be had. */
export function injectScript(url: string, nonce: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.async = true;
    script.nonce = nonce;
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${url} did not load`));
    document.head.append(script);
  });
}
