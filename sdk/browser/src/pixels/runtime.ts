/** Owns the lazy part: which codes an event concerns, firing it there, and reporting what came of it. */
import type { PixelCode, PixelEvent } from "../pixel-adapter";
import type { PixelHost, PixelRuntime, PixelSource } from "./gate";
import { OrderMarks } from "./order-marks";
import { planPixel } from "./plan";
import { type Outcome, Provider } from "./provider";

/** The host's config is there, and at least one code is granted, when this is called. */
export function createRuntime(host: PixelHost): PixelRuntime {
  const config = host.consent.config!;
  const codes = config.codes ?? [];
  const scripts = new Map<string, Promise<void>>();
  const loadScript = (url: string) => {
    const loading = scripts.get(url) ?? host.injectScript(url);
    scripts.set(url, loading);
    return loading;
  };
  const names = [...new Set(codes.map((code) => code.provider))];
  const providers = new Map(names.map((name) => [name, new Provider(host, name, loadScript)]));
  const orders = new OrderMarks();

  async function fire(code: PixelCode, event: PixelEvent): Promise<void> {
    if (!orders.claim(code, event)) return;
    const outcome: Outcome = await providers.get(code.provider)!.fire(code, event);
    if (outcome === "fired") orders.keep(code, event);
    host.log("pixel", outcome, code.public_id, event);
    const { canonical, event_id } = event;
    host.report({ provider: code.provider, code: code.public_id, canonical, event_id, outcome });
  }

  function update(): void {
    for (const [name, provider] of providers) {
      provider.refresh();
      provider.load(codes.filter((code) => code.provider === name && host.consent.grants(code.purposes)));
    }
  }

  function accept(source: PixelSource): void {
    const told = new Set<string>();
    for (const code of codes) {
      const event = planPixel(code, source, config);
      if (!event) continue;
      // Two organisers of one cart may share a pixel: it must not hear of the same event twice.
      const mark = `${code.provider} ${code.public_id} ${event.event_id}`;
      if (!told.has(mark)) void fire(code, event);
      told.add(mark);
    }
  }

  update();
  return { accept, update };
}
