"""A real mail server for the tests: aiosmtpd, with TLS and sign-in, that keeps each letter as a JSON file.

    smtp_server.py FOLDER [--certificate PEM --key PEM] [--tls] [--user NAME --secret TEXT --auth password|xoauth2] [--refuse ADDRESS]

Prints its port once it answers. FOLDER/N.json is the Nth letter: sender, receivers, who signed in, header lines, text, and the bytes as
they came.
"""

import argparse
import asyncio
import base64
import email
import email.policy
import json
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

arguments = argparse.ArgumentParser()
arguments.add_argument("folder", type=pathlib.Path)
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--tls", action="store_true")
arguments.add_argument("--user")
arguments.add_argument("--secret")
arguments.add_argument("--auth", default="password")
arguments.add_argument("--refuse")
given = arguments.parse_args()


class Keep:
    def __init__(self):
        self.letters = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == given.refuse:
            return "550 5.1.1 no such mailbox here: " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        self.letters += 1
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "signed_in": bool(session.authenticated),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "headers": [[name, str(value)] for name, value in letter.items()],
            "text": letter.get_content().replace("\r\n", "\n"),
            "raw": envelope.original_content.decode("latin-1"),
        }
        path = given.folder / f"{self.letters}.json"
        path.with_suffix(".part").write_text(json.dumps(kept))
        path.with_suffix(".part").rename(path)
        return "250 OK"

    # The mechanism that Microsoft 365 and Google take. A token that is not right gets a question first, as theirs do.
    async def auth_XOAUTH2(self, server, args):
        wanted = f"user={given.user}\x01auth=Bearer {given.secret}\x01\x01"
        if len(args) == 2 and base64.b64decode(args[1]).decode() == wanted:
            return AuthResult(success=True, auth_data=LoginPassword(given.user.encode(), b""))
        await server.challenge_auth('{"status":"401","schemes":"bearer"}')
        return AuthResult(success=False, handled=False)


def password(server, session, envelope, mechanism, data):
    is_right = data.login.decode() == given.user and data.password.decode() == given.secret
    return AuthResult(success=is_right, handled=False)


async def main():
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
    keep = Keep()
    others = {"password": ["XOAUTH2"], "xoauth2": ["LOGIN", "PLAIN"]}[given.auth]

    def protocol():
        return SMTP(
            keep,
            tls_context=None if given.tls else context,
            require_starttls=bool(context) and not given.tls,
            auth_required=given.user is not None,
            auth_require_tls=not given.tls,
            auth_exclude_mechanism=others,
            authenticator=password,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if given.tls else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
