"""Values that are legal and unkind: the names, addresses and numbers of a made-up company."""

import random

SHARE_WITH_ROLES = 0.3
SHARE_WITH_MANAGER = 0.6
ROLES = ("Admin", "User", "Auditor", "Billing Reader", "Rédacteur")

_GIVEN = (
    "Adele", "Zoë", "José", "Søren", "Łucja", "Anne-Marie", "Đorđe", "Ngọc", "Ólöf", "Maël", "İpek",
    "Jean Luc", "Straße", "Rene\u0301", "美咲", "Александр", "محمد", "שרה", "Ἀριστοτέλης", "D'Arcy",
)  # fmt: skip
_FAMILY = (
    "Vance", "O'Neil", "Müller", "de la Cruz", "Ångström", "Smith-Jones", "van 't Hoff", "Nguyễn",
    "MacDonald", "St. John", "Çelik", "Øvergård", "渡辺", "Иванов", "الخطيب", "Þórsdóttir", "X",
    "Null", "True", "d'Artagnan",
)  # fmt: skip
_LOCAL = (
    "adele.v", "Jo.O'Neil", "ZOE", "mixed.CaseUser", "first_last", "guest#EXT#", "a-b-c", "ops+eu",
    "r&d", "q!x", "tilde~", "caret^", "100%real", "semi.colon", "eq", "and.or.not",
)  # fmt: skip
_DOMAINS = ("contoso.com", "Fabrikam.example", "bücher.example", "sub.domain.contoso.com")
_TITLES = (
    "Engineer", 'Head of "Special" Projects', "R&D / Ops", "Vice-President, EMEA", "技術者",
    "C:\\Users\\Admin", "🧪 Tester", "<b>Bold</b>", "false", "0042", "Sr. Mgr (acting)",
)  # fmt: skip
_DEPARTMENTS = ("Retail", "Forschung & Entwicklung", "Finance; Legal", "人事部", "Sales — North", "null", "IT")
_CITIES = (
    ("Redmond", "WA", "United States", "98052"), ("São Paulo", "SP", "Brasil", "01310-100"),
    ("Zürich", "ZH", "Schweiz", "8001"), ("東京", "関東", "日本", "100-0001"),
    ("Abidjan", "Lagunes", "Côte d'Ivoire", "00225"), ("L'Aquila", "Abruzzo", "Italia", "67100"),
)  # fmt: skip
_LANGUAGES = ("en-US", "de-CH", "ja-JP", "pt-BR", "fr", "el-CY")
_TEAMS = (
    "All Employees", 'The "Blue" Team', "R&D", "Équipe été", "O'Neil's group", "50% club", "a+b=c",
    "路線図", "🚀 Launch", "back\\slash", "Sales [EMEA]", "members", "x eq y and z", "UPPER lower",
)  # fmt: skip
_PREFIXES = ("Dr.", "Ms", "Señor", "Prof. Dr.")
_ZONES = ("Europe/Zurich", "America/Guyana", "Asia/Tokyo")
_LONG = 50
_QUOTED = 9
_SYMBOL = 7


def attributes(rng: random.Random, serial: int, tag: str) -> dict[str, str]:
    """Make one user's attributes under Entra's names; some are absent, as they are in life."""
    given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
    local, domain = f"{rng.choice(_LOCAL)}{serial}{tag}", rng.choice(_DOMAINS)
    made = {
        "userPrincipalName": f"{local}@{domain}",
        "mailNickname": f"{local.split('#', 1)[0]}-{serial}{tag}",
        "mail": f"{rng.choice(('first', 'Some.One', 'tag+scim', "o'mail"))}.{serial}{tag}@{domain}",
        "displayName": display_name(given, family, serial),
        "givenName": given,
        "surname": family,
    }
    optional = _work(rng, serial) | _address(rng, serial) | _extra(rng, serial)
    return made | {name: value for name, value in optional.items() if rng.random() < 0.85}


def name_tag(rng: random.Random) -> str:
    """Make what ends the serial numbers of a directory, so that several can share one target."""
    return "".join(rng.choices("ghjkmnpqrstuvwxyz", k=4))


def display_name(given: str, family: str, serial: int) -> str:
    """Make a display name; quotes, symbols and great length turn up now and then."""
    if serial % _LONG == 0:
        return f"{given} {family} " + "Lánchíd " * 28 + str(serial)
    if serial % _QUOTED == 0:
        return f'{given} "{serial}" {family}'
    if serial % _SYMBOL == 0:
        return f"{given} {family} 🦊👩🏽‍💻"
    return f"{given} {family}"


def group_name(rng: random.Random, serial: int, tag: str) -> str:
    """Make a group's display name that no group has."""
    return f"{rng.choice(_TEAMS)} {serial}{tag}"


def title(rng: random.Random, serial: int) -> str:
    """Make a job title that differs from every earlier one."""
    return f"{rng.choice(_TITLES)} {serial}"


def user_name(rng: random.Random, serial: int, tag: str) -> str:
    """Make a user principal name that nobody has."""
    return f"{rng.choice(_LOCAL)}.renamed{serial}{tag}@{rng.choice(_DOMAINS)}"


def phone(rng: random.Random) -> str:
    """Make a telephone number; no two countries write theirs alike."""
    digits = rng.randrange(1000, 9999)
    return rng.choice(
        (f"+1 (425) 555-{digits} ext. 7", f"+41 44 555 {digits}", f"0{digits}/55 51", f"tel:+81-3-{digits}")
    )


def department(rng: random.Random) -> str:
    """Pick a department."""
    return rng.choice(_DEPARTMENTS)


def _work(rng: random.Random, serial: int) -> dict[str, str]:
    return {
        "jobTitle": title(rng, serial),
        "department": department(rng),
        "employeeId": f"{serial:06}",
        "preferredLanguage": rng.choice(_LANGUAGES),
        "employeeType": rng.choice(("Employee", "Contractor", "Stagiaire")),
        "telephoneNumber": phone(rng),
        "mobile": phone(rng),
        "facsimileTelephoneNumber": phone(rng),
    }


def _address(rng: random.Random, serial: int) -> dict[str, str]:
    city, state, country, postal = rng.choice(_CITIES)
    return {
        "city": city,
        "state": state,
        "country": country,
        "postalCode": postal,
        "streetAddress": f"{serial} Jarret Rue\r\nFloor 3",
        "physicalDeliveryOfficeName": f"18/{serial}",
    }


def _extra(rng: random.Random, serial: int) -> dict[str, str]:
    """Make what only the validator's wide mapping exports."""
    return {
        "middleName": rng.choice(_GIVEN),
        "honorificPrefix": rng.choice(_PREFIXES),
        "honorificSuffix": rng.choice(("III", "PhD", "Jr.")),
        "costCenter": f"CC-{serial % 10}",
        "companyName": rng.choice(("Contoso", "Fabrikam & Söhne")),
        "division": rng.choice(("East", "West", "Süd")),
        "nickName": rng.choice(("Ace", "Zé", "ん")),
        "locale": rng.choice(("NNRDFXPHOXUY", "en-US")),
        "timezone": rng.choice(_ZONES),
        "profileUrl": rng.choice(("MFGMUGTYPBKA", "https://people.contoso.com/?id=1&x=ä")),
    }
