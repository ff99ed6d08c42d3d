"""A receiver of Security Event Tokens (RFC 8417) by push (RFC 8935), which acts on CAEP and RISC events.

It is written without a look at what sends: tokens are verified by PyJWT with the key set it was given. Arguments: port, file of the key
set, issuer, audience, bearer token, file that keeps what it knows, and certificate and key if it is to speak TLS.

    POST /events    a token
    POST /logon     a user logs on: {"account": …}; 200 or 403
    GET  /state     every account: may it log on, how many sessions has it

The file holds the same accounts, and every token that was taken, in order.
"""

import json
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import jwt

PORT, KEYS, ISSUER, AUDIENCE, BEARER, KEPT = sys.argv[1:7]
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"

with open(KEYS) as file:
    keys = jwt.PyJWKSet.from_dict(json.load(file))
one_at_a_time = Lock()


class Refused(Exception):
    def __init__(self, err, description, status=400):
        self.err, self.description, self.status = err, description, status


def load():
    if os.path.exists(KEPT):
        with open(KEPT) as file:
            return json.load(file)
    return {"accounts": {}, "received": [], "seen": []}


def save(known):
    with open(KEPT + ".new", "w") as file:
        json.dump(known, file)
    os.replace(KEPT + ".new", KEPT)


def account(known, name):
    return known["accounts"].setdefault(name, {"may_log_on": True, "sessions": 0})


def verified(token):
    """The claims of a token, as RFC 8417 section 2.2 and Shared Signals 1.0 want them."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise Refused("invalid_request", str(error))
    if header.get("typ") != "secevent+jwt":
        raise Refused("invalid_request", "not typed as a security event token")
    if header.get("kid") not in {key.key_id for key in keys.keys}:
        raise Refused("invalid_key", "no such key")
    key = keys[header["kid"]]
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["iss", "aud", "iat", "jti"]},
        )
    except jwt.InvalidIssuerError as error:
        raise Refused("invalid_issuer", str(error))
    except jwt.InvalidAudienceError as error:
        raise Refused("invalid_audience", str(error))
    except jwt.InvalidSignatureError as error:
        raise Refused("invalid_key", str(error))
    except jwt.InvalidTokenError as error:
        raise Refused("invalid_request", str(error))
    if "exp" in claims or "sub" in claims:
        raise Refused("invalid_request", "exp and sub have no place here")
    if not isinstance(claims.get("events"), dict) or len(claims["events"]) != 1:
        raise Refused("invalid_request", "not one event")
    return claims


def named(subject):
    match subject:
        case {"format": "iss_sub", "iss": "https://id.example", "sub": str(name)}:
            return name
        case {"format": "email", "email": str(name)}:
            return name
        case {"format": "opaque", "id": str(name)}:
            return name
    raise Refused("invalid_request", "no subject that is known here")


def act(known, claims):
    ((kind, says),) = claims["events"].items()
    if kind == SSF + "verification":
        return
    who = account(known, named(claims.get("sub_id")))
    if not isinstance(says.get("event_timestamp"), int):
        raise Refused("invalid_request", "no time")
    if kind == CAEP + "session-revoked":
        who["sessions"] = 0
    elif kind == CAEP + "credential-change":
        if says.get("change_type") not in ("create", "revoke", "update", "delete") or "credential_type" not in says:
            raise Refused("invalid_request", "no change of a credential")
        who["may_log_on"] = says["change_type"] in ("create", "update")
    elif kind in (RISC + "account-disabled", RISC + "account-enabled"):
        who["may_log_on"] = kind.endswith("enabled")
    else:
        raise Refused("invalid_request", "no event that is known here")


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value, sort_keys=True).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()

    def events(self, known):
        if self.headers.get("Authorization") != f"Bearer {BEARER}":
            raise Refused("authentication_failed", "not the bearer token", 401)
        if self.headers.get("Content-Type") != "application/secevent+jwt":
            raise Refused("invalid_request", "not a security event token")
        claims = verified(self.body())
        if claims["jti"] not in known["seen"]:
            act(known, claims)
            known["seen"].append(claims["jti"])
            known["received"].append(claims)

    def do_POST(self):
        with one_at_a_time:
            known = load()
            status, says = 200, None
            try:
                if self.path == "/events":
                    self.events(known)
                    status = 202
                else:
                    who = account(known, json.loads(self.body())["account"])
                    if not who["may_log_on"]:
                        raise Refused("access_denied", "may not log on", 403)
                    who["sessions"] += 1
            except Refused as refused:
                status, says = refused.status, {"err": refused.err, "description": refused.description}
            # Kept before it is answered: whoever has the answer can read the file.
            save(known)
            self.answer(status, says)

    def do_GET(self):
        with one_at_a_time:
            known = load()
        self.answer(200, known["accounts"])


server = ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler)
if len(sys.argv) > 8:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[7], sys.argv[8])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
