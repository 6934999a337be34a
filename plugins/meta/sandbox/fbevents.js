/**
 * Stand-in for Meta's browser script, served by the sandbox only.
 *
 * Takes over the queue that the page built, honours consent, and reports every event as an image request, as the real
 * script does; hits go back to where this script came from. Like the real one it also misbehaves unless told not to:
 * page views on history changes (`disablePushState`), a configuration hit (`autoConfig`), and repeated page views are
 * dropped (`allowDuplicatePageViews`).
 */
(function () {
  "use strict";

  var fbq = window.fbq;
  if (!fbq || fbq.callMethod) return;

  var hitUrl = document.currentScript.src.replace(/\/en_US\/fbevents\.js.*$/, "/tr");
  var pixels = [];
  var manual = {};
  var held = [];
  var granted = true;
  var lastPageView = {};

  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? decodeURIComponent(found[1]) : "";
  }

  /** Sets a cookie on the widest domain that takes it; `value` is told how many dots that domain has. */
  function setCookie(name, value) {
    var labels = location.hostname.split(".");
    var attributes = "; path=/; max-age=7776000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    for (var size = 2; size <= labels.length && !/^[\d.]+$/.test(location.hostname); size += 1) {
      document.cookie = name + "=" + value(size - 1) + attributes + "; domain=" + labels.slice(-size).join(".");
      if (cookie(name)) return;
    }
    document.cookie = name + "=" + value(1) + attributes;
  }

  function ensureCookies() {
    var click = new URLSearchParams(location.search).get("fbclid");
    if (!cookie("_fbp")) {
      setCookie("_fbp", function (index) {
        return "fb." + index + "." + Date.now() + "." + Math.floor(Math.random() * 1e18);
      });
    }
    if (click && cookie("_fbc").split(".").slice(3).join(".") !== click) {
      setCookie("_fbc", function (index) {
        return "fb." + index + "." + Date.now() + "." + click;
      });
    }
  }

  function report(id, name, params, options) {
    var query = new URLSearchParams({
      id: id,
      ev: name,
      dl: location.href,
      rl: document.referrer,
      if: String(window.top !== window),
      ts: String(Date.now()),
      v: "sandbox",
    });
    Object.keys(params || {}).forEach(function (key) {
      var value = params[key];
      query.append("cd[" + key + "]", typeof value === "object" ? JSON.stringify(value) : String(value));
    });
    if (options && options.eventID) query.append("eid", options.eventID);
    ensureCookies();
    query.append("fbp", cookie("_fbp"));
    if (cookie("_fbc")) query.append("fbc", cookie("_fbc"));
    new Image().src = hitUrl + "?" + query.toString();
  }

  function send(id, name, params, options) {
    if (!granted) {
      held.push([id, name, params, options]);
      return;
    }
    if (name === "PageView" && !fbq.allowDuplicatePageViews && lastPageView[id] === location.href) return;
    if (name === "PageView") lastPageView[id] = location.href;
    report(id, name, params, options);
  }

  var methods = {
    init: function (id) {
      if (pixels.indexOf(String(id)) >= 0) return;
      pixels.push(String(id));
      if (!manual[id]) send(id, "Microdata", {});
    },
    set: function (key, value, id) {
      if (key === "autoConfig") manual[id] = value === false || value === "false";
    },
    consent: function (state) {
      granted = state === "grant";
      if (!granted) return;
      held.splice(0).forEach(function (entry) {
        send.apply(null, entry);
      });
    },
    track: function (name, params, options) {
      pixels.forEach(function (id) {
        send(id, name, params, options);
      });
    },
    trackSingle: function (id, name, params, options) {
      if (pixels.indexOf(String(id)) >= 0) send(id, name, params, options);
    },
  };
  methods.trackCustom = methods.track;
  methods.trackSingleCustom = methods.trackSingle;

  function pageViewsOnHistory(method) {
    var original = history[method];
    history[method] = function () {
      var before = location.href;
      var result = original.apply(this, arguments);
      if (!fbq.disablePushState && location.href !== before) methods.track("PageView", {});
      return result;
    };
  }

  pageViewsOnHistory("pushState");
  pageViewsOnHistory("replaceState");

  fbq.callMethod = function (name) {
    if (methods[name]) methods[name].apply(null, Array.prototype.slice.call(arguments, 1));
  };
  fbq.queue.splice(0).forEach(function (call) {
    fbq.callMethod.apply(fbq, call);
  });
})();
