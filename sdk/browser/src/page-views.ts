/** Owns noticing page views: the first one, those of single-page navigation, and returns from the back/forward cache. */

export interface View {
  navigation_type: string;
  referrer: string;
}

/** Calls `view` for each page view from now on. A page that is only being prerendered counts when it is shown. */
export function watchPageViews(view: (view: View) => void): void {
  const entry = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
  let shown = location.href;
  const first = () => view({ navigation_type: entry?.type ?? "navigate", referrer: document.referrer });
  if ((document as Document & { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", first, { once: true });
  } else first();

  const moved = (ignore: string) => {
    const referrer = shown;
    shown = location.href;
    // A moment later the application has usually set the new title.
    if (stem(referrer, ignore) !== stem(shown, ignore)) setTimeout(() => view({ navigation_type: "spa", referrer }));
  };
  patch("pushState", () => moved("#"));
  // Replacing the query alone is how pages mirror filters and typing into the address; that is no new page.
  patch("replaceState", () => moved("?"));
  addEventListener("popstate", () => moved("#"));
  addEventListener("pageshow", (event) => {
    if (event.persisted) view({ navigation_type: "back_forward_cache", referrer: document.referrer });
  });
}

function stem(address: string, ignore: string): string {
  return address.split("#")[0]!.split(ignore)[0]!;
}

function patch(method: "pushState" | "replaceState", then: () => void): void {
  const original = history[method];
  history[method] = function (this: History, ...parameters: Parameters<History["pushState"]>) {
    original.apply(this, parameters);
    then();
  };
}
