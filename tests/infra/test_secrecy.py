"""Secrets: in app settings, however those are put together, in outputs and in texts."""

import pytest

from tests.infra.conftest import Check

RULES = ["plain-secret", "told-secret", "app-settings"]
LISTED = (
    "resource s 'Microsoft.Web/sites@2030-01-01' = {\n  name: 's'\n"
    "  properties: { siteConfig: { appSettings: GIVEN } }\n}\n"
)
MAPPED = "resource s 'Microsoft.Web/sites/config@2030-01-01' = {\n  name: 's/appsettings'\n  properties: GIVEN\n}\n"
HEAD = "@secure()\n@description('H.')\nparam hush string\n@description('M.')\nparam more object = {}\nvar plain = 'x'\n"


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("ROLLCALL_STORAGE: plain", False),
        ("ROLLCALL_SECRET: plain", True),
        ("API_KEY: plain", True),
        ("ApiKey: 'abc'", True),
        ("DATABASE_PASSWORD: plain", True),
        ("SAS: plain", True),
        ("ROLLCALL_SIGNING_KEYS: 'https://v.example.net/secrets/keys'", False),
        ("ROLLCALL_SIGNING_KEYS: ''", False),
        ("API_KEY: '@Microsoft.KeyVault(SecretUri=${plain})'", False),
        ("API_KEY: empty(plain) ? '' : plain", True),
        ("AzureWebJobsStorage__credential: 'managedidentity'", False),
        ("AzureWebJobsStorage__clientId: plain", False),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING: c.properties.ConnectionString", False),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=1'", True),
        ("ANYTHING: hush", True),
        ("ANYTHING: '${plain}${hush}'", True),
        ("ANYTHING: 'DefaultEndpointsProtocol=https;AccountKey=${plain}'", True),
        ("'API_${plain}_KEY': plain", True),
    ],
)
def test_settings(check: Check, setting: str, found: bool) -> None:
    component = "resource c 'Microsoft.Insights/components@2030-01-01' existing = { name: 'c' }\n"
    text = HEAD + MAPPED.replace("GIVEN", f"{{ {setting} }}") + component
    assert check(text, rules=RULES) == ([("plain-secret", 9)] if found else [])


@pytest.mark.parametrize(
    "given",
    [
        "union({ A: 'a' }, { KEY: 'k' })",
        "union({ A: 'a' }, empty(plain) ? {} : { KEY: 'k' }, more)",
        "shallowMerge([{ A: 'a' }, { KEY: 'k' }])",
    ],
)
def test_settings_in_objects_however_put_together(check: Check, given: str) -> None:
    assert check(HEAD + MAPPED.replace("GIVEN", given), rules=RULES) == [("plain-secret", 9)]
    harmless = given.replace("KEY", "CITY")
    assert check(HEAD + MAPPED.replace("GIVEN", harmless), rules=RULES) == []


@pytest.mark.parametrize(
    "given",
    [
        "[{ name: 'KEY', value: 'k' }]",
        "concat([{ name: 'A', value: 'a' }], [{ name: 'KEY', value: 'k' }])",
        "concat([], empty(plain) ? [] : [{ name: 'KEY', value: 'k' }])",
        "[for one in items({ KEY: 'k' }): { name: one.key, value: one.value }]",
        "map(items({ KEY: 'k' }), one => { name: one.key, value: one.value })",
    ],
)
def test_settings_in_lists_however_put_together(check: Check, given: str) -> None:
    assert check(HEAD + LISTED.replace("GIVEN", given), rules=RULES) == [("plain-secret", 9)]
    harmless = given.replace("KEY", "CITY")
    assert check(HEAD + LISTED.replace("GIVEN", harmless), rules=RULES) == []


@pytest.mark.parametrize("given", ["json(plain)", "union({}, json(plain))"])
def test_settings_that_cannot_be_followed_are_a_finding(check: Check, given: str) -> None:
    assert check(HEAD + MAPPED.replace("GIVEN", given), rules=RULES) == [("app-settings", 9)]
    assert check(HEAD + LISTED.replace("GIVEN", given), rules=RULES) == [("app-settings", 9)]


def test_settings_are_followed_into_modules_and_back(check: Check) -> None:
    call = "module m 'm.bicep' = {\n  name: 'm'\n  params: {\n    given: { A: 'a', KEY: 'k' }\n  }\n}\n"
    module = "param given object\n" + MAPPED.replace("GIVEN", "union({ B: 'b' }, given)")
    assert check(call, m=module, rules=RULES) == [("plain-secret", 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output o string = hush\n", [("told-secret", 7)]),
        ("@secure()\noutput o string = hush\n", []),
        ("output o bool = empty(plain)\n", []),
        ("output o string = a.listKeys().keys[0].value\n", [("told-secret", 7)]),
        ("var v = listAccountSas('a', '2030-01-01', {})\n", [("told-secret", 7)]),
        ("output o string = a.properties.InstrumentationKey\n", [("told-secret", 7)]),
        ("output o string = a.properties.keys.primaryKey\n", [("told-secret", 7)]),
        ("output o string = a.properties.url\n", []),
        ("var v = 'https://a.example.net/?sv=1&sig=abc'\n", [("plain-secret", 7)]),
        ("var v = 'Endpoint=x;SharedAccessKey=y'\n", [("plain-secret", 7)]),
        ("@secure()\n@description('D.')\nparam d string = 'known'\n", [("plain-secret", 9)]),
        ("@secure()\n@description('D.')\nparam d string = ''\n", []),
    ],
)
def test_outputs_functions_and_texts(check: Check, text: str, expected: list[tuple[str, int]]) -> None:
    resource = "resource a 'Microsoft.Insights/components@2030-01-01' existing = { name: 'a' }\n"
    assert check(HEAD + text + resource, rules=RULES) == expected


def test_an_output_is_followed_into_the_module_it_comes_from(check: Check) -> None:
    call = (
        "@secure()\n@description('H.')\nparam hush string\n"
        "module m 'm.bicep' = {\n  name: 'm'\n  params: { given: hush }\n}\noutput o string = m.outputs.back\n"
    )
    found = check(call, m="param given string\noutput back string = given\n", rules=RULES)
    assert ("told-secret", 8) in found
