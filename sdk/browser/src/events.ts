/** Payloads of the events that pages and apps send. Made from the registry by `make docs`; do not edit. */

/** A decimal number as text, in major units: "120.50". */
export type Money = string;

export interface EventPayloads {
  /** Tickets were put into the cart; items are what was added, cart_value what the cart holds now. */
  add_to_cart: { items: { live_event_id?: string; ticket_type_id: string; qty: number; price: Money }[]; cart_value?: Money; currency: string };
  /** Products were put into the shop's cart; items are what was added, cart_value what the cart holds now. */
  add_to_cart_shop: { items: { product_id: string; variant?: string; qty: number; price: Money }[]; cart_value?: Money; currency: string };
  /** The visit came through an affiliate. */
  affiliate_attribution_captured: { affiliate_id: string; channel?: string; window_days_count?: number };
  /** A partner's offer was opened. */
  affiliate_click: { affiliate_id: string; offer?: string; position?: number; url?: string; duration_ms?: number };
  /** A partner's offer was pointed at for long enough to mean something. */
  affiliate_hover: { affiliate_id: string; offer?: string; position?: number; url?: string; duration_ms?: number };
  /** A call of the page to its backend failed. */
  api_error: { endpoint: string; method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"; status_no?: number; latency_ms?: number; retry_count?: number };
  /** An artist's name or card was opened. */
  artist_click: { source?: string; position?: number };
  /** An artist was followed, or no longer. */
  artist_followed: { following: boolean; source?: string };
  /** An artist's page was shown. */
  artist_view: { source?: string; upcoming_count?: number };
  /** Who will use a ticket was filled in; how many, never who. */
  beneficiary_added: { ticket_type_id?: string; beneficiaries_count?: number; fields?: string[] };
  /** Who will use a ticket was taken out. */
  beneficiary_removed: { ticket_type_id?: string; beneficiaries_count?: number; fields?: string[] };
  /** Who will use a ticket was changed. */
  beneficiary_updated: { ticket_type_id?: string; beneficiaries_count?: number; fields?: string[] };
  /** A named element or the window lost the focus. */
  blur: { element: string; element_type?: string; position?: number; href?: string };
  /** The cart was shown. */
  cart_view: { items?: { live_event_id?: string; ticket_type_id: string; qty: number; price: Money }[]; cart_value?: Money; currency?: string };
  /** The visitor went from cart to checkout. */
  checkout_started: { items: { live_event_id?: string; ticket_type_id: string; qty: number; price: Money }[]; value?: Money; currency: string };
  /** The visitor went from the shop's cart to its checkout. */
  checkout_started_shop: { items: { product_id: string; variant?: string; qty: number; price: Money }[]; cart_value?: Money; currency: string };
  /** A step of the checkout was left towards the next one. */
  checkout_step_completed: { step_name: string; step_duration_ms?: number; validation_errors?: string[] };
  /** A step of the checkout was shown. */
  checkout_step_viewed: { step_name: string; step_no?: number };
  /** An element that the page named for measuring was clicked. */
  click: { element: string; element_type?: string; position?: number; href?: string };
  /** The visitor changed what they agree to; the snapshot of the event is the new state. */
  consent_updated: { method?: "accept_all" | "reject_all" | "custom" | "banner_api" };
  /** A coupon's code was copied. */
  copied_coupon: { coupon: string; affiliate_id?: string; source?: string };
  /** A discount code was accepted in the cart. */
  discount_code_applied: { discount_code: string; discount_type?: "percentage" | "amount" | "free_item"; discount?: Money; cart_value?: Money; currency?: string };
  /** A discount code was refused in the cart. */
  discount_code_rejected: { discount_code: string; reason?: "unknown" | "expired" | "used_up" | "not_for_this_cart" | "minimum_not_reached" | "other" };
  /** A live event's card was opened. */
  event_card_click: { position?: number; list?: string; feed?: string };
  /** At least half of a live event's card was visible for a second. */
  event_card_impression: { position?: number; list?: string; feed?: string; visible_ms?: number };
  /** A live event was commented on. */
  event_commented: { length_count: number; is_reply?: boolean; source?: string };
  /** A live event was liked, or the like was taken back. */
  event_liked: { liked: boolean; source?: string };
  /** A live event's page was shown. */
  event_view: { currency?: string; price_from?: Money; price_to?: Money };
  /** A live event's page or dialog was closed. */
  event_view_closed: { duration_ms: number; scroll_max_pct?: number; interacted?: boolean; viewed_setlist?: boolean; viewed_reviews?: boolean; source?: string };
  /** A variant of an experiment was shown. */
  experiment_exposed: { experiment: string; variant: string };
  /** A named element or the window got the focus. */
  focus: { element: string; element_type?: string; position?: number; href?: string };
  /** A form that was begun was left without sending it. */
  form_abandon: { form: string; last_field?: string; filled_pct?: number; duration_ms?: number };
  /** The first field of a form was filled in. */
  form_start: { form: string; first_field?: string };
  /** A form was sent. */
  form_submit: { form: string; duration_ms?: number; success?: boolean; validation_errors?: string[] };
  /** Two people became friends. */
  friend_added: { source?: string };
  /** The page is still open and being used. */
  heartbeat: { active_ms?: number; total_ms?: number };
  /** A named element was pointed at for long enough to mean something. */
  hover: { element: string; element_type?: string; duration_ms?: number };
  /** The visitor came back to a page that was idle. */
  idle_end: { idle_ms?: number };
  /** Nothing was done on the page for a while. */
  idle_start: { active_ms?: number; total_ms?: number };
  /** The visitor marked interest in a live event, or took it back. */
  interest_marked: { state: "interested" | "going" | "none"; source?: string };
  /** A script of the page failed; its message without what people typed. */
  js_error: { message: string; source?: string; line_no?: number; column_no?: number; error_type?: string };
  /** More entries of a list were asked for. */
  load_more: { list: string; shown_count?: number };
  /** A message was sent to other people. */
  message_sent: { length_count: number; recipient_count?: number; has_event_share?: boolean };
  /** The visitor went from one part of the site to another. */
  navigation: { from?: string; to: string; method?: "link" | "tab" | "back" | "forward" | "address" | "other" };
  /** How long and how far a page was really used. */
  page_engagement: { active_ms: number; total_ms: number; scroll_max_pct?: number; visibility_changes?: number; focus_changes?: number };
  /** A page was left. */
  page_exit: { exit_type?: "navigation" | "close" | "hidden" | "external_link"; to_path?: string; total_ms?: number; scroll_max_pct?: number };
  /** A page was shown, also when only the address changed. */
  page_view: { page_type?: "home" | "listing" | "event" | "artist" | "venue" | "cart" | "checkout" | "thank_you" | "account" | "shop" | "other"; is_first_touch?: boolean; navigation_type?: string; ttfb_ms?: number; fcp_ms?: number; lcp_ms?: number; inp_ms?: number; cls?: number };
  /** The buyer pressed pay. */
  payment_attempted: { method?: string; value?: Money; currency?: string };
  /** A way of paying was chosen. */
  payment_method_selected: { method: string; items?: { live_event_id?: string; ticket_type_id: string; qty: number; price: Money }[]; value?: Money; currency?: string };
  /** The visitor signed in; the person comes from a server key or a signed token. */
  person_identified: { method?: string };
  /** The visitor signed out; ends the link between visitor and person, whatever was agreed to. */
  person_logged_out: Record<string, unknown>;
  /** What became of one browser pixel for one canonical event. */
  pixel_fired: { provider: string; code: string; canonical: string; event_id: string; outcome: "fired" | "blocked" | "no_consent" };
  /** A product's card was opened. */
  product_click: { category?: string; price?: Money; currency?: string; list?: string; position?: number };
  /** Products were compared. */
  product_compare: { product_ids: string[] };
  /** A product's card was pointed at for long enough to mean something. */
  product_hover: { list?: string; position?: number; duration_ms?: number };
  /** A product's page was shown. */
  product_view: { category?: string; price?: Money; currency?: string; list?: string; position?: number };
  /** A product was put on the wish list, or taken off it. */
  product_wishlist: { action: "added" | "removed"; price?: Money; currency?: string };
  /** Tickets were taken out of the cart. */
  remove_from_cart: { items: { live_event_id?: string; ticket_type_id: string; qty: number; price: Money }[]; cart_value?: Money; currency: string };
  /** A review was commented on. */
  review_commented: { length_count: number; is_reply?: boolean; source?: string };
  /** A review of a live event was written. */
  review_created: { rating?: number; length_count?: number; photo_count?: number; has_setlist?: boolean; mood_tags?: string[]; visibility?: "public" | "friends" | "private"; time_to_complete_ms?: number };
  /** A review was liked, or the like was taken back. */
  review_liked: { liked: boolean; source?: string };
  /** A review was shared elsewhere. */
  review_shared: { channel: string; recipient_count?: number };
  /** A mark of a page was reached by scrolling; sent once a mark. */
  scroll_depth: { depth_pct: number; time_to_depth_ms?: number };
  /** Results were narrowed by a filter. */
  search_filter: { filter: string; value?: string; removed?: boolean; result_count?: number };
  /** A search was carried out and its results shown. */
  search_performed: { query: string; search_type?: string; result_count?: number; load_time_ms?: number; filters?: Record<string, unknown> };
  /** Results were put in another order. */
  search_sort: { sort: string; direction?: "ascending" | "descending" };
  /** A visit ended by the sender's own knowledge. */
  session_end: { duration_ms?: number };
  /** A new visit began. */
  session_start: Record<string, unknown>;
  /** Something was shared elsewhere. */
  share: { channel: string; kind?: "live_event" | "artist" | "venue" | "review" | "product" | "page"; recipient_count?: number; source?: string };
  /** A page took longer than its owner wants. */
  slow_page: { load_ms: number; threshold_ms?: number; connection?: string };
  /** A link to tickets that another site sells was followed. */
  ticket_link_click: { seller: string; url?: string; price_from?: Money; currency?: string; days_until_event_count?: number; interest_marked?: boolean; source?: string };
  /** A ticket type was chosen on a live event's page. */
  ticket_type_selected: { ticket_type_id: string; qty?: number; price?: Money; currency?: string };
  /** A venue's name or card was opened. */
  venue_click: { source?: string; position?: number };
  /** A venue was followed, or no longer. */
  venue_followed: { following: boolean; source?: string };
  /** A venue's page was shown. */
  venue_view: { source?: string; upcoming_count?: number };
  /** A search found nothing. */
  zero_results: { query: string; search_type?: string; filters?: Record<string, unknown> };
}

export type EventName = keyof EventPayloads;
