"""Alarms: what an operator must hear of a crawl that nobody watches, sent to ALARMS_TO."""

import logging

logger = logging.getLogger(__name__)


def send(addresses: str | None, title: str, text: str) -> bool:
    """Send to addresses as Apprise writes them (mailto://, slack://, tgram://, json://…).

    They are separated by blanks. Never raises: what could not be sent is logged, without the
    passwords that such addresses hold, and makes the answer False.
    """
    if not addresses:
        return True
    # A quarter of a second and 20 MB, for which a crawl that goes well has no use.
    from apprise import Apprise

    sent = True
    for number, address in enumerate(addresses.split(), 1):
        target = Apprise()
        if not target.add(address):
            logger.error("ALARMS_TO: address %d is of no kind that Apprise knows", number)
            sent = False
            continue
        try:
            arrived = bool(target.notify(title=title, body=text))
        except Exception as error:  # noqa: BLE001 - of one of a hundred services' own code
            logger.error("Alarm not sent: %s", type(error).__name__)
            arrived = False
        if not arrived:
            logger.error("Alarm not sent to address %d of ALARMS_TO", number)
            sent = False
    return sent
