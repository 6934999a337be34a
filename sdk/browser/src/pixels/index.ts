/** Entry of the lazy part `pixels.js`: hands its runtime to the SDK on the page. */
import { createRuntime } from "./runtime";

if (window.adrail) window.adrail.pixels = createRuntime;
