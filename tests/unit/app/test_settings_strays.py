"""Variables that are named as settings are, and are none."""

import re
from dataclasses import fields
from pathlib import Path

from app.settings import Settings
from app.settings_strays import stray_variables

NAMES = [field.name for field in fields(Settings)]


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_it_may_mean() -> None:
    strays = stray_variables(
        NAMES,
        {"CAUCE_TLS_CERTS": "secret", "CAUCE_COLOUR": "secret", "CAUCE_HOST": "h", "OTHER": "x"},
    )

    assert strays == (
        "the variable CAUCE_COLOUR is no setting and has no effect",
        "the variable CAUCE_TLS_CERTS is no setting and has no effect; is CAUCE_TLS_CERT meant?",
    )


def test_variables_of_the_command_of_clients_and_of_kubernetes_are_known() -> None:
    sources = Path(__file__).parents[3] / "cauce"
    read = {
        name
        for source in sources.rglob("*.py")
        for name in re.findall(r"CAUCE_[A-Z_]+[A-Z]", source.read_text())
    }
    kubernetes = {"CAUCE_PORT", "CAUCE_SERVICE_HOST", "CAUCE_PORT_8082_TCP_ADDR"}

    assert "CAUCE_API_KEY_FILE" in read
    assert (
        stray_variables(NAMES, dict.fromkeys(read | kubernetes | {"CAUCE_CONFIG_FILE"}, "x")) == ()
    )
