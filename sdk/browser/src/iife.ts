/** Entry of the script tag build `adrail.js`. */
import { Adrail } from "./core";
import { install } from "./stub";

// Read now: the browser forgets it once this script has run.
const script = (document.currentScript as HTMLScriptElement | null)?.src || location.href;

install(() => new Adrail(script));
