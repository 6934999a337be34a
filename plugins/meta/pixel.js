/**
 * Meta's pixel behind adrail's adapter contract (browser SDK README, "Pixel adapter contract").
 *
 * The vendor's queue is built here instead of by its inline snippet, so a strict nonce policy is enough. Its automatic
 * events are off: the SDK states page views and conversions itself, each with the id that the server-side copy carries.
 */
(function () {
  "use strict";

  /** Makes `window.fbq` collect calls until the vendor's script takes them over; leaves a page's own one alone. */
  function ensureQueue() {
    if (window.fbq) return window.fbq;
    var fbq = function () {
      if (fbq.callMethod) fbq.callMethod.apply(fbq, arguments);
      else fbq.queue.push(arguments);
    };
    fbq.push = fbq;
    fbq.loaded = true;
    fbq.version = "2.0";
    fbq.queue = [];
    // Without these the script adds page views of its own on history changes and drops ours as repeated ones.
    fbq.disablePushState = true;
    fbq.allowDuplicatePageViews = true;
    window.fbq = fbq;
    if (!window._fbq) window._fbq = fbq;
    return fbq;
  }

  function content(item) {
    var entry = { id: item.id, quantity: item.quantity };
    if (item.price !== undefined) entry.item_price = Number(item.price);
    return entry;
  }

  function parameters(event) {
    var params = {};
    if (event.value !== undefined && event.currency) {
      params.value = Number(event.value);
      params.currency = event.currency;
    }
    if (event.order_id) params.order_id = event.order_id;
    if (event.search_string) params.search_string = event.search_string;
    if (event.items.length > 0) {
      params.content_type = "product";
      params.contents = event.items.map(content);
      params.content_ids = [];
      params.num_items = 0;
      event.items.forEach(function (item) {
        if (params.content_ids.indexOf(item.id) < 0) params.content_ids.push(item.id);
        params.num_items += item.quantity;
      });
    }
    return params;
  }

  window.adrail.registerPixel("meta", function (env) {
    var granted = true;
    var known = [];

    return {
      load: function (codes) {
        var fbq = ensureQueue();
        codes.forEach(function (code) {
          // Two organisers of one cart may share a pixel; the script complains of a second init.
          if (known.indexOf(code.public_id) >= 0) return;
          known.push(code.public_id);
          fbq("set", "autoConfig", false, code.public_id);
          fbq("init", code.public_id);
        });
        return env.loadScript(codes[0].script).then(function () {
          // Blockers like to answer with an empty script; then nobody empties the queue.
          if (!window.fbq.callMethod) throw new Error("the script of Meta loaded but does not run");
        });
      },

      track: function (code, event) {
        if (!granted) return;
        window.fbq("trackSingle", code.public_id, event.name, parameters(event), { eventID: event.event_id });
      },

      consent: function (isGranted) {
        granted = isGranted;
        window.fbq("consent", isGranted ? "grant" : "revoke");
        if (!isGranted) {
          env.cookies.remove("_fbp");
          env.cookies.remove("_fbc");
        }
      },
    };
  });
})();
