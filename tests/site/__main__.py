"""``python -m tests.site --layout post --articles 60 --port 8000``: serves until it is stopped."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from tests.site.layouts import LAYOUTS
from tests.site.replica import Site
from tests.site.seed import find_seed_article
from tests.site.server import serve


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.site", description=__doc__)
    parser.add_argument("--layout", choices=LAYOUTS, default="post")
    parser.add_argument("--articles", type=int, default=60)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free one")
    parser.add_argument("--weight", type=int, default=15_000, help="bytes of a page, roughly")
    parser.add_argument("--crawl-delay", type=float, help="seconds that robots.txt asks for")
    parser.add_argument(
        "--article",
        type=Path,
        default=find_seed_article(),
        help="a text file served as one more article (default: SEED_ARTICLE, or the usual place)",
    )
    return parser.parse_args()


def main() -> int:
    options = arguments()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        site = Site(
            options.layout, options.articles, options.article, options.weight, options.crawl_delay
        )
        with serve(site, options.host, options.port) as server:
            print(server.url, flush=True)
            stop.wait()
    except (OSError, ValueError) as error:
        print(f"The site cannot be served: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
