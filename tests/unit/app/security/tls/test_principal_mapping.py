"""Rules from distinguished names to names of users, in Kafka's notation."""

import pytest

from app.security.tls.principal_mapping import BadRule, NoMatchingRule, PrincipalMapping

SEVERAL = (
    "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L, "
    "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, "
    r"RULE:^cn=(.*?),ou=(.*?),dc=(.*?),dc=(.*?)$/$1@$2/U, "
    "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U, "
    "DEFAULT"
)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("CN=Duke,OU=ServiceUsers,O=Org,C=US", "duke"),
        ("CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"),
        ("cn=duke,ou=sme,dc=mycp,dc=com", "DUKE@SME"),
        ("OU=JavaSoft,CN=Duke,O=Sun", "DUKE"),
        ("OU=JavaSoft,O=Sun", "OU=JavaSoft,O=Sun"),
    ],
)
def test_the_first_rule_that_fits_decides(name: str, user: str) -> None:
    assert PrincipalMapping(SEVERAL).name(name) == user


@pytest.mark.parametrize(
    ("rule", "name", "user"),
    [
        ("DEFAULT", "CN=Duke", "CN=Duke"),
        (" DEFAULT ", "CN=Duke", "CN=Duke"),
        ("RULE:^CN=(.*),OU=x$/$1/", "CN=A/b,OU=x", "A/b"),
        (r"RULE:^CN=(.*)\/b$/$1\/c/", "CN=A/b", "A/c"),
        (r"RULE:^CN=(.*)\,OU=x$/$1/", "CN=A,OU=x", "A"),
        ("RULE:^CN=(.*)$/svc-$1,all/", "CN=a", "svc-a,all"),
        ("RULE:^CN=(.)(.)$/$2$1$3$10/", "CN=ab", "ba$3a0"),
        (r"RULE:^CN=(.*)$/\$1 $/", "CN=a", "$1 $"),
        ("RULE:^CN=(a)?(b)$/$1$2/", "CN=b", "b"),
        ("RULE:CN=.*/one/", "CN=a", "one"),
        ("RULE:^CN=x$//,RULE:^CN=(.*)$/$1/", "CN=y", "y"),
    ],
)
def test_a_rule_replaces_what_its_pattern_finds(rule: str, name: str, user: str) -> None:
    assert PrincipalMapping(rule).name(name) == user


@pytest.mark.parametrize(
    "rules", ["RULE:^CN=(.*)$/$1/", "RULE:CN=Duke/x/", "RULE:^OU=.*$/x/,RULE:^O=.*$/y/U"]
)
def test_a_pattern_has_to_fit_the_whole_of_a_name(rules: str) -> None:
    with pytest.raises(NoMatchingRule) as caught:
        PrincipalMapping(rules).name("XCN=Duke,OU=a\n")

    assert "Duke" not in str(caught.value)


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "  ",
        "default",
        "DEFAUL",
        "DEFAULT/L",
        "RULE:",
        "RULE:CN=(.*)",
        "RULE:CN=(.*)/$1",
        "RULE:CN=(.*)/$1/X",
        "RULE:CN=(.*)/$1/L/",
        "RULE:CN=(.*/$1/",
        "RULE:CN=(.*)/$1/ DEFAULT",
        "DEFAULT;DEFAULT",
    ],
)
def test_what_is_no_rule_is_refused(rules: str) -> None:
    with pytest.raises(BadRule):
        PrincipalMapping(rules)
