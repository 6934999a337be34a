/**
 * Stand-in for Google's tag, served by the sandbox only.
 *
 * Takes over the queue that the page built and reports events as the real tag does: each to the streams of its
 * `send_to`, without one to every configured stream. Hits go back to where this script came from. Like the real one it
 * also misbehaves unless told not to: `config` reports a page view (`send_page_view`), and with consent denied it goes
 * on reporting, only without cookies (`ga-disable-<stream>` stops it).
 */
(function () {
  "use strict";

  if (window.google_tag_manager) return;

  var hitUrl = document.currentScript.src.replace(/\/gtag\/js.*$/, "/g/collect");
  var queue = (window.dataLayer = window.dataLayer || []);
  var streams = {};
  var consent = { analytics_storage: "granted", ad_storage: "granted" };
  var cookieless = number() + "." + Math.floor(Date.now() / 1000);
  var hits = 0;
  window.google_tag_manager = {};

  function number() {
    return String(Math.floor(Math.random() * 2147483647) + 1);
  }

  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? decodeURIComponent(found[1]) : "";
  }

  /** Sets a cookie on the widest domain that takes it. */
  function setCookie(name, value) {
    var labels = location.hostname.split(".");
    var attributes = "; path=/; max-age=63072000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    for (var size = 2; size <= labels.length && !/^[\d.]+$/.test(location.hostname); size += 1) {
      document.cookie = name + "=" + value + attributes + "; domain=" + labels.slice(-size).join(".");
      if (cookie(name)) return;
    }
    document.cookie = name + "=" + value + attributes;
  }

  /** Client id: of the cookie, which is made where consent allows it. */
  function client() {
    if (consent.analytics_storage !== "granted") return cookieless;
    if (!cookie("_ga")) setCookie("_ga", "GA1.1." + number() + "." + Math.floor(Date.now() / 1000));
    return cookie("_ga").split(".").slice(-2).join(".");
  }

  function session(id) {
    var name = "_ga_" + id.replace("G-", "");
    var start = Math.floor(Date.now() / 1000);
    if (consent.analytics_storage !== "granted") return String(start);
    if (!cookie(name)) setCookie(name, "GS2.1.s" + start + "$o1$g0$t" + start + "$j60$l0$h0");
    return cookie(name).replace(/^GS2\.1\.s(\d+).*$/, "$1");
  }

  function itemText(item) {
    var names = { item_id: "id", item_name: "nm", price: "pr", quantity: "qt" };
    return Object.keys(item)
      .map(function (name) {
        return (names[name] || name) + item[name];
      })
      .join("~");
  }

  function flag(name) {
    return consent[name] === "granted" ? "1" : "0";
  }

  function report(id, name, params) {
    if (window["ga-disable-" + id]) return;
    hits += 1;
    var query = new URLSearchParams({
      v: "2",
      tid: id,
      cid: client(),
      sid: session(id),
      _s: String(hits),
      en: name,
      dl: params.page_location || location.href,
      dt: params.page_title || document.title,
      dr: document.referrer,
      gcs: "G1" + flag("ad_storage") + flag("analytics_storage"),
    });
    if (params.currency) query.append("cu", params.currency);
    (params.items || []).forEach(function (item, place) {
      query.append("pr" + (place + 1), itemText(item));
    });
    Object.keys(params).forEach(function (key) {
      if (["send_to", "items", "currency", "page_location", "page_title"].indexOf(key) >= 0) return;
      query.append((typeof params[key] === "number" ? "epn." : "ep.") + key, String(params[key]));
    });
    navigator.sendBeacon(hitUrl + "?" + query.toString());
  }

  function merged(first, second) {
    return Object.assign({}, first, second);
  }

  var commands = {
    consent: function (_kind, state) {
      consent = merged(consent, state);
    },
    config: function (id, params) {
      var settings = merged({}, params);
      var automatic = settings.send_page_view !== false;
      delete settings.send_page_view;
      streams[id] = settings;
      window.google_tag_manager[id] = {};
      if (automatic) report(id, "page_view", settings);
    },
    event: function (name, params) {
      var wanted = params && params.send_to ? [].concat(params.send_to) : Object.keys(streams);
      wanted.forEach(function (id) {
        if (streams[id]) report(id, name, merged(streams[id], params));
      });
    },
  };

  function run(entry) {
    if (entry && commands[entry[0]]) commands[entry[0]].apply(null, Array.prototype.slice.call(entry, 1));
  }

  queue.slice().forEach(run);
  queue.push = function () {
    var length = Array.prototype.push.apply(queue, arguments);
    Array.prototype.slice.call(arguments).forEach(run);
    return length;
  };
})();
