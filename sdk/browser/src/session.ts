/** Owns who the visitor is: visitor id, rolling session, sequence numbers, first and last touch. */
import { speaks, type Touch } from "./context";
import { uuid4 } from "./ids";
import { keys, read, readCookie, remove, write, writeCookie } from "./storage";

const KEY = "visitor";
const VISITOR_COOKIE = "_adrail_vid";
const YEAR_SECONDS = 365 * 86_400;

export interface Visitor {
  id: string;
  session: string;
  /** Milliseconds, last activity in any tab. */
  seen: number;
  /** Number of the next event. */
  sequence: number;
  /** What brought the visitor to this session, to the site for the first time, and most recently; as far as consent lets it be kept. */
  touch: Touch | null;
  first: Touch | null;
  last: Touch | null;
}

/**
 * Ids live in memory until consent allows storing them; then they are shared by all tabs through localStorage. It is read and
 * written without a lock: two tabs tracking in the same millisecond may give out one sequence number twice, which costs
 * a little accuracy in the capture rate and nothing else.
 */
export class Identity {
  minutes = 30;
  cookieDomain: string | undefined;
  readonly #arrival: Touch | null;
  #stored = false;
  #visitor: Visitor = { id: uuid4(), session: "", seen: 0, sequence: 0, touch: null, first: null, last: null };

  /** `arrival` is the touch this page began with. */
  constructor(arrival: Touch | null) {
    this.#arrival = arrival;
  }

  /** The id that another tab or an earlier visit kept, else this page's own. */
  visitorId(): string {
    if (!this.#stored) {
      const known = read<Visitor>(KEY);
      if (known && Date.now() - known.seen < YEAR_SECONDS * 1000) this.#visitor = known;
      else this.#visitor.id = readCookie(VISITOR_COOKIE) || this.#visitor.id;
    }
    return this.#visitor.id;
  }

  /** Starts keeping ids. */
  keep(marketing: boolean): void {
    if (this.#stored) return;
    writeCookie(VISITOR_COOKIE, this.visitorId(), YEAR_SECONDS, this.cookieDomain);
    this.#stored = write(KEY, this.#visitor);
    this.advance(marketing, 0);
  }

  /** Removes everything kept about this visitor except the name in `spared`; this page goes on in memory. */
  forget(spared: string): void {
    this.#stored = false;
    for (const key of keys("")) if (key !== spared) remove(key);
    writeCookie(VISITOR_COOKIE, "", 0, this.cookieDomain);
  }

  /** Notes activity, beginning a new session after the pause, and takes `events` sequence numbers. */
  advance(marketing: boolean, events: number): Visitor {
    const known = (this.#stored && read<Visitor>(KEY)) || this.#visitor;
    const running = Date.now() - known.seen < this.minutes * 60_000;
    const arrival = this.#arrival && (marketing ? this.#arrival : { ...this.#arrival, click_ids: {} });
    this.#visitor = {
      id: known.id,
      session: running ? known.session : uuid4(),
      seen: Date.now(),
      sequence: known.sequence + events,
      touch: latest(running ? known.touch : null, arrival),
      first: known.first ?? arrival,
      last: latest(known.last, arrival),
    };
    if (this.#stored) write(KEY, this.#visitor);
    return this.#visitor;
  }
}

/** The newer touch, unless it says nothing: coming back directly does not erase what brought the visitor. */
function latest(older: Touch | null, newer: Touch | null): Touch | null {
  return newer && speaks(newer) ? newer : (older ?? newer);
}
