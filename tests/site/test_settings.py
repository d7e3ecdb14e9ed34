"""The settings are loud about what is missing, strict about what is sent, and agree with the models."""

import os
import subprocess
import sys

import pytest
from django.core.management import call_command

DEPLOYED = {
    "DATABASE_URL": "postgresql://portal:secret@db.example:5432/portal",
    "SECRET_KEY": "8jW2fLq0ZsXr5cVb9nMk3pTd7yHg1aQe6uRi4oPw" * 2,
    "ALLOWED_HOSTS": "portal.example.nhs.uk",
    "SITE_URL": "https://portal.example.nhs.uk",
}


def run(code, **environment):
    inherited = {
        name: value for name, value in os.environ.items() if name not in {*DEPLOYED, "DJANGO_ALLOW_ASYNC_UNSAFE"}
    }
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); from django.conf import settings; {code}"],
        env={**inherited, "DJANGO_SETTINGS_MODULE": "justculture.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL"])
def test_a_deployment_does_not_start_without(missing):
    told = run("", **{**DEPLOYED, missing: ""}).stderr
    assert f"Set {missing}: the portal does not start on DATABASE_URL without it." in told


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be at least 50 characters"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the portal's hosts"),
        ({"SITE_URL": "portal"}, "SITE_URL must look like"),
        ({"DATABASE_URL": "sqlite:///db"}, "DATABASE_URL must look like"),
        ({"WEB_WORKERS": "many"}, "WEB_WORKERS must be a whole number"),
        ({"EMAIL_URL": "mail"}, "EMAIL_URL must look like"),
        (
            {"OIDC_ISSUER": "https://a.example"},
            "Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them.",
        ),
        (
            {"OIDC_ISSUER": "http://a.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"},
            "OIDC_ISSUER must begin with https://",
        ),
        ({"OPEN_DATA_LICENCE": "A licence"}, "Set OPEN_DATA_LICENCE and OPEN_DATA_LICENCE_URL together"),
        (
            {"OPEN_DATA_LICENCE": "A licence", "OPEN_DATA_LICENCE_URL": "javascript:1"},
            "OPEN_DATA_LICENCE_URL must be the address of the licence",
        ),
    ],
)
def test_a_wrong_setting_is_said_in_a_sentence(wrong, sentence):
    assert sentence in run("", **{**DEPLOYED, **wrong}).stderr


def test_a_deployment_passes_djangos_own_checks():
    checked = run(
        "from django.core.management import call_command as c; c('check', deploy=True, fail_level='WARNING')",
        **DEPLOYED,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
