/**
 * Google's tag behind adrail's adapter contract (browser SDK README, "Pixel adapter contract").
 *
 * The queue is built here instead of by the vendor's inline snippet, so a strict nonce policy is enough. Consent mode
 * starts with everything denied and is told what the visitor agreed to before the first stream is configured. The
 * tag's own page view is off: the SDK states page views itself.
 */
(function () {
  "use strict";

  var LONGEST = 100;

  /** Makes `window.gtag` fill the queue that the vendor's script empties; leaves a page's own one alone. */
  function ensureQueue() {
    window.dataLayer = window.dataLayer || [];
    if (typeof window.gtag === "function") return;
    window.gtag = function () {
      window.dataLayer.push(arguments);
    };
    window.gtag("consent", "default", consentState(false, false));
    window.gtag("set", "ads_data_redaction", true);
    window.gtag("js", new Date());
  }

  function consentState(analytics, marketing) {
    var ads = marketing ? "granted" : "denied";
    return {
      ad_storage: ads,
      ad_user_data: ads,
      ad_personalization: ads,
      analytics_storage: analytics ? "granted" : "denied",
    };
  }

  /** The page's address; without ad click ids where the visitor agreed to analytics only. */
  function address(code) {
    if (needsMarketing(code)) return location.href;
    return location.href.replace(/([?&])((gclid|gbraid|wbraid|dclid|fbclid|ttclid|li_fat_id)=[^&#]*&?)+/g, "$1");
  }

  function needsMarketing(code) {
    return code.purposes.indexOf("marketing") >= 0;
  }

  function item(entry) {
    var made = { item_id: entry.id, quantity: entry.quantity };
    if (entry.price !== undefined) made.price = Number(entry.price);
    return made;
  }

  function parameters(code, event) {
    var params = { send_to: code.public_id, event_id: event.event_id };
    // Stated, because the tag goes on reporting the first address of a page that changes its own.
    params.page_location = address(code);
    params.page_title = document.title;
    if (event.value !== undefined && event.currency) {
      params.value = Number(event.value);
      params.currency = event.currency;
    }
    // GA4 knows a purchase that also comes from the server by this number, cut to the same length there.
    if (event.order_id) params.transaction_id = event.order_id.slice(0, LONGEST);
    if (event.search_string) params.search_term = event.search_string.slice(0, LONGEST);
    if (event.items.length > 0) params.items = event.items.map(item);
    return params;
  }

  window.adrail.registerPixel("ga4", function (env) {
    var loaded = [];
    var script = null;
    var granted = true;

    /** Tells the tag what holds: nothing after a withdrawal, else what the loaded codes needed to be loaded. */
    function tellConsent() {
      window.gtag("consent", "update", consentState(granted, granted && loaded.some(needsMarketing)));
      loaded.forEach(function (code) {
        // With consent denied the tag would still report, without cookies; this is Google's switch against that.
        window["ga-disable-" + code.public_id] = !granted;
      });
    }

    function loadOnce(url) {
      if (script) return script;
      script = env.loadScript(url).then(function () {
        // Blockers like to answer with an empty script; then nobody empties the queue.
        if (!window.google_tag_manager) throw new Error("the script of Google loaded but does not run");
      });
      script.catch(function () {
        script = null;
      });
      return script;
    }

    return {
      load: function (codes) {
        ensureQueue();
        var known = loaded.map(function (code) {
          return code.public_id;
        });
        loaded = loaded.concat(codes);
        tellConsent();
        codes.forEach(function (code) {
          // Two organisers of one cart may share a stream; configured twice, it would be asked to start twice.
          if (known.indexOf(code.public_id) >= 0) return;
          known.push(code.public_id);
          var config = { send_page_view: false };
          if (code.settings.debug_view) config.debug_mode = true;
          window.gtag("config", code.public_id, config);
        });
        return loadOnce(codes[0].script);
      },

      track: function (code, event) {
        if (granted) window.gtag("event", event.name, parameters(code, event));
      },

      consent: function (isGranted) {
        granted = isGranted;
        tellConsent();
        if (isGranted) return;
        env.cookies.remove("_ga");
        loaded.forEach(function (code) {
          env.cookies.remove("_ga_" + code.public_id.replace("G-", ""));
        });
      },
    };
  });
})();
