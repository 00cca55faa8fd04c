"""moto's server, with a mailbox: what SNS would mail to an e-mail subscriber is appended to a file, a JSON line a mail.

usage: served_aws.py MAILBOX [moto_server's own arguments]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from moto.server import main
from moto.sns.models import Subscription

_publish = Subscription.publish


def _publish_mails_too(self: Any, message: str, message_id: str, *rest: Any, **named: Any) -> None:
    if self.protocol == "email":
        text = json.loads(message)["email"] if named.get("message_structure") == "json" else message
        with _mailbox.open("a") as mailbox:
            mailbox.write(json.dumps({"id": message_id, "to": self.endpoint, "text": text}) + "\n")
    _publish(self, message, message_id, *rest, **named)


if __name__ == "__main__":
    _mailbox = Path(sys.argv[1])
    Subscription.publish = _publish_mails_too
    main(sys.argv[2:])
