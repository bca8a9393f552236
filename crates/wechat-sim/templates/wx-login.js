/* The simulator's WxLogin: the options and the frame of WeChat's script, written afresh. */
(function (window) {
  "use strict";
  var base = new URL(document.currentScript.src).origin;

  function WxLogin(options) {
    // Values are concatenated as they are given: encoding redirect_uri is the caller's duty, as with the real one.
    var redirect = "default";
    if (options.self_redirect === true) { redirect = "true"; }
    if (options.self_redirect === false) { redirect = "false"; }
    var src = base + "/connect/qrconnect?appid=" + options.appid + "&scope=" + options.scope +
      "&redirect_uri=" + options.redirect_uri + "&state=" + options.state + "&login_type=jssdk" +
      "&self_redirect=" + redirect + "&styletype=" + (options.styletype || "") + "&sizetype=" + (options.sizetype || "") +
      "&bgcolor=" + (options.bgcolor || "") + "&rst=" + (options.rst || "") + "&ts=" + Date.now();
    if (options.style) { src += "&style=" + options.style; }
    if (options.href) { src += "&href=" + options.href; }
    if (options.lang === "en") { src += "&lang=en"; }
    if (options.stylelite === 1) { src += "&stylelite=1"; }
    if (options.fast_login === 0) { src += "&fast_login=0"; }
    if (["auto", "dark", "light"].indexOf(options.color_scheme) >= 0) { src += "&color_scheme=" + options.color_scheme; }

    function hear(event) {
      if (event.origin !== base || typeof event.data !== "string") { return; }
      var said;
      try { said = JSON.parse(event.data); } catch (ignored) { return; }
      if (said.type === "status" && said.status === "wxReady" && typeof options.onReady === "function") {
        options.onReady(true);
      }
    }
    window.addEventListener("message", hear);
    options.onCleanup = function () { window.removeEventListener("message", hear); };

    var frame = document.createElement("iframe");
    frame.src = src;
    frame.frameBorder = "0";
    frame.allowTransparency = "true";
    frame.scrolling = "no";
    frame.width = "300px";
    frame.height = "400px";
    var container = document.getElementById(options.id);
    container.innerHTML = "";
    container.appendChild(frame);
  }

  window.WxLogin = WxLogin;
})(window);
