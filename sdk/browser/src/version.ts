/** Owns the name and version the SDK reports with every batch. */
import { version } from "../package.json";

export const SDK_NAME = "adrail-browser";
export const VERSION: string = version;
