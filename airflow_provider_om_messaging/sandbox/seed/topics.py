"""Topics of the sample services: mostly ordinary ones, and those whose texts break careless CSV code."""

from __future__ import annotations

from dataclasses import dataclass

_SAMPLE_TOPICS = 300


@dataclass(frozen=True)
class TopicSeed:
    """
    One topic.

    :param name: without quotes, also when it has a dot.
    :param owners: ``user:name`` or ``team:name``.
    :param tags: FQNs.
    :param domains: FQNs.
    """

    name: str
    display_name: str | None = None
    description: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    partitions: int = 1


_AWKWARD = (
    TopicSeed(
        "orders",
        "Orders",
        'Every order, from "placed" to "delivered".',
        ("user:alice", "user:bob"),
        ("PII.Sensitive", "Tier.Tier1", "Compliance.GDPR"),
        ("Finance",),
        12,
    ),
    TopicSeed(
        "inventory.v1",
        "Inventory, version 1",
        "Stock levels, per warehouse; corrected nightly.",
        ("team:logistics",),
        ("PII.None", "Tier.Tier2"),
        ("Logistics",),
        6,
    ),
    TopicSeed(
        "inventory.v2", None, "Replaces inventory.v1.\nKeys are SKUs, values are Avro.", ("team:logistics",)
    ),
    TopicSeed(
        "payments_card",
        "Card payments",
        "Settled card payments.\r\n\r\nSee also:\r\n- refunds\r\n- chargebacks, disputed\r\n",
        ("team:payments",),
        ("Compliance.PCI;DSS", "Compliance.SOX", "PII.Sensitive"),
        ("Finance.Payments",),
        24,
    ),
    TopicSeed(
        "注文イベント",
        "注文イベント",
        "注文の作成・更新・取消。「最新」のみ、半角,カンマあり。",
        ("user:hanako",),
        (),
        ("物流",),
    ),
    TopicSeed(
        "أحداث_الشحن",
        "أحداث الشحن",
        "كل أحداث الشحن، بما في ذلك الإرجاع؛ مرتبة زمنياً.",
        ("user:layla",),
        ("Tier.Tier3",),
    ),
    TopicSeed(
        "доставка",
        "Доставка",
        "События доставки: «принят», «в пути», «вручён».",
        ("user:dmitri",),
        ("PII.NonSensitive",),
    ),
    TopicSeed(
        "emoji-reactions",
        "Reactions 🎉👍🏽",
        "Family 👨‍👩‍👧‍👦, flags 🇯🇵, and a zero-width\u200bspace.",
        ("user:mei",),
    ),
    TopicSeed("quotes", '"Quoted"', '"""', ("user:o'brien",), (), ()),
    TopicSeed("commas,and;semicolons", "a,b;c", ";,;,", ("user:alice", "user:carol.jones", "user:jürgen")),
    TopicSeed("formula", "=SUM(A1:A9)", "+1 -1 @here =cmd", (), ('Retention."7.days"',)),
    TopicSeed("blanks", "  padded  ", " \t leading and trailing \n", (), (), ("Customer",)),
    TopicSeed(
        "backslashes",
        "C:\\temp\\",
        "ends with a backslash \\",
        (),
        ("Compliance.HIPAA, US", "Compliance.GDPR"),
    ),
    TopicSeed(
        "markdown", "Markdown", '# Title\n\n| a | b |\n|---|---|\n| 1 | "2" |\n\n```sql\nSELECT 1;\n```'
    ),
    TopicSeed(
        "two_domains", None, "Belongs to two domains.", ("team:growth",), (), ("Marketing", '"Retail.EU"')
    ),
    TopicSeed("decomposed", "Cafe\u0301 and Café", "The same word, composed in two ways."),
    TopicSeed("right-to-left", "mixed עברית and English", 'שלום, "world"'),
    TopicSeed("nothing_known"),
    TopicSeed("__consumer_offsets", None, "Internal.", (), ("Tier.Tier5",), (), 50),
    TopicSeed(("telemetry-" * 13)[:128], "A very long name", "x" * 4000),
)

_AREAS = (
    ("checkout", "Checkout", "payments", "Finance"),
    ("refunds", "Refunds", "payments", "Finance.Payments"),
    ("invoices", "Invoices", "payments", "Finance"),
    ("shipments", "Shipments", "logistics", "Logistics"),
    ("warehouse", "Warehouse", "logistics", "Logistics"),
    ("returns", "Returns", "logistics", '"Retail.EU"'),
    ("customers", "Customers", "growth", "Customer"),
    ("loyalty", "Loyalty programme", "growth", "Customer"),
    ("campaigns", "Campaigns", "growth", "Marketing"),
    ("search", "Shop search", "growth", "Marketing"),
    ("pricing", "Pricing", "data-platform", "Finance"),
    ("suppliers", "Suppliers", "logistics", "Logistics"),
    ("fraud", "Fraud signals", "payments", "Finance.Payments"),
    ("support", "Support cases", "growth", "Customer"),
)
_EVENTS = (
    ("created", "A new one was made"),
    ("updated", "Something about it changed"),
    ("deleted", "It was removed"),
    ("approved", "A person approved it"),
    ("rejected", "A person, or a rule, rejected it"),
    ("expired", "Its time ran out"),
    ("exported", 'Sent to the "partner" systems'),
    ("audit", "Who did what, when; kept for seven years"),
    ("snapshot", "Full state, once a night"),
    ("errors", "Messages nobody could read; see the runbook"),
)
_STYLES = ("{area}_{event}", "{area}.{event}.v1", "{area}-{event}")
_TIERS = ("Tier.Tier1", "Tier.Tier2", "Tier.Tier3", "Tier.Tier4")
_PEOPLE = ("alice", "bob", "carol.jones", "dmitri", "hanako", "layla", "jürgen", "mei")


def get_topics(service: str) -> tuple[TopicSeed, ...]:
    """
    Return the topics of a sample service.

    :param service: its name.
    """
    ordinary = _build_ordinary_topics(_SAMPLE_TOPICS - len(_AWKWARD))
    return {
        "sample_kafka": (*_AWKWARD, *ordinary),
        "edge.kafka": (
            TopicSeed(
                "door.sensors",
                "Door sensors",
                "Opened, closed, forced.",
                ("team:fulfilment.eu",),
                ("Tier.Tier3",),
            ),
            TopicSeed(
                "tills",
                "Tills",
                "Receipts, as printed.",
                ("user:bob",),
                ("PII.NonSensitive",),
                ('"Retail.EU"',),
            ),
            TopicSeed("temperature", None, "Fridges, every minute; °C."),
            TopicSeed("footfall.v1", "Footfall"),
            TopicSeed("heartbeat"),
        ),
        "orders_redpanda": tuple(
            TopicSeed(f"orders-{event}", f"Orders: {event}", f"{text}.", (), (_TIERS[number % 4],), (), 3)
            for number, (event, text) in enumerate(_EVENTS[:8])
        ),
        "clicks_kinesis": (
            TopicSeed(
                "web-clicks",
                "Web clicks",
                "Page views and clicks, sampled 1:10.",
                ("team:growth",),
                ("PII.None",),
            ),
            TopicSeed("app-clicks", "App clicks", None, ("team:growth",), ("PII.None",), ("Marketing",)),
            TopicSeed(
                "consent", "Consent", "Who agreed to what, and when.", ("user:alice",), ("PII.Sensitive",)
            ),
            TopicSeed("bot-traffic", None, "Filtered out of the others."),
        ),
    }.get(service, ())


def _build_ordinary_topics(count: int) -> tuple[TopicSeed, ...]:
    topics = []
    for number in range(count):
        area, title, team, domain = _AREAS[number % len(_AREAS)]
        round_, event_number = divmod(number // len(_AREAS), len(_EVENTS))
        event, text = _EVENTS[event_number]
        owners: tuple[str, ...] = (f"team:{team}",)
        if number % 3 == 1:
            owners = tuple(
                f"user:{_PEOPLE[(number + step) % len(_PEOPLE)]}" for step in range(1 + number % 2)
            )
        described = f"{title}: {text}."
        topics.append(
            TopicSeed(
                _STYLES[round_].format(area=area, event=event),
                f"{title} {event}" if number % 2 else None,
                described if number % 5 else None,
                owners if number % 7 else (),
                (_TIERS[number % 4],) if number % 3 else (),
                (domain,) if number % 4 else (),
                1 + number % 12,
            )
        )
    return tuple(topics)
