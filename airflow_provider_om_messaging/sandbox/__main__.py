"""``python -m airflow_provider_om_messaging.sandbox``: run the stand-in server until it is stopped."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import fields
from pathlib import Path

from airflow_provider_om_messaging.sandbox import DataError, PortTaken, Sandbox
from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS
from airflow_provider_om_messaging.sandbox.persistence import write_whole
from airflow_provider_om_messaging.sandbox.switches import Switches, add_arguments

_GREETING = """\
OpenMetadata sandbox, version {version} ({edition}), at {url}

Services and their numbers of topics
{services}

Airflow connection, for the shell that Airflow is started from
  export AIRFLOW_CONN_OM_MESSAGING_DEFAULT='{connection}'

Tokens (send as "Authorization: Bearer …")
  admin      {admin_token}
  bot        {bot_token}
  read-only  {read_only_token}
  person     {person_token}

Try it
  curl -H 'Authorization: Bearer {bot_token}' \\
    {url}/api/v1/services/messagingServices/name/sample_kafka{export}

Switches, faults, clock and the journal of requests: {url}/_sandbox
{keeping} Stop with Ctrl-C.
"""


def main(arguments: list[str] | None = None) -> int:
    """
    Run the sandbox.

    :param arguments: the command line's, without the program's name.
    :returns: the exit status: 0 after a signal, 1 if it could not start.
    """
    options = _build_parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        given = vars(options)
        switches = {item.name: given[item.name] for item in fields(Switches) if item.name in given}
        sandbox = Sandbox(
            options.port,
            options.data,
            generation=options.generation,
            edition=options.edition,
            topics=options.topics,
            services=options.services,
            **switches,
        ).start()
    except (PortTaken, DataError, ValueError, OverflowError, ImportError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        if isinstance(error, PortTaken):
            print("sandbox: choose another port with --port, or any free one with --port 0", file=sys.stderr)
        return 1
    try:
        print(_format_greeting(sandbox, options.data), flush=True)
        if options.ready_file:
            write_whole(options.ready_file, json.dumps(_collect_ready_facts(sandbox)))
        while not stopped.wait(0.5):
            continue
    finally:
        sandbox.stop()
    print("Stopped.", flush=True)
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_om_messaging.sandbox",
        description="A stand-in OpenMetadata server to test DAGs against; it listens on this machine only.",
    )
    parser.add_argument(
        "--port", type=int, default=8585, help="where to listen, 0 for any free port (default: 8585)"
    )
    parser.add_argument(
        "--generation",
        choices=GENERATIONS,
        default="2.0",
        help="which generation of servers to be one of (default: %(default)s)",
    )
    parser.add_argument(
        "--edition",
        choices=EDITIONS,
        default="documented",
        help="whether messaging services have the CSV routes that the vendor documents, or, as in the "
        "open-source server, none of them (default: %(default)s)",
    )
    parser.add_argument(
        "--topics", type=int, default=0, metavar="N", help="have a service big_kafka of so many topics"
    )
    parser.add_argument(
        "--services", type=int, default=0, metavar="N", help="have so many further services of few topics"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR|FILE", help="keep the state there, to survive a restart"
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write address, tokens and connection there as JSON once the server listens",
    )
    add_arguments(parser)
    return parser


def _collect_ready_facts(sandbox: Sandbox) -> dict[str, str]:
    return {
        "url": sandbox.url,
        "admin_token": sandbox.admin_token,
        "bot_token": sandbox.bot_token,
        "read_only_token": sandbox.read_only_token,
        "person_token": sandbox.person_token,
        "connection": sandbox.airflow_connection(),
    }


def _format_greeting(sandbox: Sandbox, data: Path | None) -> str:
    services = "\n".join(f"  {count:>4}  {fqn}" for fqn, count in sandbox.services().items())
    keeping = f"The data is kept in {data}." if data else "Nothing is kept; --data DIR would."
    return _GREETING.format(
        version=sandbox.version,
        services=services,
        keeping=keeping,
        edition=sandbox.edition,
        export="/export" if sandbox.edition == "documented" else "",
        **_collect_ready_facts(sandbox),
    )


if __name__ == "__main__":
    sys.exit(main())
