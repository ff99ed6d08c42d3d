"""A person with a browser at an OpenID provider: keeps cookies and tokens, takes one order a line, answers one line of JSON.

Arguments: address of the provider, file of its certificate authority, logon name, password, client id, client secret.
"""

import base64
import hashlib
import json
import secrets
import sys
from urllib.parse import parse_qs, urlencode, urljoin, urlparse

import requests
from bs4 import BeautifulSoup

PROVIDER, AUTHORITY, NAME, PASSWORD, CLIENT, CLIENT_SECRET = sys.argv[1:7]
BACK = "https://127.0.0.1:9/back"
STEPS_MAX = 12


class Refused(Exception):
    """The provider did not let the person in."""


class Person:
    def __init__(self):
        self.browser = requests.Session()
        self.browser.verify = AUTHORITY
        self.tokens = {}

    def post(self, path, data, **more):
        return requests.post(PROVIDER + path, data=data, verify=AUTHORITY, timeout=20, **more)

    def login(self):
        """Logs on by the code flow with PKCE, filling in whatever form is shown."""
        verifier = secrets.token_urlsafe(40)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": BACK,
            "scope": "openid profile offline_access",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        code = self.walk(PROVIDER + "/oauth/authorize?" + urlencode(asked))
        answer = self.post(
            "/oauth/token",
            {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier},
            auth=(CLIENT, CLIENT_SECRET),
        )
        if answer.status_code != 200:
            raise Refused(f"token {answer.status_code}")
        self.tokens = answer.json()
        return "in"

    def walk(self, address):
        page = self.browser.get(address, allow_redirects=False, timeout=20)
        gave_password = False
        for _ in range(STEPS_MAX):
            where = page.headers.get("Location")
            if page.status_code in (301, 302, 303, 307) and where:
                where = urljoin(page.url, where)
                if where.startswith(BACK):
                    code = parse_qs(urlparse(where).query).get("code")
                    if not code:
                        raise Refused(where)
                    return code[0]
                page = self.browser.get(where, allow_redirects=False, timeout=20)
                continue
            soup = BeautifulSoup(page.text, "html.parser")
            address, fields, what = self.form(page, soup)
            if what is None or (what == "password" and gave_password):
                words = " ".join(soup.get_text(" ", strip=True).split())
                raise Refused(f"{page.status_code} {words[:300]}")
            gave_password = gave_password or what == "password"
            page = self.browser.post(
                address, data=fields, headers={"Referer": page.url}, allow_redirects=False, timeout=20
            )
        raise Refused("too many steps")

    @staticmethod
    def form(page, soup):
        for form in soup.find_all("form"):
            fields = {
                field.get("name"): field.get("value", "")
                for field in form.find_all(["input", "button"])
                if field.get("name")
            }
            for name, value in (("password", PASSWORD), ("login", NAME), ("answer", "accept")):
                if name in fields:
                    fields[name] = value
                    return urljoin(page.url, form.get("action") or page.url), fields, name
        return None, None, None

    def session(self):
        """The status of the person's own profile page with the cookies of the last logon."""
        page = self.browser.get(f"{PROVIDER}/profile/{NAME}", allow_redirects=False, timeout=20)
        return page.status_code

    def refresh(self):
        answer = self.post(
            "/oauth/token",
            {"grant_type": "refresh_token", "refresh_token": self.tokens.get("refresh_token", "")},
            auth=(CLIENT, CLIENT_SECRET),
        )
        if answer.status_code == 200:
            self.tokens.update(answer.json())
        return answer.status_code

    def userinfo(self):
        answer = requests.get(
            PROVIDER + "/oauth/userinfo",
            headers={"Authorization": "Bearer " + self.tokens.get("access_token", "")},
            verify=AUTHORITY,
            timeout=20,
        )
        return answer.status_code


ORDERS = ("login", "session", "refresh", "userinfo")
person = Person()
for line in sys.stdin:
    order = line.strip()
    try:
        if order not in ORDERS:
            raise Refused("no such order")
        answer = {"answer": getattr(person, order)()}
    except (Refused, requests.RequestException) as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer), flush=True)
