"""No secret in a file, in an argument, in a message."""

import pickle
import sys
import types
from pathlib import Path

import pytest

from homalos.config import secrets
from homalos.config.faults import ConfigError
from homalos.config.keys import type_of, walk
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.secrets import Secret, SecretError, looks_secret, secret

VALUE = "hunter2-9f"


@pytest.mark.parametrize(
    "text",
    [
        "password: {v}",
        "app: {{password: {v}}}",
        "ctp:\n  td:\n    - {{userPassword: {v}}}",
        "kernel: {{authCode: {v}}}",
        "logging: {{level: 'https://me:{v}@host/'}}",
        "app: {{登录密码: {v}}}",
    ],
)
def test_a_secret_in_a_file_is_refused_and_not_repeated(folder: Path, text: str) -> None:
    (folder / "system.yaml").write_text(text.format(v=VALUE), encoding="utf-8")
    with pytest.raises(ConfigError, match="HOMALOS_SECRET__") as error:
        load(folder, environ={})
    for shown in (error.value.render("en"), error.value.render("zh"), repr(error.value.faults)):
        assert VALUE not in shown


@pytest.mark.parametrize("name", ["token", "api_key", "PASSWORD", "ctp_auth_code"])
def test_a_secret_among_the_parameters_of_a_strategy_is_refused(folder: Path, name: str) -> None:
    text = f"strategies:\n  - {{id: a, file: a.py, params: {{x: [{{{name}: {VALUE}}}]}}}}\n"
    (folder / "strategies.yaml").write_text(text)
    with pytest.raises(ConfigError, match="a secret does not belong") as error:
        load(folder, environ={})
    assert VALUE not in str(error.value)


def test_a_secret_among_the_variables_and_arguments_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(
            folder,
            overrides=[f"ctp.password={VALUE}"],
            environ={"HOMALOS__GATEWAY__AUTH_CODE": VALUE},
        )
    assert str(error.value).count("a secret does not belong here") == 2
    assert VALUE not in str(error.value)


def test_the_real_place_of_a_secret_is_not_kept_with_the_configuration(folder: Path) -> None:
    loaded = load(folder, environ={"HOMALOS_SECRET__CTP_PASSWORD": VALUE})
    assert VALUE not in repr(loaded)


def test_no_declared_key_looks_like_a_secret() -> None:
    assert [k.key for k in walk(type_of(Config)) if looks_secret(k.key.rpartition(".")[2])] == []


@pytest.mark.parametrize("name", ["tokens_per_s", "author", "passive", "keep_days", "pwm_hz"])
def test_what_only_resembles_a_secret_is_none(name: str) -> None:
    assert not looks_secret(name)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    environ = {"homalos_secret__ctp_password": VALUE}
    found = secret("ctp.password", environ)
    assert found is not None
    assert found.reveal() == VALUE
    assert secret("ctp_auth_code", environ) is None
    assert secret("ctp_password", {"HOMALOS_SECRET__CTP_PASSWORD": ""}) is None


class _Keyring(types.ModuleType):
    """The two names of the ``keyring`` package that we call."""

    def __init__(self, answer: object) -> None:
        super().__init__("keyring")
        self.answer = answer
        self.asked: list[tuple[str, str]] = []
        self.errors = types.ModuleType("keyring.errors")
        self.errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
        self.errors.NoKeyringError = type(  # type: ignore[attr-defined]
            "NoKeyringError", (self.errors.KeyringError,), {}
        )

    def get_password(self, service: str, name: str) -> object:
        self.asked.append((service, name))
        if isinstance(self.answer, str) and self.answer in ("NoKeyringError", "KeyringError"):
            raise getattr(self.errors, self.answer)
        return self.answer


def _install(monkeypatch: pytest.MonkeyPatch, answer: object) -> _Keyring:
    keyring = _Keyring(answer)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring.errors)
    return keyring


def test_a_secret_comes_from_the_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = _install(monkeypatch, VALUE)
    found = secret("ctp_password", {})
    assert found is not None
    assert found.reveal() == VALUE
    assert keyring.asked == [(secrets.SERVICE, "ctp_password")]
    from_environment = secret("ctp_password", {"HOMALOS_SECRET__CTP_PASSWORD": "first"})
    assert from_environment is not None
    assert from_environment.reveal() == "first"


def test_no_key_store_is_no_secret_and_a_locked_one_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _install(monkeypatch, "NoKeyringError")
    assert secret("ctp_password", {}) is None
    _install(monkeypatch, "KeyringError")
    with pytest.raises(SecretError, match="ctp_password"):
        secret("ctp_password", {})


def test_a_secret_does_not_print_itself() -> None:
    value = Secret(VALUE)
    for shown in (repr(value), str(value), f"{value}", f"{value:>20}", str([value])):
        assert VALUE not in shown
    with pytest.raises(TypeError):
        pickle.dumps(value)
    assert value == Secret(VALUE)
    assert value != Secret("other")
