# SPDX-License-Identifier: Apache-2.0
"""People who log in at a provider of another make (npm's `oidc-provider`), with a browser of Python's parts."""
import html.parser
import http.cookiejar
import json
import shutil
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import ROOT, Case, Running, eventually, unused_port

MODULES = ROOT / "build/npm"
SECRET = "a secret/with:signs"


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes, and what it holds."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = given["action"]
        elif tag in ("input", "button") and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")


class Page:
    def __init__(self, response):
        self.url, self.status, self.headers = response.url, response.status, response.headers
        self.text = response.read().decode()


class Browser:
    """Keeps cookies, follows redirects, and fills in forms."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, url, data=None, accept="text/html", **headers):
        request = urllib.request.Request(url, data, {"Accept": accept, **headers})
        try:
            return Page(self.opener.open(request, timeout=30))
        except urllib.error.HTTPError as refusal:
            return Page(refusal)

    def submit(self, page, **filled):
        form = Form(page.text)
        data = urllib.parse.urlencode({**form.fields, **filled}).encode()
        return self.open(urllib.parse.urljoin(page.url, form.action), data)

    def log_in(self, url, name="alice"):
        """Opens the page, and goes wherever that leads: through the forms for name and consent."""
        page = self.open(url)
        for filled in ({"login": name, "password": "x"}, {}):
            if "/interaction/" in page.url:
                page = self.submit(page, **filled)
        return page

    def names(self):
        return {cookie.name for cookie in self.cookies}


class Login(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (MODULES / "installed.json").exists():
            raise AssertionError("there is no oidc-provider: run tests/e2e/npm_modules.sh")

    def provide(self, port=0, seconds=600, auto=""):
        """Starts the provider."""
        provider = Running(["node", ROOT / "tests/e2e/oidc_provider.mjs", MODULES, port, seconds, auto], owner=self)
        self.issuer = provider.says(r"provider on (\S+)").group(1)
        return provider

    def serve_login(self, settings=""):
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{idp: {{url: "{self.issuer}"}}}}
policies:
  login:
    oidc:
      issuer: "{self.issuer}"
      to: idp
      client_id: web
      client_secret: "{SECRET}"
      scopes: [openid, email]
      post_logout_redirect: /bye
      cookie: {{secure: false}}
      session: {{keys: "{'k' * 32}"}}
      {settings}
routes:
  - {{name: bye, match: {{path: /bye}}, respond: {{status: 200, body: "bye"}}}}
  - name: all
    match: {{path: /**}}
    use: login
    respond: {{status: 200, body: "hello ${{claim.sub}} of ${{claim.email}}\\n"}}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
""")
        self.start()

    def test_ends_on_the_page_that_was_asked_for(self):
        provider = self.provide()
        self.serve_login()
        browser = Browser()

        page = browser.log_in(self.url("/shop?a=b"))

        self.assertEqual(page.url, self.url("/shop?a=b"))
        self.assertEqual(page.text, "hello alice of alice@example.com\n")
        self.assertEqual(browser.open(self.url("/other")).text, "hello alice of alice@example.com\n")
        self.assertEqual(provider.count("granted authorization_code"), 1)
        self.assertNotIn("code=", self.access_log.read_text())

    def test_is_not_offered_to_scripts(self):
        self.provide()
        self.serve_login()
        browser = Browser()

        answer = browser.open(self.url("/data"), accept="*/*")
        self.assertEqual(answer.status, 401)
        self.assertEqual(json.loads(answer.text)["reason"], "unauthenticated")
        browser.log_in(self.url("/page"))
        self.assertEqual(browser.open(self.url("/data"), accept="*/*").status, 200)

    def test_of_several_people_are_kept_apart(self):
        self.provide()
        self.serve_login()
        alice, bob = Browser(), Browser()
        self.assertIn("hello alice", alice.log_in(self.url("/page")).text)
        self.assertIn("hello bob", bob.log_in(self.url("/page"), "bob").text)
        self.assertIn("hello alice", alice.open(self.url("/page")).text)

    def test_is_renewed_before_the_tokens_expire(self):
        provider = self.provide(seconds=2)
        self.serve_login("pass_access_token: true")
        browser = Browser()
        browser.log_in(self.url("/page"))

        def renewed():
            self.assertIn("hello alice", browser.open(self.url("/page"), accept="*/*").text)
            return provider.count("granted refresh_token") >= 3

        eventually(renewed, "three renewals")
        self.assertEqual(provider.count("refused"), 0, provider.output())

    def test_ends_here_and_at_the_provider(self):
        self.provide()
        self.serve_login()
        browser = Browser()
        browser.log_in(self.url("/page"))

        asked = browser.open(self.url("/oauth2/logout"))
        self.assertTrue(asked.url.startswith(self.issuer), asked.url)
        gone = browser.submit(asked, logout="yes")

        self.assertEqual((gone.url.split("?")[0], gone.text), (self.url("/bye"), "bye"))
        self.assertNotIn("sluice", browser.names())
        self.assertIn("/interaction/", browser.open(self.url("/page")).url, "to be asked for a name again")

    def test_goes_on_after_both_were_started_again(self):
        port = unused_port()
        provider = self.provide(port)
        self.serve_login()
        browser = Browser()
        browser.log_in(self.url("/page"))

        self.gateway.end()
        self.start()
        self.assertIn("hello alice", browser.open(self.url("/page")).text, "the session is in the browser")
        provider.end()
        self.assertIn("hello alice", browser.open(self.url("/page")).text)
        self.assertEqual(Browser().open(self.url("/oauth2/callback?code=x&state=y")).status, 400)

        # With other keys: at the latest ten seconds after the fetch before, they are fetched once more.
        self.provide(port)
        eventually(lambda: "hello alice" in Browser().log_in(self.url("/page")).text, "a login with the new keys")

    @unittest.skipUnless(shutil.which("chromium"), "there is no chromium")
    def test_works_in_chromium(self):
        self.provide(auto="auto")
        self.serve_login()
        chromium = Running(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            "--disable-background-networking", "--no-first-run", f"--user-data-dir={self.folder}/chromium",
                            "--virtual-time-budget=20000", "--dump-dom", self.url("/page")], owner=self)
        chromium.says("hello alice of alice@example.com")


if __name__ == "__main__":
    unittest.main()
