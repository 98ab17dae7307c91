#!/usr/bin/env bash
# apprise mails a plain text as HTML, so that its lines are joined and a word in angle brackets is gone.
#
# apprise 2.3.0, aiosmtpd 1.4.6
# Guess: notify(body=...) sends a text as it is; a mail is plain text unless HTML is asked for.
# Seen:  a mail has HTML as its format, and a body whose format is not said is taken to be of it. The HTML part holds
#        the text without an escape, and the plain part beside it is made by stripping its "tags": "2 x Tuna <large>"
#        arrives as "2 x Tuna", all lines in one. With body_format=TEXT, or format=text in the address, it arrives whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check apprise==2.3.0 aiosmtpd==1.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import email
import email.policy
import socket

import apprise
from aiosmtpd.controller import Controller

mails = []


class Inbox:
    async def handle_DATA(self, server, session, envelope):
        mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
controller.start()
address = f"mailto://127.0.0.1:{port}?from=a@example.com&to=b@example.com&mode=insecure"
body = "2 x Tuna <large>\n1 x Rice"
ways = {
    "no format said": (address, {}),
    "body_format=TEXT": (address, {"body_format": apprise.NotifyFormat.TEXT}),
    "format=text": (address + "&format=text", {}),
}
seen = {}
for name, (url, options) in ways.items():
    notifier = apprise.Apprise()
    notifier.add(url)
    notifier.notify(body=body, title="Order", **options)
    plain = mails[-1].get_body(("plain",)).get_content().strip().splitlines()
    seen[name] = [line.strip() for line in plain], mails[-1].get_content_type()
    print(f"{name}:", *seen[name])
controller.stop()
if seen != {
    "no format said": (["2 x Tuna  1 x Rice"], "multipart/alternative"),
    "body_format=TEXT": (["2 x Tuna <large>", "1 x Rice"], "text/plain"),
    "format=text": (["2 x Tuna <large>", "1 x Rice"], "text/plain"),
}:
    raise SystemExit("this has changed")
PYTHON
