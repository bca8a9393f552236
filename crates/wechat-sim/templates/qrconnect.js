(function () {
  "use strict";
  var conf = JSON.parse(document.getElementById("conf").textContent);
  var framed = window.top !== window;
  var image = document.querySelector(".js_qrcode_img");
  var phone = document.getElementById("sim-phone");
  var uuid = conf.uuid;
  var turn = 0;

  function show(view) {
    document.body.setAttribute("data-view", view);
  }

  // Answers arrive as a script that sets two globals, as on the real page.
  function poll(last) {
    var mine = ++turn;
    var script = document.createElement("script");
    var timeout = setTimeout(function () { finish(402); }, 30000);
    function finish(errcode) {
      clearTimeout(timeout);
      script.remove();
      // A poll of a QR code that was replaced keeps silent.
      if (mine !== turn) { return; }
      turn++;
      react(errcode, window.wx_code);
    }
    window.wx_errcode = 0;
    window.wx_code = "";
    script.onload = function () { finish(window.wx_errcode); };
    script.onerror = function () { finish(402); };
    script.src = "/connect/l/qrconnect?uuid=" + encodeURIComponent(uuid) +
      (last ? "&last=" + last : "") + "&_=" + Date.now();
    document.body.appendChild(script);
  }

  function pollIn(ms, last) {
    var mine = ++turn;
    setTimeout(function () { if (mine === turn) { poll(last); } }, ms);
  }

  function react(errcode, code) {
    switch (errcode) {
      case 408: pollIn(2000); break;
      case 404: show("scanned"); pollIn(100, 404); break;
      case 403: show("cancelled"); pollIn(2000, 403); break;
      case 405: deliver(code); break;
      case 402: show("expired"); break;
      case 500: setTimeout(function () { location.reload(); }, 200); break;
    }
  }

  // Naive on purpose: the real page appends to the string, whatever is in it.
  function callback(code) {
    var parts = [];
    if (code) { parts.push("code=" + code); }
    if (conf.state !== null) { parts.push("state=" + conf.state); }
    return conf.redirect + (conf.redirect.indexOf("?") < 0 ? "?" : "&") + parts.join("&");
  }

  function go(url) {
    var place = framed && conf.self_redirect !== "true" ? window.top : window;
    place.location = url;
  }

  function deliver(code) {
    var url = callback(code);
    if (conf.callback === "fetch_then_navigate") {
      fetch(url, { mode: "no-cors", credentials: "omit", keepalive: true }).catch(function () {});
      setTimeout(function () { go(url); }, conf.gap_ms);
      return;
    }
    go(url);
    if (conf.callback === "navigate_twice") {
      setTimeout(function () { go(url); }, conf.gap_ms);
    }
  }

  function renew() {
    var here = location.pathname + location.search + "&f=xml&_=" + Date.now();
    fetch(here).then(function (answer) { return answer.text(); }).then(function (xml) {
      var found = /<uuid><!\[CDATA\[([\w-]+)\]\]><\/uuid>/.exec(xml);
      if (!found) { location.reload(); return; }
      uuid = found[1];
      image.src = "/connect/qrcode/" + uuid;
      phone.href = "/connect/confirm?uuid=" + uuid;
      show("qr");
      pollIn(2000);
    }, function () { location.reload(); });
  }

  function tell(status) {
    if (framed) { window.parent.postMessage(JSON.stringify({ type: "status", status: status }), "*"); }
  }

  if (framed || document.body.classList.contains("asks-embedded")) {
    document.body.classList.add("embedded");
    if (!framed) { document.body.classList.add("embedded-top"); }
  }
  ["refresh", "retry"].forEach(function (id) { document.getElementById(id).addEventListener("click", renew); });
  tell("wxReady");
  if (image.complete) { tell("wxQRcodeReady"); } else { image.addEventListener("load", function () { tell("wxQRcodeReady"); }); }
  // Not before the page is there: a held script would keep the browser's tab loading.
  if (document.readyState === "complete") { pollIn(100); } else { window.addEventListener("load", function () { pollIn(100); }); }
})();
