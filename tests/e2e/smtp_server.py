"""A mail server on loopback, Debian's python3-aiosmtpd.

    smtp_server.py CERTIFICATE KEY USER PASSWORD

Takes mail only after STARTTLS and AUTH. Prints its port, then a line of JSON
for every mail: from, to, user, and the message in Base64. A line on standard
input is what the next mail is refused with, such as "450 4.2.0 Greylisted".
"""

import asyncio
import base64
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(line):
    print(line, flush=True)


class Mailbox:
    def __init__(self):
        self.refusals = []

    async def handle_DATA(self, server, session, envelope):
        if self.refusals:
            return self.refusals.pop(0)
        say(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data.login.decode(),
            "isOverTls": session.ssl is not None,
            "message": base64.b64encode(envelope.content).decode(),
        }))
        return "250 2.0.0 Ok: queued"


def asking_for(user, password):
    def authenticate(server, session, envelope, mechanism, data):
        is_right = (data.login, data.password) == (user, password)
        return AuthResult(success=is_right, handled=False, auth_data=data)
    return authenticate


async def serve(certificate, key, user, password):
    loop = asyncio.get_running_loop()
    mailbox = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    authenticator = asking_for(user.encode(), password.encode())

    def protocol():
        return SMTP(mailbox, loop=loop, hostname="mail.example.com",
                    tls_context=context, require_starttls=True,
                    auth_required=True, authenticator=authenticator)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        mailbox.refusals.append(line.strip())
        say(json.dumps({"refusing": line.strip()}))


# It warns of its own use of login_data.
logging.getLogger("mail.log").setLevel(logging.ERROR)
asyncio.run(serve(*sys.argv[1:]))
